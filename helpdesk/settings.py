"""All settings, read from the environment once, at start.

Two sizes share this file. With nothing set it is the embedded help desk: SQLite and a database
cache in `HELPDESK_DATA`, the broker inside the worker. `DATABASE_URL` and `REDIS_URL` make it the
production size. README.md has the table of settings; a value that is missing, malformed or
misspelt stops the start with its name.
"""

import logging
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from core.secrets import check_keys
from helpdesk.environment import database, env, flag, public_url, refuse_unknown_names, seconds, secret_key
from mail.hooks.config import HooksInvalid
from mail.hooks.config import parse as parse_mail_hooks
from mail.url import MailUrlInvalid
from mail.url import parse as parse_mail_url

BASE_DIR = Path(__file__).resolve().parent.parent

refuse_unknown_names()

DATA_DIR = Path(env.str("HELPDESK_DATA", default=str(BASE_DIR / "var"))).expanduser().resolve()
FILES_DIR = DATA_DIR / "files"
SECRET_KEY = secret_key(DATA_DIR)
# What encrypts secrets in the database; the first key encrypts, all of them read. Empty: a key file in HELPDESK_DATA.
FIELD_KEYS = env.list("FIELD_KEYS", default=[])
check_keys(FIELD_KEYS)
DEBUG = flag("DEBUG")

# The address people reach this help desk at; links in mails and the secure cookies follow it.
PUBLIC_URL, _public = public_url()
IS_HTTPS = _public.scheme == "https"
ALLOWED_HOSTS = [*env.list("ALLOWED_HOSTS", default=[]), _public.hostname]
if _public.hostname == "localhost":
    ALLOWED_HOSTS += ["127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# Whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses or networks of our proxies.
try:
    TRUSTED_PROXIES = [ip_network(text, strict=False) for text in env.list("TRUSTED_PROXIES", default=[])]
except ValueError as error:
    raise ImproperlyConfigured(f"TRUSTED_PROXIES: {error}") from error

# True while the demo help desk is loaded; set by script/serve, never in production.
DEMO = flag("HELPDESK_DEMO")

# --- Apps, from the top floor down (docs/architecture.md) ------------------------------------

INSTALLED_APPS = [
    "helpdesk",
    "reports",
    "desk",
    "portal",
    "api",
    "mail",
    "notices",
    "pages",
    "tickets",
    "sla",
    "accounts",
    "core",
    "helpdesk.admin_apps.HelpdeskAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    # Its words for how long ago something was (core.moments), in the languages of mails.
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "anymail",
    "csp",
    "django_htmx",
    "django_prose_editor",
    "lucide",
]

MIDDLEWARE = [
    "core.middleware.TrustedProxyMiddleware",
    "core.middleware.MachineMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "core.middleware.LanguageMiddleware",
    "core.middleware.TimeZoneMiddleware",
    "helpdesk.middleware.FirstRunMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.viewing.ViewingMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.SignedInMiddleware",
    "pages.offline.OfflineMiddleware",
]

ROOT_URLCONF = "helpdesk.urls"
WSGI_APPLICATION = "helpdesk.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.context.site",
            ],
            "builtins": ["core.templatetags.ui", "core.templatetags.times", "core.templatetags.fields"],
        },
    }
]

# --- Database --------------------------------------------------------------------------------

DATABASES = {"default": database(DATA_DIR)}

# --- Redis: cache, throttles and broker --------------------------------------------------------

REDIS_URL = env.str("REDIS_URL", default="")
if REDIS_URL and urlsplit(REDIS_URL).scheme not in {"redis", "rediss", "unix"}:
    raise ImproperlyConfigured("REDIS_URL must look like redis://host:6379/0.")
CACHES: dict[str, dict[str, object]] = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        # Throttles live here: a full table must not throw them out.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

CELERY_BROKER_URL = REDIS_URL or "memory://localhost/"
# The in-memory broker is looked at in turns: often enough that nobody waits for it.
CELERY_BROKER_TRANSPORT_OPTIONS = {} if REDIS_URL else {"polling_interval": 0.1}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TIMEZONE = "UTC"

# How long a worker holds a row it was given. Above every socket timeout; tests shorten it.
CLAIM_TIME = seconds("HELPDESK_CLAIM_SECONDS", 120)
SOCKET_TIMEOUT = 30.0
# The first wait before a mail is tried again; later waits grow from it. Tests shorten it.
RETRY_FIRST = seconds("HELPDESK_RETRY_SECONDS", 10)

# --- Mail --------------------------------------------------------------------------------------

# Where workers hand mail over: smtp://user:password@host:587, smtps://…, or anymail+postmark://?server_token=…
# Empty: nothing is sent, and every mail says so.
MAIL_URL = env.str("MAIL_URL", default="")
if MAIL_URL:
    try:
        parse_mail_url(MAIL_URL)
    except MailUrlInvalid as error:
        raise ImproperlyConfigured(f"MAIL_URL: {error}") from None
# The sender of every mail; without a name before the address the site's own is shown.
MAIL_FROM = env.str("MAIL_FROM", default=f"helpdesk@{_public.hostname}")
# The right side of the Message-IDs we make.
MAIL_DOMAIN = MAIL_FROM.rpartition("@")[2].strip("> ") or _public.hostname
# From which services web hooks are taken: postmark?secret=user:password mailgun?webhook_signing_key=…
try:
    MAIL_HOOKS = parse_mail_hooks(env.str("MAIL_HOOKS", default=""))
except HooksInvalid as error:
    raise ImproperlyConfigured(f"MAIL_HOOKS: {error}") from None
EMAIL_BACKEND = "mail.backend.OutboxBackend"
# Of larger mails in mailboxes only the head is fetched, and waits in quarantine; the mail stays on its server.
MAIL_MOST_BYTES = env.int("MAIL_MAX_MB", default=100) * 1024 * 1024
if MAIL_MOST_BYTES <= 0:
    raise ImproperlyConfigured("MAIL_MAX_MB must be a number of megabytes, such as 100.")
# Opens /metrics; without it there is no such page.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
if METRICS_TOKEN and len(METRICS_TOKEN) < 16:
    raise ImproperlyConfigured("METRICS_TOKEN must have 16 characters at least, as `openssl rand -hex 16` prints them.")
DEFAULT_FROM_EMAIL = MAIL_FROM
SERVER_EMAIL = MAIL_FROM

# --- People and sign-in -------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.AddressBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# How long the mailed link to set a password works.
PASSWORD_RESET_TIMEOUT = 60 * 60 * 24
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/desk/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_PREVENT_ENUMERATION = True
# Django's own, as in accounts.passwords: allauth's would fill its table of addresses, which nobody reads.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105
# Sign-in and forms are throttled by core.throttle, whose slots are taken atomically.
ACCOUNT_RATE_LIMITS = False

MFA_ADAPTER = "accounts.second_factor.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
# Clocks of phones differ a little: the code before and after counts, too (RFC 6238 section 5.2).
MFA_TOTP_TOLERANCE = 1
# Our middleware notes once a minute when a session was used; allauth's would with every page.
USERSESSIONS_TRACK_ACTIVITY = False

# Until the first page after signing in; from then on the site settings decide (accounts.sessions).
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_HTTPONLY = False
CSRF_FAILURE_VIEW = "core.views.csrf_failure"

# --- Safety headers -----------------------------------------------------------------------------

SECURE_SSL_REDIRECT = IS_HTTPS
# Programs are told, not led to https (core.machines).
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^api/", r"^hooks/", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# --- Uploads -------------------------------------------------------------------------------------

DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024  # a form of 10 MB of text gets its sentence, not a bare 400
DATA_UPLOAD_MAX_NUMBER_FILES = 50
DATA_UPLOAD_MAX_NUMBER_FIELDS = 3000  # the page of business hours, with all rows that it may have
FILE_UPLOAD_HANDLERS = [
    "core.uploads.LimitedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# --- Language, time, static files ------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
# Mails are written in these (locale/): whoever reads none of the pages' languages still reads what we send.
MAIL_LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("es", "Español"), ("fr", "Français")]
# How pages write days and times; mails have longer ways of their own (core.moments).
FORMAT_MODULE_PATH = "core.formats"
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
if TIME_ZONE not in available_timezones():
    raise ImproperlyConfigured(f"TIME_ZONE must look like Europe/Berlin, not {TIME_ZONE}.")
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.str("HELPDESK_STATIC", default=str(DATA_DIR / "static")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": FILES_DIR}},
    # Names with hashes only: compressing is the image build's work, not the first start's.
    "staticfiles": {"BACKEND": "core.bundles.BundledStaticFilesStorage"},
}
WHITENOISE_MAX_AGE = 31_536_000

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
if LOG_LEVEL not in logging.getLevelNamesMapping():
    raise ImproperlyConfigured(f"LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR, not {LOG_LEVEL}.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "core.logs.LineFormatter", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    },
    "filters": {"form_mistakes": {"()": "core.logs.FormMistakes"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["form_mistakes"]},
        "failures": {"class": "core.failures.Counting", "level": "ERROR"},
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {"django.request": {"handlers": ["failures"]}},
}
