"""An app's tests see that app at work and no other, as if it were deployed alone.

All the apps together are the affair of shop/tests.
"""

from pathlib import Path

import pytest

from eventbus.registry import subscribers

APPS = Path(__file__).resolve().parent


@pytest.fixture(autouse=True)
def _only_its_own_app_listens(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = request.path.relative_to(APPS).parts[0]
    for name, subscriber in list(subscribers.items()):
        modules = {handler.function.__module__ for handler in subscriber.handlers.values()}
        if not any(module.startswith(f"apps.{app}.") for module in modules):
            monkeypatch.delitem(subscribers, name)
