"""What an entry gets of a mail: subject, words, files, and the mail itself where it was damaged."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import files
from core.models import NewFile
from core.uploads import HEAD, clean_name, is_program, type_of
from mail.models import IncomingMail, Remark
from mail.outcome import Remarks
from mail.parsing import Attachment, ParsedMail
from mail.parsing import remarks as codes

MOST_FILES = 100
LONGEST_TEXT = 1_000_000
LONGEST_CONTENT_ID = 255
RAW_NAME = "mail.eml"
RAW_TYPE = "message/rfc822"

# After these something of the mail is missing, or stands where it should not.
DAMAGE = frozenset(
    {
        codes.BAD_ENCODING,
        codes.CALENDAR_BROKEN,
        codes.CHARSET_REFUSED,
        codes.EMPTY,
        codes.ENCRYPTED,
        codes.EXTERNAL,
        codes.FAULT,
        codes.HEADER_CUT,
        codes.HTML_BROKEN,
        codes.HTML_CUT,
        codes.JUNK_HEADERS,
        codes.NO_BOUNDARY,
        codes.NO_HEADERS,
        codes.PARTIAL,
        codes.SIGNED_UNREADABLE,
        codes.TEXT_CUT,
        codes.TNEF_BROKEN,
        codes.TOO_DEEP,
        codes.TOO_MANY_PARTS,
        codes.UNCLOSED_MULTIPART,
    }
)


@dataclass(frozen=True, slots=True)
class Contents:
    subject: str
    text: str
    html: str
    files: Sequence[NewFile]
    remarks: Remarks


def of(mail: IncomingMail, parsed: ParsedMail, *, is_answer: bool) -> Contents:
    """Store the mail's files and return what its entry is made of; of an answer, without what it quotes.

    Nothing is dropped without a word: what is left out is told by a remark, and the mail as it came is attached.
    """
    remarks: Remarks = [(warning.code, dict(warning.params)) for warning in parsed.warnings]
    stored = [_store(one) for one in parsed.attachments[:MOST_FILES] if not _runs(one)]
    left_out = len(parsed.attachments) - len(stored)
    if left_out:
        remarks.append((Remark.FILES_LEFT_OUT, {"count": str(left_out)}))
    is_damaged = any(warning.code in DAMAGE for warning in parsed.warnings) or len(parsed.attachments) > MOST_FILES
    if is_damaged and mail.raw is not None:
        stored.append(NewFile(mail.raw, RAW_NAME, RAW_TYPE, is_internal=True))
        remarks.append((Remark.RAW_ATTACHED, {}))
    text = (parsed.reply_text if is_answer else parsed.text) or parsed.text
    html = (parsed.reply_html if is_answer else parsed.html) or ""
    return Contents(
        subject=parsed.subject.strip() or _("No subject"),
        text=text.strip("\n")[:LONGEST_TEXT] or ("" if stored else _("This mail has no text.")),
        html=html,
        files=stored,
        remarks=remarks,
    )


def _runs(attached: Attachment) -> bool:
    return is_program(clean_name(attached.name or ""), attached.content[:HEAD])


def _store(attached: Attachment) -> NewFile:
    head = attached.content[:HEAD]
    name = clean_name(attached.name or _unnamed(attached))
    content_id = (attached.content_id or "")[:LONGEST_CONTENT_ID]
    return NewFile(files.store([attached.content]), name, type_of(name, head), content_id)


def _unnamed(attached: Attachment) -> str:
    """Return a name for a part that has none, by its type: the extension is what programs go by."""
    kind = attached.type.partition("/")
    endings = {"message/rfc822": "eml", "text/calendar": "ics", "text/html": "html", "text/plain": "txt"}
    ending = endings.get(attached.type) or (kind[2] if kind[0] == "image" and kind[2].isalnum() else "")
    return f"{_('file')}.{ending}" if ending else _("file")
