"""Two people to try the shop with, and the customers that it had before."""

import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from apps.users import operations, queries
from apps.users.models import User
from apps.users.operations import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """How to sign in as somebody. For demonstrations only: the password is public."""

    email: str
    password: str
    role: str  # "staff" or "shopper"


# The passwords are no secrets: the demo command prints them.
PEOPLE = [
    SignIn(email="staff@example.com", password="harbour-staff-demo", role="staff"),  # noqa: S106
    SignIn(email="shopper@example.com", password="pine-shopper-demo", role="shopper"),  # noqa: S106
]


FILE = Path(__file__).with_name("customers.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Somebody who buys, as the other contexts know them."""

    id: UUID
    email: str
    name: str
    address: dict[str, Any]  # what orders asks for


@transaction.atomic
def load() -> list[SignIn]:
    """Make sure that a superuser and a shopper exist. Never changes an account that does."""
    for person in PEOPLE:
        if not queries.is_taken(email=person.email):
            _add(person)
    return PEOPLE


@transaction.atomic
def load_customers() -> list[Customer]:
    """Make sure that the customers of `customers.toml` exist, with the demo shopper's password and
    an address each. Never changes an account that does."""
    password = make_password(PEOPLE[1].password)  # once: it takes its time on purpose
    return [_customer(password=password, **row) for row in _rows()]


def emails() -> list[str]:
    """Of the customers of `customers.toml`, be they there or not."""
    return [row["email"] for row in _rows()]


def _rows() -> list[dict[str, str]]:
    return list(tomllib.loads(FILE.read_text())["customers"])


def _customer(*, password: str, email: str, **place: str) -> Customer:
    written = Place(**{"line2": "", **place})
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User(email=email, name=written.name, email_verified_at=timezone.now())
        user.password = password
        operations.add_user(user=user)
        operations.add_address(user_id=user.pk, place=written)
    return Customer(id=user.pk, email=email, name=user.name, address=asdict(written))


def _add(person: SignIn) -> None:
    staff = person.role == "staff"
    user = User(
        email=person.email,
        name=f"Demo {person.role}",
        is_staff=staff,
        is_superuser=staff,
        email_verified_at=timezone.now(),  # nobody has its mailbox
    )
    user.set_password(person.password)
    operations.add_user(user=user)
    if not staff:
        _add_addresses(user)


def _add_addresses(user: User) -> None:
    for line1, postcode, city in (
        ("Am Kai 3", "20457", "Hamburg"),
        ("Tannenweg 8", "78132", "Hornberg"),
    ):
        place = Place(
            name=user.name, line1=line1, line2="", postcode=postcode, city=city, country="DE"
        )
        operations.add_address(user_id=user.pk, place=place)
