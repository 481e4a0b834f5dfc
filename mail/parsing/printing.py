"""A parsed mail as plain data for JSON, as `manage.py parse_mail` prints it."""

from datetime import datetime
from typing import Any

from mail.parsing.parsed import Attachment, Bounce, Mailbox, ParsedMail


def as_data(mail: ParsedMail) -> dict[str, Any]:
    """Return every key, always: texts, numbers, lists and None. `warnings` are codes (`mail.parsing.remarks`)."""
    return {
        "subject": mail.subject,
        "from": _mailbox(mail.from_) if mail.from_ else None,
        "to": [_mailbox(one) for one in mail.to],
        "cc": [_mailbox(one) for one in mail.cc],
        "reply_to": [_mailbox(one) for one in mail.reply_to],
        "date": _moment(mail.date),
        "message_id": mail.message_id,
        "in_reply_to": mail.in_reply_to,
        "references": list(mail.references),
        "text": mail.text,
        "html": mail.html,
        "reply_text": mail.reply_text,
        "quoted_text": mail.quoted_text,
        "attachments": [_attachment(one) for one in mail.attachments],
        "auto_reply": mail.auto_reply,
        "bulk": mail.bulk,
        "bounce": _bounce(mail.bounce) if mail.bounce else None,
        "priority": mail.priority,
        "warnings": list(dict.fromkeys(remark.code for remark in mail.warnings)),
    }


def _mailbox(mailbox: Mailbox) -> dict[str, str]:
    return {"name": mailbox.name, "address": mailbox.address}


def _moment(moment: datetime | None) -> str | None:
    """Return such as "2026-01-02T03:04:05Z"."""
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def _attachment(one: Attachment) -> dict[str, Any]:
    return {
        "name": one.name,
        "type": one.type,
        "size": one.size,
        "sha256": one.sha256,
        "inline": one.inline,
        "content_id": one.content_id,
    }


def _bounce(bounce: Bounce) -> dict[str, str | None]:
    return {
        "recipient": bounce.recipient,
        "status": bounce.status,
        "original_message_id": bounce.original_message_id,
    }
