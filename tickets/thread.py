"""Writing entries into the thread of a locked ticket. Called by actions, inside their transaction."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import User
from core import cleaning
from core.models import NewFile
from tickets.errors import NothingWritten
from tickets.models import Attachment, EntryKind, Source, ThreadEntry, Ticket


def add_entry(
    ticket: Ticket,
    kind: EntryKind,
    *,
    author: User | None,
    text: str,
    source: Source,
    at: datetime,
    html: str = "",
    files: Sequence[NewFile] = (),
    request_key: str = "",
) -> ThreadEntry:
    """Append an entry with its files; the event of it saves the ticket's `entry_count` (tickets.events).

    Raises NothingWritten when there is neither text nor file.

    `html` is what the text looked like, cleaned by core.cleaning.
    """
    text = clean_text(text)
    if not text and not files:
        raise NothingWritten(_("Write something first, or attach a file."))
    ticket.entry_count += 1
    entry = ThreadEntry.objects.create(
        ticket=ticket,
        origin_ticket=ticket,
        number=ticket.entry_count,
        kind=kind,
        author=author,
        source=source,
        text=text,
        html=clean_text(html),
        html_version=cleaning.VERSION if html else 0,
        created_at=at,
        request_key=request_key,
    )
    Attachment.objects.bulk_create(
        Attachment(
            entry=entry,
            blob=file.blob,
            position=i,
            name=file.name,
            content_type=file.content_type,
            content_id=file.content_id,
            is_internal=file.is_internal,
        )
        for i, file in enumerate(files, start=1)
    )
    return entry


def sent_before(author: User | None, request_key: str) -> ThreadEntry | None:
    """Return the entry that this form already became, if it was sent before."""
    if author is None or not request_key:
        return None
    # Hardly ever: its ticket is not read along.
    return ThreadEntry.objects.filter(author=author, request_key=request_key).first()


def clean_text(text: str) -> str:
    """Return text that both databases can hold: no NUL, no lone surrogates, one kind of line end, no blank edges."""
    text = text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.strip("\n").rstrip()
