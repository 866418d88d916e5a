"""Every setting, from the environment; with none at all, a working local shop.

`SHOP_ENV=production` refuses to start without what production needs. `SHOP_CONTEXTS` names the
contexts of this deployment (default: all seven). See docs/configuration.md.
"""

import sys
from datetime import timedelta
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

from shop.environment import (
    BASE_DIR,
    PRODUCTION,
    connect_seconds,
    env,
    redis_cache,
    secrets,
    time_zone,
)

DEBUG = env.bool("DEBUG", not PRODUCTION)
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("SHOP_ENV=production refuses DEBUG: it shows settings to everybody.")
TESTING = "pytest" in sys.modules

# Identity and secrets -------------------------------------------------------------------------
SECRET_KEY, *SECRET_KEY_FALLBACKS = secrets(
    "SECRET_KEY", "local-development-only-secret-key-never-for-production"
)
QUOTE_KEYS = secrets("QUOTE_KEYS", "local-development-only-quote-key")  # the first signs
WEBHOOK_KEYS = secrets("WEBHOOK_KEYS", "local-development-only-webhook-key")  # the first signs
JWT_KEY = secrets("JWT_KEY", "local-development-only-json-web-token-key")[0]
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["*"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
if PRODUCTION and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("SHOP_ENV=production needs ALLOWED_HOSTS, as shop.example.com")

# What runs here -------------------------------------------------------------------------------
ALL_CONTEXTS = ["products", "users", "cart", "orders", "payments", "inventory", "notifications"]
SHOP_CONTEXTS = env.list("SHOP_CONTEXTS", default=ALL_CONTEXTS)
SHOP_NAME = env.str("SHOP_NAME", "Harbour & Pine")
SHOP_CURRENCY = env.str("SHOP_CURRENCY", "EUR")
SHOP_TIME_ZONE = time_zone()
SHOP_URL = env.str("SHOP_URL", "http://127.0.0.1:8080")  # for links in mails
ORDER_PAYMENT_WINDOW = timedelta(minutes=env.int("ORDER_PAYMENT_MINUTES", 30))
CHALLENGE_WINDOW = timedelta(minutes=env.int("CHALLENGE_MINUTES", 10))
GATEWAY_TIMEOUT = timedelta(seconds=env.int("GATEWAY_TIMEOUT_SECONDS", 30))
GATEWAY_SLOW_SECONDS = 0 if TESTING else env.int("GATEWAY_SLOW_SECONDS", 6)  # of the mock
GATEWAY_WEBHOOK_SECONDS = env.int("GATEWAY_WEBHOOK_SECONDS", 15)  # of the mock
QUOTE_LIFETIME = timedelta(minutes=15)
STOCK_LOW_THRESHOLD = env.int("STOCK_LOW_THRESHOLD", 3)  # units

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "django_prometheus",
    "eventbus",
    *(f"apps.{context}" for context in SHOP_CONTEXTS),
    "shop",
]
AUTH_USER_MODEL = "users.User" if "users" in SHOP_CONTEXTS else "auth.User"

MIDDLEWARE = [
    "shop.draining.DrainingMiddleware",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "shop.middleware.TraceMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # of BREACH it is safe: random bytes, masked tokens
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "shop.faults.FaultsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "shop.middleware.OwnerMiddleware",
    "shop.middleware.LocalTimeMiddleware",
    "shop.middleware.NotKeptMiddleware",
    "shop.middleware.FormsOnlyMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "shop" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "shop.storefront.context",
            ],
            "builtins": ["shop.templatetags.storefront"],
        },
    }
]

# Data -----------------------------------------------------------------------------------------
DATABASES = {"default": env.db_url("DATABASE_URL", f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
DATABASE = DATABASES["default"]
if PRODUCTION and "postgresql" not in DATABASE["ENGINE"]:
    raise ImproperlyConfigured(
        "SHOP_ENV=production needs a PostgreSQL DATABASE_URL, as postgres://user:password@host/shop"
    )
DATABASE["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", 600)  # seconds; each thread has its own
if "sqlite" in DATABASE["ENGINE"]:
    # A file, or threads and live servers of one test would each see an empty database.
    DATABASE["TEST"] = {"NAME": Path(DATABASE["NAME"]).with_suffix(".test.sqlite3")}
    DATABASE["OPTIONS"] = {
        # A deferred transaction that turns writer fails at once with "database is locked",
        # whatever the timeout; an immediate one waits its turn.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,  # seconds
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;",
    }
else:
    DATABASE["CONN_HEALTH_CHECKS"] = True
    DATABASE.setdefault("OPTIONS", {})["connect_timeout"] = connect_seconds()
    if env.bool("DATABASE_PREPARE", True):  # docs/adr/0012-the-server-binds-and-prepares.md
        DATABASE["OPTIONS"].update(server_side_binding=True, prepare_threshold=2)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", "")
if REDIS_URL:
    CACHES = {"default": redis_cache(REDIS_URL)}
    DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = True
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
# Parts of pages, by all that they show: none can be old, so each process may keep its own.
CACHES["template_fragments"] = {
    "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
    "LOCATION": "fragments",
    "OPTIONS": {"MAX_ENTRIES": 500},  # of 20 kB
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

# The bus --------------------------------------------------------------------------------------
EVENTBUS = {
    "mode": "manual" if TESTING else env.str("EVENTBUS_MODE", "worker" if PRODUCTION else "thread"),
    "contracts": BASE_DIR / "contracts",
    "catalogue": BASE_DIR / "docs" / "events.md",
    "retention_days": env.int("EVENTBUS_RETENTION_DAYS", 14),
}

# Security -------------------------------------------------------------------------------------
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    "form-action": [CSP.SELF],
}
SESSION_COOKIE_NAME = env.str("SESSION_COOKIE_NAME", "shop_session")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = PRODUCTION and env.bool("SECURE_SSL_REDIRECT", True)
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_TLS_PROXY", False) else None
)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0  # one year
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
X_FRAME_OPTIONS = "DENY"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/users/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

# API ------------------------------------------------------------------------------------------
THROTTLES = {  # requests of one client in a time; empty: as many as it likes
    "anon": env.str("API_ANON_RATE", "600/min"),  # by address: offices share one
    "user": env.str("API_USER_RATE", "600/min"),
    "sign-in": env.str("SIGN_IN_RATE", "10/min"),
    "sign-in-account": env.str("SIGN_IN_ACCOUNT_RATE", "30/hour"),
    "account-mail": env.str("ACCOUNT_MAIL_RATE", "20/hour"),
    "card": env.str("CARD_RATE", "20/min"),  # stolen numbers are tried by the hundred
    "reviews": env.str("REVIEW_RATE", "20/hour"),
    "waiting": env.str("WAITING_RATE", "20/hour"),  # addresses put on the waiting list
    "coupon": env.str("COUPON_RATE", "20/min"),  # wrong codes
}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"]
    if "users" in SHOP_CONTEXTS
    else ["rest_framework_simplejwt.authentication.JWTStatelessUserAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["shop.parsers.StrictJSON"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.CursorPagination",
    "PAGE_SIZE": 20,
    "EXCEPTION_HANDLER": "shop.api.problem",
    "DEFAULT_SCHEMA_CLASS": "shop.openapi.Schema",
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
        "rest_framework.throttling.ScopedRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        scope: None if TESTING else rate or None for scope, rate in THROTTLES.items()
    },
    # How many of our own proxies add to X-Forwarded-For; what else is in it is not believed.
    "NUM_PROXIES": env.int("NUM_PROXIES", 1 if env.bool("BEHIND_TLS_PROXY", False) else 0),
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": SHOP_NAME,
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "DEFAULT_GENERATOR_CLASS": "shop.openapi.Generator",
    "POSTPROCESSING_HOOKS": [],  # each choice stands where it is: several contexts have a "status"
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=10),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=7),
    "SIGNING_KEY": JWT_KEY,
    "USER_ID_CLAIM": "user_id",
}

# Mail: a mailbox page in development, SMTP elsewhere ------------------------------------------
EMAIL_URL = env.str("EMAIL_URL", "")
if EMAIL_URL:
    vars().update(env.email_url("EMAIL_URL"))
elif PRODUCTION:
    raise ImproperlyConfigured(
        "SHOP_ENV=production needs EMAIL_URL, as smtp+tls://user:password@host:587"
    )
elif "notifications" in SHOP_CONTEXTS:
    EMAIL_BACKEND = "apps.notifications.mailbox.MailboxBackend"
else:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", f"{SHOP_NAME} <shop@example.com>")
EMAIL_TIMEOUT = 10  # seconds
MAILBOX_PAGE = not EMAIL_URL  # production has to have one
STAFF_MAIL = env.list("STAFF_MAIL", default=[] if PRODUCTION or TESTING else ["staff@example.com"])

# Text, time, files ----------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"  # of the database, the API and logs; people read SHOP_TIME_ZONE
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "static-root"
STATICFILES_DIRS = [BASE_DIR / "shop" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not PRODUCTION

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {"django": {"handlers": []}},  # Django's own would print each line a second time
}
