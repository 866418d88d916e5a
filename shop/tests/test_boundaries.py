"""No app reaches into another, by whatever way; and the checkers are shown to see it."""

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db.migrations.loader import MigrationLoader

from shop.tests import boundaries
from shop.tests.boundaries import CONTEXTS, OURS
from shop.tests.processes import ROOT

each_app = pytest.mark.parametrize("app", sorted(CONTEXTS))


def imports_linted(root: Path) -> subprocess.CompletedProcess[str]:
    """import-linter over the code in `root`, by the contracts in its pyproject.toml."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )


def copy_of_the_code(folder: Path) -> Path:
    for package in ("apps", "eventbus", "shop"):
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


# The code as it is ------------------------------------------------------------------------------
def test_imports_keep_their_contracts() -> None:
    linted = imports_linted(ROOT)

    assert linted.returncode == 0, linted.stdout


def test_no_relation_leaves_its_app() -> None:
    assert boundaries.relations_abroad(apps.get_models(include_auto_created=True)) == []


def test_no_migration_waits_for_another_app() -> None:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    declared = {key: migration.dependencies for key, migration in loader.disk_migrations.items()}

    assert {app for app, _ in declared} & OURS, "no migrations of ours were found"
    assert boundaries.migrations_abroad(declared) == []


@each_app
def test_no_source_names_what_is_another_apps(app: str) -> None:
    found = {
        str(path.relative_to(ROOT)): findings
        for path in boundaries.sources(ROOT / "apps" / app)
        if (findings := boundaries.strings_abroad(app, path.read_text()))
    }

    assert found == {}


@each_app
def test_no_template_takes_what_is_another_apps(app: str) -> None:
    found = {
        str(path.relative_to(ROOT)): findings
        for path in boundaries.templates(ROOT / "apps" / app)
        if (findings := boundaries.tags_abroad(app, path.read_text()))
    }

    assert found == {}


@each_app
def test_templates_stay_in_a_folder_of_their_apps_name(app: str) -> None:
    """Or one app's template would be found under another's name."""
    folder = ROOT / "apps" / app
    inside = {path.relative_to(folder).parts[1] for path in boundaries.templates(folder)}

    assert inside <= {app, "admin"}


# The checkers, on planted violations ------------------------------------------------------------
PLANTED = {
    "apps/orders/planted.py": "import shop.settings\nimport apps.cart.events",
    "apps/cart/planted.py": "def lazily():\n    import apps.payments.events",
    "apps/inventory/planted.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n"
    "    from apps.notifications.events import NotificationSent",
    "apps/users/events.py": "import apps.users.models",
    "eventbus/planted.py": "import apps.orders.events\nimport shop.settings",
    "shop/planted.py": "import apps.users.models",
}
SEEN = [
    "apps.orders.planted -> shop.settings",
    "apps.orders.planted -> apps.cart.events",
    "apps.cart.planted -> apps.payments.events",
    "apps.inventory.planted -> apps.notifications.events",
    "apps.users.events -> apps.users.models",
    "eventbus.planted -> apps.orders.events",
    "eventbus.planted -> shop.settings",
    "shop.planted -> apps.users.models",
]


def test_planted_imports_are_seen(tmp_path: Path) -> None:
    root = copy_of_the_code(tmp_path)
    for module, lines in PLANTED.items():
        with (root / module).open("a") as source:
            source.write(f"\n{lines}\n")

    linted = imports_linted(root)

    assert linted.returncode == 1
    assert [line for line in SEEN if line not in linted.stdout] == [], linted.stdout
    assert "Contracts: 0 kept" in linted.stdout


def planted_model(app: str, target: str) -> SimpleNamespace:
    related = SimpleNamespace(_meta=SimpleNamespace(app_label=target, label=f"{target}.Thing"))
    meta = SimpleNamespace(app_label=app, label=f"{app}.Planted")
    model = SimpleNamespace(_meta=meta)
    field = SimpleNamespace(
        name="thing", model=model, is_relation=True, auto_created=False, related_model=related
    )
    meta.get_fields = lambda include_hidden: [field]
    return model


@pytest.mark.parametrize(
    ("app", "target", "findings"),
    [
        ("orders", "orders", []),
        ("orders", "cart", ["orders.Planted.thing points at cart.Thing"]),
        ("orders", "users", ["orders.Planted.thing points at users.Thing"]),
        ("orders", "auth", ["orders.Planted.thing points at auth.Thing"]),
        ("users", "auth", []),
        ("eventbus", "orders", ["eventbus.Planted.thing points at orders.Thing"]),
        ("admin", "users", []),  # Django's log of the admin is not ours to judge
    ],
)
def test_a_planted_relation_is_seen(app: str, target: str, findings: list[str]) -> None:
    assert boundaries.relations_abroad([planted_model(app, target)]) == findings


@pytest.mark.parametrize(
    ("app", "parent", "findings"),
    [
        ("orders", ("orders", "0001_initial"), []),
        ("orders", ("contenttypes", "0001_initial"), []),
        ("orders", ("cart", "0001_initial"), ["orders.0002 depends on cart.0001_initial"]),
        ("orders", ("eventbus", "0001"), ["orders.0002 depends on eventbus.0001"]),
        ("orders", ("__setting__", "USER"), ["orders.0002 depends on __setting__.USER"]),
    ],
)
def test_a_planted_migration_is_seen(
    app: str, parent: tuple[str, str], findings: list[str]
) -> None:
    assert boundaries.migrations_abroad({(app, "0002"): [parent]}) == findings


@pytest.mark.parametrize(
    "line",
    [
        'apps.get_model("cart", "Cart")',
        'apps.get_model("cart.Cart")',
        "apps.get_model(label)",
        'import_module("apps.cart.models")',
        'importlib.import_module("apps." + name)',
        'import_string(f"apps.{name}.operations.f")',
        '__import__("apps.cart")',
        'reverse("cart:detail")',
        'reverse("cart-api:lines")',
        'nav = [{"label": "Cart", "url": "cart:detail", "order": 1}]',
        'render(request, "cart/detail.html")',
        'template_name = "cart/detail.html#lines"',
        'cursor.execute("SELECT * FROM cart_cart")',
        'cursor.execute("select 1 from a join inventory_stock s on true")',
        "get_user_model()",
        "ForeignKey(settings.AUTH_USER_MODEL)",
        "from django.contrib.auth.models import User",
    ],
)
def test_a_planted_string_is_seen(line: str) -> None:
    findings = boundaries.strings_abroad("orders", line)

    assert len(findings) == 1, findings
    assert findings[0].startswith("line 1: ")


@pytest.mark.parametrize(
    "line",
    [
        'apps.get_model("orders", "Order")',
        'import_string("apps.orders.gateway.Gateway")',
        'import_module("decimal")',
        "import_string(settings.GATEWAY)",
        'reverse("orders:detail", args=[order.pk])',
        'reverse("admin:index")',
        'render(request, "orders/detail.html#timeline")',
        'cursor.execute("SELECT * FROM orders_order")',
        '@subscribe("inventory.reserved")\ndef f(): ...',
        'owner = f"cart:{digest}"',
        '"An order is made from cart: see inventory_stock."',
    ],
)
def test_an_apps_own_affairs_are_no_violation(line: str) -> None:
    assert boundaries.strings_abroad("orders", line) == []


def test_people_are_the_affair_of_users() -> None:
    assert boundaries.strings_abroad("users", "get_user_model()") == []


@pytest.mark.parametrize(
    ("template", "findings"),
    [
        ('{% extends "base.html" %}', []),
        ('{% extends "orders/base.html" %}{% include "orders/_line.html" %}', []),
        ('{% extends "cart/base.html" %}', ["extends cart/base.html"]),
        ("{% include 'cart/_line.html' %}", ["include cart/_line.html"]),
        ('{% include "base.html" %}', ["include base.html"]),
        ('{% extends "admin/base_site.html" %}{% static "admin/css/forms.css" %}', []),
        ("{% static 'shop/shop.css' %}", ["static shop/shop.css"]),
        ("{% url 'orders:detail' order.pk %}{% url 'admin:index' %}", []),
        ("{% url 'orders-api:detail' order.pk %}", []),
        ("{% url 'cart:detail' %}", ["url cart:"]),
        ("{% url 'cart-api:lines' %}", ["url cart-api:"]),
    ],
)
def test_a_planted_tag_is_seen(template: str, findings: list[str]) -> None:
    assert boundaries.tags_abroad("orders", template) == findings
