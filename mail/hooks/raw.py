"""Mails that services post as they came: taken out to the byte. Reading them first would change what was signed.

Each function returns the mails of one request, or None where the service posted fields that it had read itself.
"""

import json
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests

from mail.hooks import bodies, s3
from mail.hooks.bodies import form_fields

RESEND, MAILTRAP = "https://api.resend.com/", "https://mailtrap.io/api/"


@dataclass(frozen=True, slots=True)
class Posted:
    """A mail, whom its envelope was addressed to, and how the service calls it; "" where it does not say."""

    raw: bytes = field(repr=False)
    recipient: str = ""
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    body: bytes = field(repr=False)
    content_type: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, bytes]:
        return form_fields(self.body, self.content_type)


def _amazon_ses(request: Request) -> Sequence[Posted] | None:
    notice = request.json
    if notice.get("Type") != "Notification":
        return None
    event = json.loads(notice["Message"])
    receipt = event.get("receipt") or {}
    action = receipt.get("action") or {}
    if event.get("notificationType") != "Received" or action.get("type") not in {"SNS", "S3"}:
        return None
    if action["type"] == "S3":
        said, options = (action.get("bucketName"), action.get("objectKey")), request.options
        raw = s3.fetched(*said, ours=options.get("bucket", ""), region=options.get("region", ""))
    else:
        content = event["content"]
        raw = b64decode(content) if action.get("encoding") == "BASE64" else _bytes(content)
    recipients = receipt.get("recipients") or [""]
    return [Posted(raw, recipients[0], (event.get("mail") or {}).get("messageId") or "")]


def _mailersend(request: Request) -> Sequence[Posted] | None:
    event = request.json
    if event.get("type") != "inbound.message":
        return None
    data = event["data"]
    to = (data.get("recipients") or {}).get("rcptTo") or [{}]
    return [Posted(_bytes(data["raw"]), to[0].get("email") or "", data.get("id") or "")]


def _mailgun(request: Request) -> Sequence[Posted] | None:
    fields = request.form
    if "body-mime" not in fields:
        return None
    return [Posted(fields["body-mime"], _text(fields.get("recipient")), _text(fields.get("token")))]


def _mandrill(request: Request) -> Sequence[Posted] | None:
    events = json.loads(request.form["mandrill_events"])
    mails = [event["msg"] for event in events if event.get("event") == "inbound"]
    return [Posted(_bytes(one["raw_msg"]), one.get("email") or "") for one in mails]


def _postal(request: Request) -> Sequence[Posted] | None:
    event = request.json
    if "rcpt_to" not in event:
        return None
    raw = b64decode(event["message"]) if event.get("base64") is True else _bytes(event["message"])
    return [Posted(raw, event["rcpt_to"] or "", str(event.get("id") or ""))]


def _postmark(request: Request) -> Sequence[Posted] | None:
    event = request.json
    if "RawEmail" not in event:
        return None
    return [Posted(_bytes(event["RawEmail"]), event.get("OriginalRecipient") or "", event.get("MessageID") or "")]


def _sendgrid(request: Request) -> Sequence[Posted] | None:
    fields = request.form
    if "email" not in fields:
        return None
    envelope = json.loads(fields.get("envelope") or b"{}")
    return [Posted(fields["email"], (envelope.get("to") or [""])[0])]


def _sparkpost(request: Request) -> Sequence[Posted] | None:
    found = []
    for event in request.json:
        relayed = event.get("msys", {}).get("relay_message")
        if relayed is None:
            continue
        content = relayed["content"]
        said = content["email_rfc822"]
        raw = b64decode(said) if content.get("email_rfc822_is_base64") else _bytes(said)
        found.append(Posted(raw, relayed.get("rcpt_to") or "", str(relayed.get("message_id") or "")))
    return found


def _resend(request: Request) -> Sequence[Posted] | None:
    event = request.json
    if event.get("type") != "email.received":
        return None
    data, headers = event["data"], {"Authorization": f"Bearer {request.options['api_key']}"}
    told = _fetched(f"{RESEND}emails/receiving/{quote(str(data['email_id']), safe='')}", headers).json()
    raw = _fetched(told["raw"]["download_url"]).content
    return [Posted(raw, (told.get("to") or data.get("to") or [""])[0], str(data["email_id"]))]


def _mailtrap(request: Request) -> Sequence[Posted] | None:
    found = []
    headers = {"Authorization": f"Bearer {request.options['api_token']}"}
    for event in request.json.get("events", []):
        # Inbox 1 is that of a test message, which there is not.
        if event["event"] not in {"inbound.message_received", "inbound_message_received"} or event["inbox_id"] == 1:
            continue
        inbox, message = quote(str(event["inbox_id"]), safe=""), quote(str(event["message_id"]), safe="")
        told = _fetched(f"{MAILTRAP}inbound/inboxes/{inbox}/messages/{message}", headers).json()
        found.append(Posted(_fetched(told["raw_message_url"]).content, "", f"{inbox}/{message}"))
    return found


READERS: Mapping[str, Callable[[Request], Sequence[Posted] | None]] = {
    "amazon_ses": _amazon_ses,
    "mailersend": _mailersend,
    "mailgun": _mailgun,
    "mailtrap": _mailtrap,
    "mandrill": _mandrill,
    "postal": _postal,
    "postmark": _postmark,
    "resend": _resend,
    "sendgrid": _sendgrid,
    "sparkpost": _sparkpost,
}


def _fetched(url: str, headers: Mapping[str, str] | None = None) -> requests.Response:
    """Ask the service for the rest, as `bodies.fetched` does."""
    return bodies.fetched(url, headers or {})


def _bytes(text: str) -> bytes:
    """Return the mail that was put into JSON: what was no text is lost already."""
    return text.encode("utf-8", "replace")


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")
