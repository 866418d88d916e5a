"""Links by which people stop mails without signing in."""

from django.core.signing import BadSignature, Signer

SALT = "notifications.unsubscribe.v1"


def stop_token(*, whose: str, kind: str) -> str:
    """For the link in a mail: lets its reader stop mails of that kind to that person. It has no
    end, as the mail may be read at any time, and allows nothing else."""
    return Signer(salt=SALT).sign_object([whose, kind])


def read_stop_token(token: str) -> tuple[str, str] | None:
    """(whose, kind), or None when it is none of ours."""
    try:
        whose, kind = Signer(salt=SALT).unsign_object(token)
    except (BadSignature, ValueError):
        return None
    return whose, kind
