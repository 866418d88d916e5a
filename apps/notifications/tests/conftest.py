import pytest


@pytest.fixture(autouse=True)
def _staff(settings):
    """Elsewhere in the tests nobody is told: who counts mails means those to shoppers."""
    settings.STAFF_MAIL = ["staff@example.com"]
