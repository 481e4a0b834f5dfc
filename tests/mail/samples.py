"""Mails that people send us, written by hand as bytes."""

from email.message import EmailMessage
from typing import Any

from mail import signing

SUPPORT = "support@example.com"


def mail(
    text: str = "We were billed twice.",
    *,
    sender: str = "Ada Byron <ada@example.org>",
    to: str = SUPPORT,
    subject: str = "The invoice of October is wrong",
    message_id: str = "<first@example.org>",
    html: str = "",
    files: tuple[tuple[str, str, bytes], ...] = (),
    **headers: Any,
) -> bytes:
    """Return a mail. Further headers are named with underscores: `in_reply_to="<…>"`; files are (name, type, bytes)."""
    message = EmailMessage()
    if sender:
        message["From"] = sender
    if to:
        message["To"] = to
    if subject:
        message["Subject"] = subject
    if message_id:
        message["Message-ID"] = message_id
    message["Date"] = headers.pop("date", "Mon, 02 Nov 2026 09:00:00 +0000")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    for name, kind, content in files:
        major, _, minor = kind.partition("/")
        message.add_attachment(content, maintype=major, subtype=minor, filename=name)
    return message.as_bytes()


def dsn(
    *,
    original_message_id: str,
    recipient: str = "ada@example.org",
    status: str = "5.1.1",
    mark: str | None = None,
    sender: str = "MAILER-DAEMON@mx.example.org",
    more: str = "",
) -> bytes:
    """Return a delivery status notification (RFC 3464) about a mail of ours, whose headers come back.

    `mark` is what X-Helpdesk-Return says in these, by default what our mail said, "" nothing; `more` are further
    headers of the notification, each with its line end.
    """
    said = signing.return_mark(original_message_id) if mark is None else mark
    returned = f"{signing.RETURN_HEADER}: {said}\r\n" if said else ""
    action = "delayed" if status.startswith("4") else "failed"
    return (
        f"{more}From: {sender}\r\nTo: helpdesk@example.com\r\nSubject: Undelivered Mail\r\n"
        "Message-ID: <dsn@mx.example.org>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 no such user\r\n\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Message-ID: {original_message_id}\r\n{returned}Subject: x\r\n\r\n"
        "--b--\r\n"
    ).encode()
