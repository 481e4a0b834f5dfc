"""What mail services report in forms of their own: complaints that only return the mail, notifications in JSON."""

import json
from typing import Any

from mail.parsing import ids, limits
from mail.parsing.bounces import original_head
from mail.parsing.parsed import Bounce

# In the returned mail, by Microsoft's Junk Mail Reporting Program, which sends nothing but that mail.
_COMPLAINED_OF = ("x-hmxmroriginalrecipient",)
# How Amazon SES names it in its notifications, and in those of its event destinations.
_KINDS = ("notificationType", "eventType")
_MOST_RECIPIENTS = 100
_MOST_HEADERS = 200


def is_complaint(reports: list[tuple[str, bytes]]) -> bool:
    """Return whether a mail came back because somebody called it spam."""
    originals = [data for kind, data in reports if kind == "message/rfc822"][:1]
    head = original_head(originals)
    return head is not None and any(head.first(name) is not None for name in _COMPLAINED_OF)


def is_notification(text: str) -> bool:
    """Return whether a mail is nothing but what Amazon SES says of another, passed on by SNS."""
    return _notification(text) is not None


def bounce_in(text: str) -> Bounce | None:
    """Return the bounce of which such a notification tells."""
    said = _notification(text)
    told = said.get("bounce") if said else None
    if said is None or not isinstance(told, dict):
        return None
    listed = told.get("bouncedRecipients")
    people = [one for one in listed if isinstance(one, dict)][:_MOST_RECIPIENTS] if isinstance(listed, list) else []
    recipients = tuple(dict.fromkeys(email for one in people if (email := _text(one, "emailAddress"))))
    is_final = _text(told, "bounceType").lower() == "permanent"
    status = next((number for one in people if (number := _text(one, "status"))), "5.0.0" if is_final else "4.0.0")
    return Bounce(
        recipient=recipients[0] if recipients else None,
        status=status[:20],
        original_message_id=_message_id(said.get("mail")),
        recipients=recipients,
        diagnostic=next((why[:1_000] for one in people if (why := _text(one, "diagnosticCode"))), None),
        original_headers=_headers(said.get("mail")),
    )


def _notification(text: str) -> dict[str, Any] | None:
    """Return what SES says, with the envelope of SNS or as it is (raw delivery)."""
    said = _json(text)
    if said is not None and isinstance(said.get("Message"), str):
        said = _json(said["Message"])
    is_one = said is not None and isinstance(said.get("mail"), dict) and any(_text(said, name) for name in _KINDS)
    return said if is_one else None


def _json(text: str) -> dict[str, Any] | None:
    text = text.strip()
    if not text.startswith("{") or len(text) > limits.TEXT:
        return None
    # SNS writes a line below what it delivers, and lines too long for SMTP were broken within the words.
    try:
        said, _end = json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _message_id(mail: object) -> str | None:
    if not isinstance(mail, dict):
        return None
    common = mail.get("commonHeaders")
    return ids.message_id(_text(common, "messageId")) if isinstance(common, dict) else None


def _headers(mail: object) -> tuple[tuple[str, str], ...]:
    """Return the headers of the mail as far as SES was asked to include them."""
    listed = mail.get("headers") if isinstance(mail, dict) else None
    fields = [one for one in listed if isinstance(one, dict)][:_MOST_HEADERS] if isinstance(listed, list) else []
    pairs = [(_text(one, "name"), _text(one, "value")) for one in fields]
    return tuple((name, value) for name, value in pairs if name)


def _text(of: dict[str, Any], name: str) -> str:
    value = of.get(name)
    return value.replace("\x00", "")[:2_000] if isinstance(value, str) else ""
