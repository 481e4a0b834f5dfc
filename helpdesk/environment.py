"""What settings are read from the environment with: each stops the start with its name where its value is wrong."""

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from core.secrets import write_key

env = environ.Env()

KNOWN_NAMES = {
    "HELPDESK_DATA",
    "HELPDESK_STATIC",
    "HELPDESK_DEMO",
    "HELPDESK_CLAIM_SECONDS",
    "HELPDESK_RETRY_SECONDS",
}


def refuse_unknown_names() -> None:
    """Raise ImproperlyConfigured for a HELPDESK_ name that nothing reads: it is misspelt."""
    unknown = sorted(n for n in os.environ if n.startswith("HELPDESK_") and n not in KNOWN_NAMES)
    if unknown:
        raise ImproperlyConfigured(f"Unknown setting {unknown[0]}. Known: {', '.join(sorted(KNOWN_NAMES))}.")


def flag(name: str) -> bool:
    text = env.str(name, default="").lower()
    if text in {"", "0", "false", "no", "off"}:
        return False
    if text in {"1", "true", "yes", "on"}:
        return True
    raise ImproperlyConfigured(f"{name} must be true or false, not {text}.")


def seconds(name: str, default: float) -> timedelta:
    text = env.str(name, default="") or str(default)
    try:
        return timedelta(seconds=float(text))
    except (ValueError, OverflowError) as error:
        raise ImproperlyConfigured(f"{name} must be a number of seconds, not {text}.") from error


def secret_key(data: Path) -> str:
    """Return SECRET_KEY, else the key kept in the folder `data`, made on the first start."""
    if key := env.str("SECRET_KEY", default=""):
        return str(key)
    file = data / "secret_key"
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ImproperlyConfigured(f"HELPDESK_DATA: the key {file} cannot be read: {error.strerror}.") from error
    try:
        write_key(file, secrets.token_urlsafe(50).encode())
        return file.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"HELPDESK_DATA is {data}, which cannot be written: {error.strerror}. "
            "Choose a folder you may write to, or set SECRET_KEY."
        ) from error


def public_url() -> tuple[str, SplitResult]:
    """Return PUBLIC_URL without a slash behind it, whole and in its parts."""
    url = env.str("PUBLIC_URL", default="http://localhost:8000").rstrip("/")
    parts = urlsplit(url)
    try:
        parts.port  # noqa: B018
    except ValueError as error:
        raise ImproperlyConfigured(f"PUBLIC_URL: {error}.") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path:
        raise ImproperlyConfigured(
            "PUBLIC_URL must look like https://support.example.com, with nothing behind the name."
        )
    return url, parts


def database(data: Path) -> dict[str, Any]:
    """Return Django's settings for the database of DATABASE_URL, without one for SQLite in the folder `data`."""
    if urlsplit(env.str("DATABASE_URL", default="sqlite:")).scheme not in {"sqlite", "postgres", "postgresql"}:
        raise ImproperlyConfigured(
            "DATABASE_URL must look like postgresql://user:password@host:5432/name, or sqlite:///file."
        )
    found: dict[str, Any] = env.db_url("DATABASE_URL", default=f"sqlite:///{data / 'helpdesk.sqlite3'}")
    if found["ENGINE"] == "django.db.backends.sqlite3":
        found["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32000;",
        }
        return found
    # What stands behind the ? of the address, such as sslmode, is kept. Without jit: compiling the counts of the
    # sidebar anew for every page takes several times as long as counting. PgBouncer has to ignore `options` then.
    # `prepare_threshold`: how often the queries of core.prepared are asked on a connection until PostgreSQL keeps their
    # plans. A PgBouncer that cannot do that (older than 1.21, or without max_prepared_statements) needs it to be None.
    found["OPTIONS"] = {
        "options": "-c jit=off",
        "prepare_threshold": 3,
        **found.get("OPTIONS", {}),
        "pool": {"min_size": 2, "max_size": 8, "timeout": 10},
    }
    if found["OPTIONS"]["prepare_threshold"] in {"", "none", "None"}:
        found["OPTIONS"]["prepare_threshold"] = None
    found["CONN_MAX_AGE"] = 0
    # A server that was restarted costs no failed page.
    found["CONN_HEALTH_CHECKS"] = True
    return found
