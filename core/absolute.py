"""Absolute addresses, from one function."""

from django.conf import settings
from django.urls import reverse


def absolute_url(name: str, *args: object, **kwargs: object) -> str:
    """Return the public address of a named page, as mails and other outsiders need it."""
    base: str = settings.PUBLIC_URL
    return base + reverse(name, args=args or None, kwargs=kwargs or None)
