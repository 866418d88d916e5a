"""Two people to try the shop with."""

from dataclasses import dataclass

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


@transaction.atomic
def load() -> list[SignIn]:
    """Make sure that a superuser and a shopper exist. Never changes an account that does."""
    for person in PEOPLE:
        if not queries.is_taken(email=person.email):
            _add(person)
    return PEOPLE


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
