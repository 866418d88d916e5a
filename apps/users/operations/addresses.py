"""The address book. The user's row is locked first, so that its limits hold at the same moment."""

from dataclasses import asdict, dataclass
from uuid import UUID

from django.db import transaction

from apps.users import queries
from apps.users.models import Address, User

MAX_ADDRESSES = 20  # a user; enough for every aunt, too few to fill the table


class TooManyAddresses(Exception):
    """Your address book is full. Delete an address that you do not need any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is written on a parcel."""

    name: str
    line1: str
    line2: str
    postcode: str
    city: str
    country: str  # ISO 3166-1 alpha-2


@transaction.atomic
def add_address(*, user_id: UUID, place: Place, is_default: bool = False) -> Address:
    """A new address; the first one becomes the default by itself.

    Raises TooManyAddresses; then nothing changed.
    """
    User.objects.select_for_update().get(pk=user_id)
    count = queries.addresses_of(user_id).count()
    if count >= MAX_ADDRESSES:
        raise TooManyAddresses
    is_default = is_default or count == 0
    if is_default:
        _no_default(user_id)
    return Address.objects.create(user_id=user_id, is_default=is_default, **asdict(place))


@transaction.atomic
def change_address(*, user_id: UUID, address_id: UUID, place: Place, is_default: bool) -> bool:
    """Write the address anew; False when the user has no such address.

    With `is_default` no other is the default any more; without, none may be.
    """
    User.objects.select_for_update().get(pk=user_id)
    one = queries.addresses_of(user_id).filter(pk=address_id)
    if is_default and one.exists():
        _no_default(user_id)
    return one.update(is_default=is_default, **asdict(place)) == 1


@transaction.atomic
def make_default(*, user_id: UUID, address_id: UUID) -> bool:
    """Let the address be offered first; False when the user has no such address."""
    User.objects.select_for_update().get(pk=user_id)
    one = queries.addresses_of(user_id).filter(pk=address_id)
    if not one.exists():
        return False
    _no_default(user_id)
    return one.update(is_default=True) == 1


@transaction.atomic
def delete_address(*, user_id: UUID, address_id: UUID) -> bool:
    """Forget the address; False when the user has no such address. Orders keep their copies."""
    deleted, _ = queries.addresses_of(user_id).filter(pk=address_id).delete()
    return deleted == 1


def _no_default(user_id: UUID) -> None:
    Address.objects.filter(user_id=user_id, is_default=True).update(is_default=False)
