"""Writing entries into the thread of a locked ticket. Called by actions, inside their transaction."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import User
from core import cleaning
from core.models import NewFile
from core.prepared import Prepared, insert, insert_all
from tickets.errors import NothingWritten
from tickets.models import Attachment, EntryKind, Source, ThreadEntry, Ticket

# That it is not empty is said for the index, which has no others.
_SENT = Prepared(lambda author, key: ThreadEntry.objects.filter(author=author, request_key=key).exclude(request_key=""))


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
    is_counted: bool = False,
) -> ThreadEntry:
    """Append an entry with its files; the event of it saves the ticket's `entry_count` (tickets.events).

    Raises NothingWritten when there is neither text nor file.

    `html` is what the text looked like, cleaned by core.cleaning. A new ticket `is_counted` with its first entry.
    """
    text = written(text, files)
    if not is_counted:
        ticket.entry_count += 1
    entry = insert(
        ThreadEntry(
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
    )
    insert_all(
        [
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
        ]
    )
    return entry


def written(text: str, files: Sequence[NewFile]) -> str:
    """Return the text as it is kept. Raises NothingWritten when there is neither text nor file."""
    text = clean_text(text)
    if not text and not files:
        raise NothingWritten(_("Write something first, or attach a file."))
    return text


def sent_before(author: User | None, request_key: str) -> ThreadEntry | None:
    """Return the entry that this form already became, if it was sent before."""
    if author is None or not request_key:
        return None
    # Hardly ever: its ticket is not read along.
    return _SENT.first(author=author, key=request_key)


def clean_text(text: str) -> str:
    """Return text that both databases can hold: no NUL, no lone surrogates, one kind of line end, no blank edges."""
    text = text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.strip("\n").rstrip()
