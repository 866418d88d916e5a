"""Links by which shoppers leave the waiting list without signing in."""

from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.db.models import QuerySet
from django.urls import reverse

from apps.products.models import WaitingShopper

SALT = "products.waiting.v1"


def leave_url(*, subject: str = "", waiting_id: UUID | None = None) -> str:
    """The path of the link: for a mail, which may be read at any time, off all that its reader
    waits for; for the page that was just used, off that one article."""
    token = Signer(salt=SALT).sign_object([subject, str(waiting_id or "")])
    return reverse("products:leave", args=[token])


def leaving(token: str) -> QuerySet[WaitingShopper] | None:
    """Who leaves by the link; None when it is none of ours."""
    try:
        subject, waiting_id = Signer(salt=SALT).unsign_object(token)
    except (BadSignature, ValueError):
        return None
    if waiting_id:
        return WaitingShopper.objects.filter(pk=waiting_id)
    return WaitingShopper.objects.filter(subject=subject)
