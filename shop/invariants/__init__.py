"""What must hold in this shop, checked in its tables. See docs/invariants.md.

Each app declares a module on its AppConfig (`audit = "apps.orders.audit"`): the checks of its own
tables, and facts as plain data. What holds between contexts is compared here, by those facts alone.
"""

from shop.invariants.checking import Report, check, violations
from shop.invariants.violation import Violation

__all__ = ["Report", "Violation", "check", "violations"]
