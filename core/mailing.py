"""Whether mails go out at all, and what is said where they do not."""

from django.conf import settings
from django.utils.translation import gettext as _


def has_mail() -> bool:
    """Say whether the site's own mails go out, such as links to sign in; a ticket's may have a way of their own."""
    return bool(settings.MAIL_URL)


def if_mailed(sentence: str) -> str:
    """Return the sentence, which promises a mail; without a mail server that none goes out."""
    return sentence if has_mail() else _("Not mailed: no mail server is set")
