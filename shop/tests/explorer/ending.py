"""What must hold: in every state, and when all has come to rest."""

from collections.abc import Iterator

from shop.invariants import violations
from shop.tests.explorer.facts import Facts, Reader
from shop.tests.explorer.places import Place, Places
from shop.tests.explorer.reading import Reading
from shop.tests.explorer.steps import Step, Steps
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
MINUTES = (0, 1, 6, 30, 60, 24 * 60)  # until nothing that matters is due, and the sweep has come


class Promises:
    """Says what is broken; asks the world only where it cannot know from another state."""

    def __init__(self, places: Places, steps: Steps, reading: Reading, reader: Reader) -> None:
        self.places, self.steps, self.reading = places, steps, reading
        self.values, self.cells = reader.known.values, reader.cells
        self._looked_at = {
            what: tuple(reader.cells.of_statement(sql, "")) for what, sql in ALWAYS.items()
        }
        self._now: dict[tuple[str, Facts], list[str]] = {}
        self._ended: dict[tuple[bool, tuple[int, ...]], list[str]] = {}

    def broken_now(self, place: Place) -> list[str]:
        return [each for what in ALWAYS for each in self._ask(what, place)]

    def _ask(self, what: str, place: Place) -> list[str]:
        seen = what, self.reading.parts(place.facts, self._looked_at[what])
        if seen not in self._now:
            self.places.go(place)
            rows = self.places.world.rows(ALWAYS[what])
            self._now[seen] = [f"{what}: {rows[0]}"] if rows else []
        return self._now[seen]

    def broken_in_the_end(self, place: Place, *, killed: bool) -> list[str]:
        """Time goes by until nothing that matters is due, and one worker does all there is to do.

        Of a mail whose sender was killed nobody knows whether it left: staff have it sent again.
        """
        for minutes in MINUTES:
            place = self._settled(self._after(place, Step(f"wait {minutes}")))
            while killed and (held := self._held_mail(place)):
                place = self._settled(self._after(place, Step(held)))
        seen = killed, self.reading(place.facts)
        if seen not in self._ended:
            self.places.go(place)
            world = self.places.world
            self._ended[seen] = [*map(str, violations(killed=killed)), *lost_carts(world)]
        return self._ended[seen]

    def _settled(self, place: Place) -> Place:
        while steps := self.steps.bus(place.facts) or self.steps.last(place.facts):
            place = self._after(place, steps[0])
        return place

    def _after(self, place: Place, step: Step) -> Place:
        return self.places.after(place, step)[1][-1]

    def _held_mail(self, place: Place) -> str:
        columns = self.cells.columns["notifications_notification"]
        at, pk = columns.index("state"), columns.index("id")
        rows = self.values[place.facts[self.cells.tables["notifications_notification"]]]
        return next((f"resend {row[pk]}" for row in rows if row[at] == "held"), "")


def lost_carts(world: World) -> Iterator[str]:
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
    yield from (f"the cart of {owner} is empty" for (owner,) in put_back if owner not in kept)
