"""What users asks of its own tables."""

from apps.users.models import User, normal


def is_taken(*, email: str) -> bool:
    """Whether somebody signed up with the address, in any case."""
    return User.objects.filter(email=normal(email)).exists()
