"""Settings: production refuses what it lacks and has no warning with what it needs."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from shop import environment

KEY = "x7Qm-2vWb9Jc4RtY8nLd6KpHs3FgZa1TeUo5IiXqCwVbNmLk0"
PRODUCTION = {
    "SHOP_ENV": "production",
    "SECRET_KEY": f"secret-{KEY}",
    "QUOTE_KEYS": f"quote-{KEY},older-{KEY}",
    "WEBHOOK_KEYS": f"webhook-{KEY}",
    "JWT_KEY": f"jwt-{KEY}",
    "ALLOWED_HOSTS": "shop.example.com",
    "DATABASE_URL": "postgres://shop:password@127.0.0.1:1/shop",
    "EMAIL_URL": "smtp+tls://shop:password@127.0.0.1:587",
}


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`manage.py` with these variables and no other of the shop's."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_production_has_no_warning() -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert (done.returncode, done.stdout) == (
        0,
        "System check identified no issues (0 silenced).\n",
    ), done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "too-short"),
        ("QUOTE_KEYS", f"quote-{KEY},"),
        ("WEBHOOK_KEYS", ""),
        ("JWT_KEY", ""),
        ("ALLOWED_HOSTS", ""),
        ("DATABASE_URL", "sqlite:////tmp/production.sqlite3"),
        ("EMAIL_URL", ""),
        ("DEBUG", "true"),
    ],
)
def test_production_refuses_to_start_and_names_what_is_missing(name: str, value: str) -> None:
    done = manage("check", **{**PRODUCTION, name: value})
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert "SHOP_ENV=production" in last
    assert name in last


@pytest.mark.parametrize(
    ("contexts", "backend"),
    [
        ("orders,notifications", "apps.notifications.mailbox.MailboxBackend"),
        ("orders", "django.core.mail.backends.console.EmailBackend"),
    ],
)
def test_mail_stays_at_home_in_development(contexts: str, backend: str) -> None:
    code = "from django.conf import settings; print(settings.EMAIL_BACKEND)"
    done = manage("shell", "--no-imports", "-c", code, SHOP_CONTEXTS=contexts)
    assert done.stdout.strip() == backend, done.stderr


@pytest.mark.parametrize(
    ("given", "known"), [({}, "3"), ({"DATABASE_CONNECT_SECONDS": "7"}, "7")], ids=["default", "7"]
)
def test_how_long_postgresql_is_waited_for(given: dict[str, str], known: str) -> None:
    code = (
        "from django.conf import settings; print(settings.DATABASE['OPTIONS']['connect_timeout'])"
    )
    told = manage(
        "shell", "--no-imports", "-c", code, DATABASE_URL="postgres://127.0.0.1/a", **given
    )
    assert told.stdout.strip() == known, told.stderr


def test_nobody_waits_for_ever() -> None:
    told = manage("check", DATABASE_CONNECT_SECONDS="0", DATABASE_URL="postgres://127.0.0.1/a")
    assert told.returncode != 0
    assert told.stderr.strip().endswith("DATABASE_CONNECT_SECONDS is 0, and must be 2 or more.")


@pytest.mark.parametrize("name", ["Harbour/Pine", "Europe", "../zones", ""])
def test_a_zone_that_there_is_not_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("TIME_ZONE", name)
    with pytest.raises(ImproperlyConfigured, match=f"TIME_ZONE is '{name}'"):
        environment.time_zone()


def test_the_demo_is_not_for_production() -> None:
    done = manage("demo", "--reset", **PRODUCTION)
    assert done.returncode == 1
    assert done.stderr == (
        "CommandError: This is not for SHOP_ENV=production: its passwords are known.\n"
    )
