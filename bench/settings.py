"""A Django project with nothing in it but the bus; the database is DATABASE_URL's."""

from pathlib import Path

import environ

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = "nothing-here-is-secret"  # noqa: S105
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "eventbus"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": env.db_url("DATABASE_URL")}
DATABASE = DATABASES["default"]
if "sqlite" in DATABASE["ENGINE"]:
    DATABASE["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,  # seconds
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;",
    }
else:
    DATABASE["CONN_MAX_AGE"] = None
    if env.bool("DATABASE_PREPARE", True):  # as the shop's settings have it
        DATABASE["OPTIONS"] = {"server_side_binding": True, "prepare_threshold": 2}
EVENTBUS = {
    "mode": env.str("EVENTBUS_MODE", "worker"),
    "contracts": BASE_DIR / "contracts",
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "loggers": {"eventbus": {"handlers": ["stderr"], "level": "WARNING"}},
}
