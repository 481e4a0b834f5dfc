"""What people write: how long it may be, and how pages show it. The same at the desk and in the portal."""

from django.utils.html import linebreaks, urlize
from django.utils.safestring import SafeString, mark_safe

from tickets.models import ThreadEntry

# Longer words go into a file: databases, mails and readers stop taking them.
MAX_TEXT = 100_000


def body_html(entry: ThreadEntry) -> SafeString:
    """Return what was written: the HTML that was cleaned when it was saved, else the text as paragraphs, addresses
    made links.
    """
    if entry.html_version:
        return mark_safe(entry.html)  # noqa: S308 - cleaned by allow-list when it was saved
    return mark_safe(linebreaks(urlize(entry.text, nofollow=True, autoescape=True)))  # noqa: S308 - urlize escapes
