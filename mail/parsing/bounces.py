"""Delivery reports: by RFC 3464, and the many that are none but their words."""

import re
from dataclasses import replace

from mail.parsing import ids, limits, quotewords
from mail.parsing.bouncewords import BounceWords, read_words, says_failure
from mail.parsing.fields import Field
from mail.parsing.head import Head
from mail.parsing.mime import read_fields
from mail.parsing.parsed import Bounce
from mail.parsing.remarks import Remarks
from mail.parsing.words import decode_words

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
_ADDRESS = re.compile(r"[^\s<>;,:\"()\[\]]{1,200}@[^\s<>;,:\"()\[\]]{1,200}")
_DAEMON = re.compile(
    r"\s*(?:mailer-? ?daemon|mail-?daemon|mdaemon|mail delivery (?:sub)?system|mail delivery service)",
    re.IGNORECASE,
)
_OFFICE = re.compile(
    r"\s*(?:postmaster|bounces?|mail ?system|mail ?administrator|system administrator|mail-deliver)", re.IGNORECASE
)
_NOT_DELIVERED = frozenset({"delivered", "relayed", "expanded"})


def read_bounce(head: Head, kind: str, text: str, reports: list[tuple[str, bytes]]) -> Bounce | None:
    """Return what a delivery report says, None if the mail is none. `kind` is the mail's own type."""
    if any(one in {"message/feedback-report", "message/disposition-notification"} for one, _ in reports):
        return None
    status_parts = [data for one, data in reports if one == "message/delivery-status"]
    originals = [data for one, data in reports if one in {"message/rfc822", "text/rfc822-headers"}]
    is_report = kind in {"multipart/report", "message/delivery-status"}
    is_robot = _is_daemon(head) or _is_office(head) or _has_null_sender(head) or head.first("auto-submitted")
    if status_parts and (is_report or is_robot):
        return _by_report(head, status_parts, originals, text)
    return _by_words(head, text, originals)


def original_head(originals: list[bytes]) -> Head | None:
    """Return the headers of the mail that came back."""
    for data in originals:
        fields, _ = read_fields(data, len(data) - len(data.lstrip()), len(data), Remarks())
        if fields:
            return Head(fields, Remarks())
    return None


def _by_report(head: Head, parts: list[bytes], originals: list[bytes], text: str) -> Bounce | None:
    told: list[tuple[str, str, str | None]] = []  # recipient, action, status
    diagnostic: str | None = None
    for data in parts:
        for fields in _groups(data):
            said = {field.name: decode_words(field.value, Remarks()) for field in reversed(fields)}
            final, first = _typed(said.get("final-recipient", "")), _typed(said.get("original-recipient", ""))
            if not final and not first:
                continue
            action = said.get("action", "").split("(")[0].strip().lower()
            number = _STATUS.search(said.get("status", ""))
            told.append((final if "@" in final or not first else first, action, number.group(1) if number else None))
            if action not in _NOT_DELIVERED:
                diagnostic = diagnostic or said.get("diagnostic-code")
    undelivered = [one for one in told if one[1] not in _NOT_DELIVERED]
    if told and not undelivered:
        return None
    # Of several recipients those count that will not get it any more.
    worst = [one for one in undelivered if one[1] == "failed"] or undelivered
    recipients = [recipient for recipient, _, _ in worst]
    status = next((number for _, _, number in worst if number), None)
    is_delayed = bool(worst) and all(action == "delayed" for _, action, _ in worst)
    words = read_words(text)
    for other in (_STATUS.search(diagnostic or ""), _STATUS.search(words.status or "")):
        if other and _is_better(other.group(1), status):
            status = other.group(1)
    named = recipients or list(words.recipients)
    return _bounce(head, named, status or words.meaning, originals, words, diagnostic, is_delayed=is_delayed)


def _is_better(other: str, status: str | None) -> bool:
    """Return whether another number of the same class says more: x.y.0 is "other or undefined" (RFC 3463)."""
    if status is None:
        return True
    return other[0] == status[0] and status.endswith(".0") and not other.endswith(".0")


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


def _by_words(head: Head, text: str, originals: list[bytes]) -> Bounce | None:
    """Read a report that is none by the standard. People pass such reports on: the headers have to bear it out."""
    failed = head.first("x-failed-recipients")
    subject = head.first("subject") or ""
    submitted = (head.first("auto-submitted") or "").lower()
    is_daemon = _is_daemon(head)
    is_report = "delivery-status" in (head.first("content-type") or "").lower()
    is_answer = submitted.startswith("auto-replied") or quotewords.FORWARD_SUBJECT.match(subject) is not None
    if not (is_daemon or failed or _has_null_sender(head) or submitted or _is_office(head)):
        return None
    words = read_words(text)
    says = words.is_certain or words.says_failure or says_failure(subject)
    # A mail system that returns a mail need not say why.
    returns = is_daemon and bool(says or words.recipients or originals)
    if not (failed or returns or (says and (is_report or not is_answer))):
        return None
    if is_answer and not (is_daemon or words.is_certain or failed or is_report):
        return None
    recipients = [match.group() for match in _ADDRESS.finditer(failed or "")] or list(words.recipients)
    status = words.status or words.meaning
    bounce = _bounce(head, recipients, status, originals, words, words.diagnostic, is_delayed=words.is_delay)
    is_certain = is_daemon or failed or is_report or _has_null_sender(head)
    return replace(bounce, is_guess=not is_certain)


def _bounce(
    head: Head,
    recipients: list[str],
    status: str | None,
    originals: list[bytes],
    words: BounceWords,
    diagnostic: str | None,
    *,
    is_delayed: bool,
) -> Bounce:
    returned = original_head(originals) or words.original
    message_id = ids.message_id(returned.first("message-id") or "") if returned else None
    if message_id is None:
        # Some servers answer to the mail instead of returning it.
        message_id = words.message_id or ids.message_id(head.first("in-reply-to") or head.first("references") or "")
    to = {box.address.lower() for box in head.addresses("to")}
    unique = list(dict.fromkeys(recipients))[:100]
    others = [address for address in unique if address.lower() not in to]
    if not unique and returned is not None:
        others = [box.address for box in returned.addresses("to") if box.address][:1]
    chosen = tuple(others or unique)
    return Bounce(
        recipient=chosen[0] if chosen else None,
        status=status,
        original_message_id=message_id,
        action="delayed" if is_delayed else "failed",
        recipients=chosen,
        diagnostic=diagnostic[:1_000] if diagnostic else None,
        original_headers=returned.as_pairs(most=limits.HEADER_TEXT) if returned else (),
    )


def _has_null_sender(head: Head) -> bool:
    return (head.first("return-path") or "").strip() == "<>"


def _is_daemon(head: Head) -> bool:
    return any(_DAEMON.match(box.address) or _DAEMON.match(box.name) for box in head.addresses("from"))


def _is_office(head: Head) -> bool:
    return any(_OFFICE.match(box.address) or _OFFICE.match(box.name) for box in head.addresses("from"))
