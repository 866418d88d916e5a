"""Which mails people do without."""

from collections.abc import Mapping

from django.db import transaction

from apps.notifications.models import OPTIONAL, OptOut


class NotOptional(ValueError):
    """This kind of mail is always sent: it is about money or the account."""


@transaction.atomic
def choose(*, whose: str, wanted: Mapping[str, bool]) -> None:
    """Send the person mails of these kinds, or no more, those not sent yet neither. The other
    kinds stay as they are.

    Raises NotOptional for a kind that there is no choice about; then nothing changed.
    """
    if not set(wanted) <= set(OPTIONAL):
        raise NotOptional
    for kind in sorted(wanted):
        if wanted[kind]:
            OptOut.objects.filter(whose=whose, kind=kind).delete()
        else:
            OptOut.objects.get_or_create(whose=whose, kind=kind)
