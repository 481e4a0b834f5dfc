"""What parsing hands out: plain values, frozen, nothing of Django's."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A name and an address, decoded; either may be empty. The address is as written, in no way checked."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is not shown as text. `name` is as sent (None if none): never use it as a path."""

    name: str | None
    type: str
    content: bytes = field(repr=False)
    inline: bool = False
    content_id: str | None = None  # without angle brackets, as `cid:` refers to it

    @property
    def size(self) -> int:
        return len(self.content)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Bounce:
    """Somebody's server says that it did not deliver.

    `status` is x.y.z (RFC 3463) or None; `action` is "failed" or "delayed"; a delay is no failure yet.
    `original_headers` are those of the returned mail, decoded, in order; empty if none came back.
    """

    recipient: str | None
    status: str | None
    original_message_id: str | None
    action: str = "failed"
    recipients: tuple[str, ...] = ()
    diagnostic: str | None = None
    original_headers: tuple[tuple[str, str], ...] = ()
    is_guess: bool = False  # only words say so, which a person may have written


@dataclass(frozen=True, slots=True)
class Remark:
    """Something was wrong with the mail: a code from `remarks`, and what the sentence about it names."""

    code: str
    params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """What a mail says. No field is ever missing; what could not be read is empty and told by `warnings`.

    Message-IDs stand in angle brackets everywhere (RFC 5322 section 3.6.4), `references` oldest first. `date` is
    what the sender's clock said, in UTC: never the time of arrival. Texts have "\\n" as the only line end, no NUL, no
    lone surrogate. `html` and `reply_html` are cleaned: remote images stand in `remote_images` and have no `src`.
    """

    subject: str = ""
    from_: Mailbox | None = None
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    reply_to: tuple[Mailbox, ...] = ()
    date: datetime | None = None
    message_id: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    text: str = ""
    html: str = ""
    reply_text: str = ""
    quoted_text: str = ""
    reply_html: str = ""
    attachments: tuple[Attachment, ...] = ()
    auto_reply: bool = False
    auto_reply_is_guess: bool = False  # only its subject says so, or that it names no recipient: maybe a person's
    bulk: bool = False
    bounce: Bounce | None = None
    priority: str | None = None  # "high", "normal", "low"
    warnings: tuple[Remark, ...] = ()

    # What screening and matching need besides.
    senders: tuple[Mailbox, ...] = ()  # all of From; RFC 5322 allows several
    sender: Mailbox | None = None  # the header Sender
    return_path: str | None = None  # "" is the null sender <>, None no such header
    delivered_to: tuple[str, ...] = ()  # Delivered-To, X-Original-To, Envelope-To and their like, outermost first
    quoted_message_ids: tuple[str, ...] = ()  # in a returned or forwarded mail, in quoted headers
    authentication_results: tuple[str, ...] = ()  # as they stand, topmost (nearest to us) first
    received: tuple[str, ...] = ()  # topmost first
    list_id: str | None = None
    precedence: str | None = None
    auto_submitted: str | None = None
    is_forward: bool = False  # somebody passes on a mail he got
    remote_images: tuple[str, ...] = ()  # addresses, numbered by `data-image` in `html`
    headers: tuple[tuple[str, str], ...] = ()  # unfolded and decoded, in order

    def header(self, name: str) -> str | None:
        """Return the first header of that name, decoded."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def all_headers(self, name: str) -> tuple[str, ...]:
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == wanted)
