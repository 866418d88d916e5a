"""The eighteen invariants, in words. `check_invariants --list` prints them."""

from dataclasses import dataclass

ALWAYS, AT_REST, BOTH = "always", "at rest", "always and at rest"


@dataclass(frozen=True, slots=True)
class Invariant:
    name: str
    says: str
    when: str  # it holds
    stands_on: str  # constraints of the database; empty: none can say it


INVARIANTS = (
    Invariant(
        "I1",
        "Units on hand are the sum of the ledger; what was sold and restocked is in it, and"
        " nothing else of an order is.",
        ALWAYS,
        "inventory_ledger_once_an_order, _sign_of_kind, _names_the_order, _moves_units; triggers"
        " that refuse to change or delete a row",
    ),
    Invariant(
        "I2",
        "Held units are the sum of the open holds, and 0 <= held <= on hand.",
        ALWAYS,
        "inventory_no_oversell, inventory_holds_something, inventory_one_line_a_sku, unsigned columns",
    ),
    Invariant(
        "I3",
        "No order that stands has lost its hold (always). At rest it has bought exactly its lines,"
        " and every other order has nothing.",
        BOTH,
        "one hold an order (unique), orders_one_line_a_sku, inventory_one_line_a_sku",
    ),
    Invariant(
        "I4",
        "An order that stands has paid its total less what staff gave back; any other has paid"
        " nothing or got it all back, unless a refund failed and staff were told. Payments,"
        " refunds, orders and the gateway's log say the same.",
        AT_REST,
        "payments_amounts_in_order, payments_no_more_back_than_captured, payments_one_refund_by_itself",
    ),
    Invariant(
        "I5",
        "The gateway's own log has at most one capture an order.",
        ALWAYS,
        "one payment an order, one charge a key (unique), payments_key_before_asking",
    ),
    Invariant(
        "I6",
        "Every subscriber's cursors have each shard exactly once; what can happen once to an order"
        " is in the log once (always). At rest no event is before a cursor.",
        BOTH,
        "eventbus_cursor_range, eventbus_cursor_has_shards, one event an event_id,"
        " orders_an_event_once, eventbus_parked_once",
    ),
    Invariant(
        "I7",
        "No mail is in the mailbox more often than it was asked for (always). At rest there is one"
        " mail for each thing that happened to an order, and it is sent.",
        BOTH,
        "notifications_one_an_occasion",
    ),
    Invariant(
        "I8",
        "No order is PENDING ten minutes after its time to pay (always). At rest every order has"
        " ended and no cart waits.",
        BOTH,
        "orders_one_live_order_a_cart",
    ),
    Invariant(
        "I9",
        "The log tells each order's story as its history does; versions of a state never fall;"
        " nothing set aside overtakes an earlier event of its key, or its cursor.",
        ALWAYS,
        "orders_each_status_once, eventbus_parked_once",
    ),
    Invariant(
        "I10",
        "An event's cause is in the log before it; what follows from another event of an order has"
        " one of that order. Each history is a path of the status machine to where the order is.",
        ALWAYS,
        "orders_each_status_once, orders_history_moves",
    ),
    Invariant(
        "I11",
        "Every order that a stored answer told a client of is there.",
        ALWAYS,
        "the answer is committed with the order; orders are never deleted",
    ),
    Invariant(
        "I12",
        "A key has one stored answer, and it names the order it is about.",
        ALWAYS,
        "orders_key_once, orders_a_quote_makes_one_order, one retry an order",
    ),
    Invariant(
        "I13",
        "An order's total is that of its lines, less its discount, with its shipping, never below"
        " 0; its payment is of the same amount and currency.",
        ALWAYS,
        "orders_total_adds_up, orders_amounts_not_negative, orders_parts_within_their_whole,"
        " orders_line_quantity_and_price, orders_refunded_within_the_total",
    ),
    Invariant(
        "I14",
        "No coupon is used and held more often than its limit; those in use are those of the"
        " orders that stand, and count for their cart's owner.",
        AT_REST,
        "cart_coupon_use_one_a_cart",
    ),
    Invariant(
        "I15",
        "There is no dead letter, no scheduled event is overdue, none is both to come and in the"
        " log (always). At rest nothing at all is set aside.",
        BOTH,
        "eventbus_parked_once, eventbus_scheduled_event_id",
    ),
    Invariant(
        "I16",
        "Read models are what their source says: stock and articles in catalogue, cart, orders and"
        " inventory, orders in cart, catalogue and mails.",
        AT_REST,
        "",
    ),
    Invariant(
        "I17",
        "Gauges of `/metrics` are what their tables say.",
        ALWAYS,
        "",
    ),
    Invariant(
        "I18",
        "Nobody waits to be told of an article that can be bought.",
        AT_REST,
        "waiting_once_an_article",
    ),
)
