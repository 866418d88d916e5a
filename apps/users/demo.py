"""Two people to try the shop with."""

from dataclasses import dataclass

from django.db import transaction

from apps.users import operations, queries
from apps.users.models import User


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
    user = User(email=person.email, name=f"Demo {person.role}", is_staff=staff, is_superuser=staff)
    user.set_password(person.password)
    operations.add_user(user=user)
