"""Which parts are shown, as what, and which are attachments."""

from dataclasses import dataclass, field

from mail.parsing import charsets, limits, remarks
from mail.parsing.calendars import event_text
from mail.parsing.cms import signed_content
from mail.parsing.fields import content_type, raw_parameters, text_parameter
from mail.parsing.htmltree import charset_of
from mail.parsing.mime import Part, split
from mail.parsing.parsed import Attachment
from mail.parsing.plain import normal, part_text
from mail.parsing.remarks import Remarks
from mail.parsing.tnef import TnefBroken, unpack
from mail.parsing.transfer import undo, uuencoded
from mail.parsing.words import clean, decode_words

_NAME_MOST = 1_000
_MOST_SHOWN = 20  # mails within a mail
_UNSHOWN_ALTERNATIVES = frozenset({"text/x-amp-html", "text/watch-html"})
_TNEF = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_SMIME = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_TEXT_LIKE = frozenset({"text/plain", "text/enriched", "text/richtext", "text/markdown", "text/x-markdown"})


@dataclass(slots=True)
class Bodies:
    """What was found so far. `reports` are the machine-readable parts of delivery reports."""

    texts: list[str] = field(default_factory=list)
    htmls: list[str] = field(default_factory=list)
    lone_htmls: int = 0  # that no plain text beside them says again
    attachments: list[Attachment] = field(default_factory=list)
    reports: list[tuple[str, bytes]] = field(default_factory=list)
    related: set[str] = field(default_factory=set)
    calendar: str = ""
    is_encrypted: bool = False
    unpacked: int = 0


def read_bodies(root: Part, notes: Remarks) -> Bodies:
    found = Bodies()
    _take(root, found, notes, level=0)
    if not any(text.strip() for text in found.texts) and not found.htmls:
        if found.calendar:
            found.texts.append(found.calendar)
        else:
            _show_forwarded(found)
    return found


def _show_forwarded(found: Bodies) -> None:
    """Show the words of the mails that a mail without a word of its own passes on; they stay files too."""
    for kind, data in found.reports[:_MOST_SHOWN]:
        if kind == "message/rfc822":
            inner = Bodies()
            _take(split(data, Remarks()), inner, Remarks(), level=1)
            found.texts.extend(inner.texts)
            found.htmls.extend(inner.htmls)


def _take(part: Part, found: Bodies, notes: Remarks, *, level: int) -> None:
    """Sort one part in: it is shown, or kept as a file, or stands for others."""
    if part.type.is_multipart and part.is_split:
        _take_multipart(part, found, notes, level=level)
        return
    if part.type.is_multipart and not part.children:
        # A multipart without parts: what stands there is read as text.
        part.type = content_type(None, "text/plain")
    _take_leaf(part, found, notes, level=level)


def _take_multipart(part: Part, found: Bodies, notes: Remarks, *, level: int) -> None:
    kind = part.kind
    if kind == "multipart/alternative":
        _take_alternative(part, found, notes, level=level)
        return
    if kind == "multipart/encrypted":
        found.is_encrypted = True
        protocol = part.type.parameters.get("protocol", b"").lower()
        notes.add(remarks.ENCRYPTED, kind="S/MIME" if b"pkcs7" in protocol else "PGP")
    if kind == "multipart/related" or kind.startswith("multipart/mixed"):
        for child in part.children:
            if kind == "multipart/related" and (identity := content_id_of(child)):
                found.related.add(identity)
    for child in part.children:
        _take(child, found, notes, level=level + 1)
    if not part.children:
        preamble = part.raw[part.start : max(part.start, part.preamble_end)].strip()
        if preamble:
            found.texts.append(part_text(preamble, content_type(None, "text/plain"), notes))


def _take_alternative(part: Part, found: Bodies, notes: Remarks, *, level: int) -> None:
    """Take the best text and the best HTML of what says the same; anything else among them is kept as a file."""
    before, lone = (len(found.texts), len(found.htmls)), found.lone_htmls
    for child in part.children:
        if child.kind in _UNSHOWN_ALTERNATIVES:
            continue
        _take(child, found, notes, level=level + 1)
    # Several of a kind below one alternative: those in one branch belong together, the last branch is the richest;
    # mailers that repeat themselves do so literally.
    for bodies, start in ((found.texts, before[0]), (found.htmls, before[1])):
        unique = list(dict.fromkeys(bodies[start:]))
        filled = [body for body in unique if body.strip()]
        bodies[start:] = filled or unique[:1]
    if any(text.strip() for text in found.texts[before[0] :]):
        found.lone_htmls = lone


def _take_leaf(part: Part, found: Bodies, notes: Remarks, *, level: int) -> None:
    kind = part.kind
    disposition, name = disposition_and_name(part, notes)
    if kind.startswith("message/") and kind not in {"message/delivery-status", "message/feedback-report"}:
        _take_message(part, found, notes, disposition, name)
        return
    data = undo(part.body, part.value("content-transfer-encoding"), notes)
    if kind in {"message/delivery-status", "message/feedback-report", "message/disposition-notification"}:
        found.reports.append((kind, data))
    if kind == "text/rfc822-headers":
        found.reports.append((kind, data))
    if kind in _SMIME or (name or "").lower() in {"smime.p7m"}:
        if _take_smime(part, data, name, found, notes, level=level):
            return
    elif kind in _TNEF or (name or "").lower() in {"winmail.dat", "win.dat"}:
        if _take_tnef(data, found, notes):
            return
    elif _is_shown(kind, disposition, name, level):
        _take_text(part, data, found, notes)
        return
    elif kind == "text/calendar" and not found.calendar:
        found.calendar = event_text(charsets.decode(data, part.type.charset, notes), notes)
    elif kind == "application/pgp-encrypted":
        found.is_encrypted = True
    found.attachments.append(_attachment(kind, name, data, disposition, content_id_of(part), found))


def _is_shown(kind: str, disposition: str, name: str | None, level: int) -> bool:
    if kind not in _TEXT_LIKE and kind != "text/html":
        return False
    if disposition == "attachment":
        return False
    # A file name makes a text a file; but a mail that is nothing else is shown.
    return name is None or level == 0


def _take_text(part: Part, data: bytes, found: Bodies, notes: Remarks) -> None:
    if part.kind == "text/html":
        charset = part.type.charset or charset_of(data)
        text = charsets.decode(data[: limits.HTML * 4], charset, notes)
        if len(text) > limits.HTML:
            notes.add(remarks.HTML_CUT)
            text = text[: limits.HTML]
        found.htmls.append(normal(text, notes))
        found.lone_htmls += 1
        return
    data, files = uuencoded(data)
    for file in files:
        name = clean(charsets.decode(file.name, None, notes))[:_NAME_MOST]
        found.attachments.append(Attachment(name or None, "application/octet-stream", file.content))
    if b"-----BEGIN PGP MESSAGE-----" in data[:20_000]:
        found.is_encrypted = True
        notes.add(remarks.ENCRYPTED, kind="PGP")
    text = part_text(data, part.type, notes)
    found.texts.append(_without_markup(text) if part.kind in {"text/enriched", "text/richtext"} else text)


def _without_markup(text: str) -> str:
    """Return text/enriched (RFC 1896) as plain text, near enough."""
    found: list[str] = []
    for piece in text.replace("<<", "\0").split("<"):
        found.append(piece.partition(">")[2] if found else piece)
    return "".join(found).replace("\0", "<")


def _take_message(part: Part, found: Bodies, notes: Remarks, disposition: str, name: str | None) -> None:
    """A mail within the mail is kept whole, as a file; what its headers name is looked at elsewhere."""
    kind = part.kind
    data = part.body
    encoding = (part.value("content-transfer-encoding") or b"").strip().lower()
    if encoding in {b"base64", b"quoted-printable"}:
        data = undo(data, encoding, notes)
    if kind == "message/partial":
        values = part.type.parameters
        notes.add(remarks.PARTIAL, number=_text(values.get("number")), total=_text(values.get("total")))
    elif kind == "message/external-body":
        notes.add(remarks.EXTERNAL)
    elif kind == "message/disposition-notification":
        found.reports.append((kind, data))
    if kind in {"message/rfc822", "message/global", "message/news", "message/rfc822-headers"}:
        found.reports.append(("message/rfc822", data))
    elif kind in {"message/global-headers"}:
        found.reports.append(("text/rfc822-headers", data))
    elif kind == "message/global-delivery-status":
        found.reports.append(("message/delivery-status", data))
    found.attachments.append(_attachment(kind, name, data, disposition, content_id_of(part), found))


def _text(value: bytes | None) -> str:
    return (value or b"?").decode("latin-1")[:20]


def _take_smime(part: Part, data: bytes, name: str | None, found: Bodies, notes: Remarks, *, level: int) -> bool:
    """Show what an opaque signature wraps; return whether nothing is left to keep as a file."""
    smime_type = part.type.parameters.get("smime-type", b"").lower()
    if smime_type != b"enveloped-data" and level <= limits.DEPTH and (content := signed_content(data)) is not None:
        inner = split(content, notes)
        _take(inner, found, notes, level=level + 1)
        return True
    if smime_type in {b"signed-data", b"certs-only"}:
        if smime_type == b"signed-data":
            notes.add(remarks.SIGNED_UNREADABLE)
        return False
    found.is_encrypted = True
    notes.add(remarks.ENCRYPTED, kind="S/MIME")
    return False


def _take_tnef(data: bytes, found: Bodies, notes: Remarks) -> bool:
    try:
        unpacked = unpack(data, most=limits.EMBEDDED - found.unpacked)
    except TnefBroken:
        notes.add(remarks.TNEF_BROKEN)
        return False
    if unpacked.is_damaged:
        notes.add(remarks.TNEF_BROKEN)
    if unpacked.html and not found.htmls:
        found.htmls.append(normal(unpacked.html[: limits.HTML], notes))
    if unpacked.text.strip() and not any(text.strip() for text in found.texts):
        found.texts.append(normal(unpacked.text, notes))
    for file in unpacked.files:
        found.unpacked += len(file.content)
        name = clean(file.name)[:_NAME_MOST] or None
        is_inline = file.content_id is not None and file.content_id in unpacked.html
        found.attachments.append(Attachment(name, file.type, file.content, is_inline, file.content_id))
    return bool(unpacked.files or unpacked.text.strip() or unpacked.html) and not unpacked.is_damaged


def _attachment(
    kind: str, name: str | None, data: bytes, disposition: str, content_id: str | None, found: Bodies
) -> Attachment:
    is_inline = disposition == "inline" or (
        disposition != "attachment" and content_id is not None and content_id in found.related
    )
    return Attachment(name, kind, data, is_inline, content_id)


def disposition_and_name(part: Part, notes: Remarks) -> tuple[str, str | None]:
    """Return "attachment", "inline" or "" (RFC 2183), and the file name from wherever it stands."""
    value = part.value("content-disposition")
    name: str | None = None
    disposition = ""
    if value is not None:
        head, _, rest = value.partition(b";")
        disposition = head.strip().decode("latin-1").lower()
        if "=" in disposition:
            disposition, rest = "attachment", value
        name = text_parameter(raw_parameters(rest), "filename", notes)
    if not name:
        name = text_parameter(part.type.parameters, "name", notes)
    if not name and part.kind.startswith("application/") and (described := part.value("content-description")):
        described_name = decode_words(described, notes)
        name = described_name if "." in described_name[-6:] else None
    if disposition not in {"", "inline", "attachment"}:
        disposition = "attachment"  # RFC 2183 section 2.8
    name = clean(name)[:_NAME_MOST] if name else None
    return disposition, name or None


def content_id_of(part: Part) -> str | None:
    value = part.value("content-id")
    if value is None:
        return None
    return charsets.decode(value, None, Remarks()).strip().strip("<>").strip()[:500] or None
