"""A mail as it came: its bytes as text, what its headers say, and its HTML for a page of its own."""

from base64 import b64encode
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from core import cleaning, files
from core.uploads import HEAD, IMAGE_TYPES, type_of
from mail import parsing
from mail.models import INTO_TICKETS, IncomingMail
from mail.parsing import Attachment, ParsedMail
from mail.proof import Proof, proof_of
from tickets.models import ThreadEntry

# So much of a mail is shown; the whole of it can be downloaded.
LONGEST_SHOWN = 200_000
# What is larger is not searched for HTML while somebody waits.
LARGEST_READ = 25 * 1024 * 1024
# Pictures within the page; more are left out.
MOST_PICTURE_BYTES = 8 * 1024 * 1024


class NotKept(Exception):
    """The bytes are not there any more; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Source:
    """The beginning of a mail as text, to be escaped; `headers` is the block before the first empty line."""

    text: str
    headers: str
    is_cut: bool
    said: ParsedMail


def of_entry(entry: "QuerySet[ThreadEntry]") -> IncomingMail | None:
    """Return the mail that the entry came as, None if it came in another way. One query."""
    rows = IncomingMail.objects.filter(entry__in=entry, state__in=INTO_TICKETS).select_related("raw", "mailbox")
    return rows.first()


def images_of(entry: ThreadEntry) -> list[str]:
    """Return the addresses of the images from elsewhere that the entry's HTML numbers."""
    rows = IncomingMail.objects.filter(entry=entry, state__in=INTO_TICKETS).values_list("remote_images", flat=True)
    return list(rows.first() or [])


def read(mail: IncomingMail) -> Source:
    """Return how the mail begins, and what its headers say. Raises NotKept."""
    raw = _bytes_of(mail, LONGEST_SHOWN)
    text = raw.decode("utf-8", "replace").replace("\x00", "\N{SYMBOL FOR NULL}").replace("\r\n", "\n")
    return Source(text, text.partition("\n\n")[0], mail.size > LONGEST_SHOWN, parsing.parse(raw))


def proof_in_words(mail: IncomingMail) -> str:
    """Say what our own mail server found out about the sender, whom the mail itself proves nothing of."""
    is_checked = bool(mail.mailbox and mail.mailbox.authserv_id)
    match proof_of(mail.authentication, is_checked=is_checked or bool(mail.authentication)):
        case Proof.PASSED:
            return _("The sender is verified: their own mail server vouches for it.")
        case Proof.REFUTED:
            return _("The sender is not verified: their own mail server does not vouch for it. It may be forged.")
        case Proof.NONE:
            return _("The sender is not verified: nothing speaks for or against it.")
        case Proof.UNCHECKED:
            return _("The sender is not verified: no mail server is named whose checks we would believe.")


def read_html(mail: IncomingMail) -> str:
    """Return the HTML with the sender's own looks, "" if there is none: to be shown under a policy that lets nothing
    load or run. Raises NotKept.
    """
    if mail.size > LARGEST_READ:
        return ""
    html, attachments = parsing.html_as_sent(_bytes_of(mail, LARGEST_READ))
    return cleaning.clean_for_frame(html, _Pictures(attachments).address_of) if html else ""


def _bytes_of(mail: IncomingMail, most: int) -> bytes:
    if mail.raw is None:
        raise NotKept(_("The mail as it came is no longer kept."))
    try:
        with files.open_blob(mail.raw) as file:
            return file.read(most)
    except OSError as error:
        raise NotKept(_("The file with the mail as it came cannot be read.")) from error


class _Pictures:
    """The images of a mail as addresses that hold them."""

    def __init__(self, attachments: tuple[Attachment, ...]) -> None:
        self.files = {one.content_id: one for one in attachments if one.content_id}
        self.room = MOST_PICTURE_BYTES

    def address_of(self, content_id: str) -> str | None:
        file = self.files.get(content_id)
        if file is None or file.size > self.room:
            return None
        kind = type_of(file.name or "", file.content[:HEAD])
        if kind not in IMAGE_TYPES:
            return None
        self.room -= file.size
        return f"data:{kind};base64,{b64encode(file.content).decode()}"
