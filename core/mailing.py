"""Whether mails go out at all, and what is said where they do not."""

from collections.abc import Callable

from django.utils.translation import gettext as _

_asked: list[Callable[[], bool]] = []


def install(has_way: Callable[[], bool]) -> None:
    """Take over, once at start, who knows whether mails go out: a floor above."""
    _asked[:] = [has_way]


def has_mail() -> bool:
    """Say whether mails go out. Where no MAIL_URL is set that takes a query."""
    return any(ask() for ask in _asked)


def if_mailed(sentence: str) -> str:
    """Return the sentence, which promises a mail; without a way out that none goes out."""
    return sentence if has_mail() else _("Not mailed: no mail server is set")
