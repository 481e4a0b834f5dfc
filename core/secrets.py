"""Encrypting what must not be readable in the database or its backups.

Keys come from FIELD_KEYS (the first encrypts, all of them read), else from a key file in HELPDESK_DATA
that is made on first use. Without the right key nothing is read, and nothing is written in clear.
"""

import os
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

KEY_FILE = "field_key"


class SecretUnreadable(Exception):
    """None of our keys opens this: it was encrypted with another one, or is damaged."""


def encrypt(secret: bytes) -> bytes:
    return _box(tuple(settings.FIELD_KEYS), settings.DATA_DIR).encrypt(secret)


def decrypt(token: bytes) -> bytes:
    """Return what was encrypted. Raises SecretUnreadable."""
    try:
        return _box(tuple(settings.FIELD_KEYS), settings.DATA_DIR).decrypt(token)
    except InvalidToken as error:
        raise SecretUnreadable("No key in FIELD_KEYS or the key file opens this.") from error


def check_keys(keys: "list[str] | tuple[str, ...]") -> None:
    """Raise ImproperlyConfigured, without repeating the key, if one of them is no key."""
    for number, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError as error:
            raise ImproperlyConfigured(
                f"FIELD_KEYS: key {number} must be 32 random bytes in URL-safe base64, as `openssl rand -base64 32 | "
                "tr +/ -_` prints them."
            ) from error


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...], folder: Path) -> MultiFernet:
    keys = keys or (_key_in(folder),)
    check_keys(keys)
    return MultiFernet([Fernet(key) for key in keys])


def _key_in(folder: Path) -> str:
    file = folder / KEY_FILE
    try:
        if not file.exists():
            write_key(file, Fernet.generate_key())
        return file.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"The key file {file} cannot be read or made ({error.strerror}). Set FIELD_KEYS, or repair it."
        ) from error


def write_key(file: Path, key: bytes) -> None:
    """Write a new key, complete and synced before it has its name; two processes at once agree on one."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as written:
        written.write(key)
        written.flush()
        os.fsync(written.fileno())
    try:
        os.link(fresh, file)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
