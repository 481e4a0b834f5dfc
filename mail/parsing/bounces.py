"""Delivery reports: by RFC 3464, and the many that are none but their words."""

import re

from mail.parsing import ids, limits
from mail.parsing.bouncewords import read_words
from mail.parsing.fields import Field
from mail.parsing.head import Head
from mail.parsing.mime import read_fields
from mail.parsing.parsed import Bounce
from mail.parsing.remarks import Remarks

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
_REPLY_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?![\d.])")
_ADDRESS = re.compile(r"[^\s<>;,:\"()\[\]]{1,200}@[^\s<>;,:\"()\[\]]{1,200}")
_ROBOTS = re.compile(
    r"^(mailer-?daemon|postmaster|mail-?daemon|maildaemon|mailerdaemon|mail\.?delivery|mdaemon|bounces?|mailsystem|noreply-?bounce|nondelivery|mail-deliver|daemon)\b",
    re.IGNORECASE,
)


def read_bounce(head: Head, text: str, reports: list[tuple[str, bytes]], notes: Remarks) -> Bounce | None:
    """Return what a delivery report says, None if the mail is none."""
    status_parts = [data for kind, data in reports if kind == "message/delivery-status"]
    originals = [data for kind, data in reports if kind in {"message/rfc822", "text/rfc822-headers"}]
    if any(kind in {"message/feedback-report", "message/disposition-notification"} for kind, _ in reports):
        return None
    if status_parts:
        return _by_report(status_parts, originals, text, notes)
    return _by_words(head, text, originals, notes)


def original_head(originals: list[bytes], notes: Remarks) -> Head | None:
    """Return the headers of the mail that came back."""
    for data in originals:
        fields, _ = read_fields(data, len(data) - len(data.lstrip()), len(data), Remarks())
        if fields:
            return Head(fields, Remarks())
    return None


def _by_report(parts: list[bytes], originals: list[bytes], text: str, notes: Remarks) -> Bounce | None:
    recipients: list[str] = []
    status: str | None = None
    diagnostic: str | None = None
    actions: list[str] = []
    for data in parts:
        for fields in _groups(data):
            said = {field.name: field.value.decode("utf-8", "replace") for field in reversed(fields)}
            recipient = _typed(said.get("original-recipient") or "") or _typed(said.get("final-recipient") or "")
            final = _typed(said.get("final-recipient") or "")
            if not recipient and not final:
                continue
            recipients.append(final if "@" in final else recipient)
            action = said.get("action", "").split("(")[0].strip().lower()
            actions.append(action)
            diagnostic = diagnostic or said.get("diagnostic-code")
            found = _STATUS.search(said.get("status", ""))
            if status is None or action == "failed":
                status = found.group(1) if found else status
    if actions and all(action in {"delivered", "relayed", "expanded"} for action in actions):
        return None
    if diagnostic and (status is None or status.endswith(".0.0")):
        better = _STATUS.search(diagnostic)
        status = better.group(1) if better else status
    head = original_head(originals, notes)
    words = read_words(text)
    is_delayed = "delayed" in actions and "failed" not in actions
    return _bounce(
        recipients or list(words.recipients),
        status or words.status,
        head,
        text,
        diagnostic,
        "delayed" if is_delayed else "failed",
    )


def _groups(data: bytes) -> list[list[Field]]:
    """Return the groups of fields of a report: about the message, then about each recipient (RFC 3464 section 2.1)."""
    found: list[list[Field]] = []
    position = 0
    while position < len(data) and len(found) < 100:
        while data[position : position + 1] in {b"\r", b"\n"}:
            position += 1
        fields, after = read_fields(data, position, len(data), Remarks())
        if fields:
            found.append(fields)
        if after <= position:
            stop = data.find(b"\n", position)
            after = len(data) if stop < 0 else stop + 1
        position = after
    return found


def _typed(value: str) -> str:
    """Return the address of "rfc822; ada@example.org"."""
    text = value.partition(";")[2] if ";" in value else value
    text = text.strip()
    match = _ADDRESS.search(text)
    return match.group().strip("'.") if match else text.strip("<> ")


def _by_words(head: Head, text: str, originals: list[bytes], notes: Remarks) -> Bounce | None:
    words = read_words(text)
    if not (_is_from_robot(head) or words.is_certain):
        return None
    failed_header = head.first("x-failed-recipients")
    if not (failed_header or words.recipients or words.says_failure):
        return None
    recipients = [match.group() for match in _ADDRESS.finditer(failed_header or "")] or list(words.recipients)
    original = original_head(originals, notes) or words.original
    return _bounce(
        recipients, words.status, original, text, words.diagnostic, "delayed" if words.is_delay else "failed"
    )


def _bounce(
    recipients: list[str], status: str | None, head: Head | None, text: str, diagnostic: str | None, action: str
) -> Bounce:
    unique = tuple(dict.fromkeys(recipients))[:100]
    message_id = ids.message_id(head.first("message-id") or "") if head else None
    return Bounce(
        recipient=unique[0] if unique else None,
        status=status,
        original_message_id=message_id,
        action=action,
        recipients=unique,
        diagnostic=diagnostic[:1_000] if diagnostic else None,
        original_headers=head.as_pairs(most=limits.HEADER_TEXT) if head else (),
    )


def _is_from_robot(head: Head) -> bool:
    if (head.first("return-path") or "").strip() == "<>":
        return True
    return any(_ROBOTS.match(box.address) or "delivery sub" in box.name.lower() for box in head.addresses("from"))
