"""What must hold: in every state, and when all has come to rest."""

from datetime import timedelta

from apps.notifications.models import Notification
from apps.notifications.operations import resend
from eventbus.testing import drain
from shop.invariants import violations
from shop.tests.explorer.world import World

ALWAYS = {  # what no state may have: a query that finds it
    "charged twice": "SELECT reference FROM payments_gatewaycharge WHERE status = 'captured'"
    " GROUP BY reference HAVING count(*) > 1",
    "more refunded than captured": "SELECT r.charge_id FROM payments_gatewayrefund r"
    " JOIN payments_gatewaycharge c ON c.id = r.charge_id WHERE r.status = 'done'"
    " GROUP BY r.charge_id HAVING sum(r.amount) > max(c.amount)",
    "a mail twice": "SELECT subject FROM notifications_mailboxmessage"
    " GROUP BY subject, recipients HAVING count(*) > 1",
    "oversold": "SELECT sku FROM inventory_stockitem WHERE held < 0 OR held > on_hand",
    "two orders of a quote": "SELECT cart_id FROM orders_order WHERE retry_of IS NULL"
    " GROUP BY cart_id, cart_version HAVING count(*) > 1",
    "two live orders of a cart": "SELECT cart_id FROM orders_order"
    " WHERE status NOT IN ('FAILED', 'CANCELLED') GROUP BY cart_id HAVING count(*) > 1",
    "an error": "SELECT subscriber, name, error FROM eventbus_parked WHERE error != ''",
    "refunded twice": "SELECT charge_id FROM payments_gatewayrefund"
    " GROUP BY charge_id HAVING count(*) > 1",
    "sold out though nobody else bought": "SELECT number FROM orders_order"
    " WHERE failure_code = 'out_of_stock'"
    " AND (SELECT count(DISTINCT owner) FROM orders_order) = 1",
    "a charge without a committed key": "SELECT g.key FROM payments_gatewaycharge g"
    " LEFT JOIN payments_payment p ON p.gateway_key = g.key WHERE p.id IS NULL",
}


def broken_now(world: World) -> list[str]:
    return [f"{what}: {rows[0]}" for what, sql in ALWAYS.items() if (rows := world.rows(sql))]


def broken_in_the_end(world: World, *, killed: bool) -> list[str]:
    """Time goes by until nothing that matters is due, and one worker does all there is to do.

    Of a mail whose sender was killed nobody knows whether it left: staff have it sent again.
    """
    for minutes in (0, 1, 6, 30, 60):
        world.clock.ahead += timedelta(minutes=minutes)
        drain()
        if killed:
            _see_to_mails()
    return [*map(str, violations(killed=killed)), *_lost_carts(world)]


def _lost_carts(world: World) -> list[str]:
    """Who has bought nothing has in the cart what they put there."""
    put_back = world.rows(
        "SELECT c.owner FROM cart_cart c JOIN cart_cartorder o ON o.cart_id = c.id GROUP BY c.owner"
        " HAVING sum(o.status IN ('created', 'confirmed')) = 0"
    )
    kept = {
        owner
        for (owner,) in world.rows(
            "SELECT c.owner FROM cart_cart c JOIN cart_cartline l ON l.cart_id = c.id"
            " WHERE c.status = 'open'"
        )
    }
    return [f"the cart of {owner} is empty" for (owner,) in put_back if owner not in kept]


def _see_to_mails() -> None:
    for notification in Notification.objects.filter(state=Notification.State.HELD):
        resend(notification_id=notification.pk, by="user:7")
    drain()
