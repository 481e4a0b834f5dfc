"""What mail services post, as they document it, signed with keys of ours."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

SECRET = "hooks:a-long-secret-of-ours"
BASIC = {"Authorization": "Basic " + base64.b64encode(SECRET.encode()).decode()}
KEY = "key-0123456789abcdef"
SVIX = "whsec_" + base64.b64encode(b"svix-secret-of-ours").decode()
TO = "support@desk.example"
# Eight-bit words in a charset that is not UTF-8: they survive only where nobody reads them on the way.
MAIL = (
    b"From: Ada <ada@example.org>\r\nTo: Help <support@desk.example>\r\nSubject: Hook\r\n"
    b"Message-ID: <hook-1@example.org>\r\nDate: Mon, 02 Nov 2026 09:00:00 +0000\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9fe.\r\n"
)
HEADERS = [
    ["From", "Ada <ada@example.org>"],
    ["To", "Help <support@desk.example>"],
    ["Subject", "Hook"],
    ["Message-ID", "<hook-1@example.org>"],
    ["Date", "Mon, 02 Nov 2026 09:00:00 +0000"],
    ["Content-Transfer-Encoding", "base64"],
]

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def public_key(key: Any) -> str:
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return "".join(pem.decode().splitlines()[1:-1])


@dataclass(frozen=True)
class Post:
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


def as_json(payload: object, headers: Mapping[str, str] | None = None) -> Post:
    return Post(json.dumps(payload).encode(), headers or {})


def multipart(fields: Mapping[str, bytes], files: Mapping[str, tuple[str, str, bytes]] | None = None) -> Post:
    parts = [
        b'--limit\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value)
        for name, value in fields.items()
    ]
    for name, (file, kind, content) in (files or {}).items():
        head = f'Content-Disposition: form-data; name="{name}"; filename="{file}"\r\nContent-Type: {kind}'
        parts.append(b"--limit\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n")
    return Post(b"".join([*parts, b"--limit--\r\n"]), {}, "multipart/form-data; boundary=limit")


def signed_by_body(post: Post, header: str) -> Post:
    digest = hmac.new(KEY.encode(), post.body, hashlib.sha256).hexdigest()
    return Post(post.body, {header: digest}, post.content_type)


def svix(payload: object, *, at: float | None = None) -> Post:
    body, moment = json.dumps(payload).encode(), str(int(at or time.time()))
    key = base64.b64decode(SVIX.removeprefix("whsec_"))
    digest = base64.b64encode(hmac.new(key, f"msg_1.{moment}.".encode() + body, hashlib.sha256).digest()).decode()
    return Post(body, {"svix-id": "msg_1", "svix-timestamp": moment, "svix-signature": f"v1,AAAA v1,{digest}"})


def certificate(key: Any = RSA_KEY, *, since: timedelta = -timedelta(days=1)) -> bytes:
    """Return one that is good for a year from then on, as Amazon hands out its own."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    at = datetime.now(UTC) + since
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), at, at + YEAR)
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


YEAR = timedelta(days=365)
TOPIC = "arn:aws:sns:eu-west-1:123456789012:desk"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"


def sns_notice(message: str, **said: Any) -> dict[str, Any]:
    """Return what SNS posts, without its signature."""
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    notice = {"Type": "Notification", "MessageId": "sns-1", "TopicArn": TOPIC, "Message": message, "Timestamp": moment}
    return notice | {"SignatureVersion": "1", "SigningCertURL": CERTIFICATE_URL} | said


def sns_signed(notice: dict[str, Any], *, key: Any = RSA_KEY, over: dict[str, Any] | None = None) -> Post:
    """Return it as posted, signed over itself, or `over` another."""
    signed = over or notice
    names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{signed[name]}\n" for name in names if name in signed)
    digest = hashes.SHA256() if signed["SignatureVersion"] == "2" else hashes.SHA1()
    signature = base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), digest)).decode()
    said = {"x-amz-sns-message-type": notice["Type"], "x-amz-sns-message-id": notice["MessageId"], **BASIC}
    return as_json(notice | {"Signature": signature}, said)


def sns(event: object) -> Post:
    return sns_signed(sns_notice(json.dumps(event)))


def mailgun_form(*, at: float | None = None, **fields: bytes) -> Post:
    token, moment = b"a" * 50, str(int(at or time.time())).encode()
    digest = hmac.new(KEY.encode(), moment + token, hashlib.sha256).hexdigest().encode()
    signed = {"timestamp": moment, "token": token, "signature": digest, "recipient": TO.encode()}
    return multipart(signed | fields)


def mandrill(kind: str, events: object) -> Post:
    body = {"mandrill_events": json.dumps(events)}
    signed = f"http://localhost:8000/hooks/mail/mandrill/{kind}/mandrill_events{body['mandrill_events']}"
    digest = base64.b64encode(hmac.new(KEY.encode(), signed.encode(), hashlib.sha1).digest()).decode()
    return Post(urlencode(body).encode(), {"X-Mandrill-Signature": digest}, "application/x-www-form-urlencoded")


def postal(payload: object) -> Post:
    body = json.dumps(payload).encode()
    digest = RSA_KEY.sign(body, padding.PKCS1v15(), hashes.SHA1())
    return Post(body, {"X-Postal-Signature": base64.b64encode(digest).decode()})


def sendgrid_signed(payload: object) -> Post:
    body, moment = json.dumps(payload).encode(), "1762074000"
    digest = EC_KEY.sign(moment.encode() + body, ec.ECDSA(hashes.SHA256()))
    return Post(
        body,
        {
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(digest).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": moment,
        },
    )


def unisender(payload: dict[str, Any]) -> Post:
    text = json.dumps(payload | {"auth": KEY})
    digest = hashlib.md5(text.encode()).hexdigest()
    return Post(text.replace(KEY, digest).encode())


# service → its part of MAIL_HOOKS
OPTIONS: Mapping[str, Mapping[str, str]] = {
    "amazon_ses": {"secret": SECRET, "topics": TOPIC},
    "brevo": {"secret": SECRET},
    "mailersend": {"inbound_secret": KEY, "signing_secret": KEY},
    "mailgun": {"webhook_signing_key": KEY},
    "mailjet": {"secret": SECRET},
    "mailtrap": {"inbound_secret": KEY, "tracking_secret": KEY, "api_token": "token"},
    "mandrill": {"webhook_key": KEY},
    "postal": {"webhook_key": public_key(RSA_KEY)},
    "postmark": {"secret": SECRET},
    "resend": {"inbound_secret": SVIX, "signing_secret": SVIX, "api_key": "token"},
    "sendgrid": {"secret": SECRET},
    "sparkpost": {"secret": SECRET},
    "unisender_go": {"api_key": KEY},
}

_TEXT, _64 = MAIL.decode(), base64.b64encode(MAIL).decode()
# Services that post the mail as it came.
RAW: Mapping[str, Callable[[], Post]] = {
    "amazon_ses": lambda: sns(
        {
            "notificationType": "Received",
            "receipt": {"recipients": [TO], "action": {"type": "SNS", "encoding": "BASE64"}},
            "mail": {"messageId": "ses-1", "timestamp": "2026-11-02T09:00:00.000Z", "source": "ada@example.org"},
            "content": _64,
        }
    ),
    "mailersend": lambda: signed_by_body(
        as_json(
            {
                "type": "inbound.message",
                "data": {"id": "ms-1", "recipients": {"rcptTo": [{"email": TO}]}, "raw": _TEXT},
            }
        ),
        "Signature",
    ),
    "mailgun": lambda: mailgun_form(**{"body-mime": MAIL}),
    "mailtrap": lambda: signed_by_body(
        as_json({"events": [{"event": "inbound.message_received", "inbox_id": 7, "message_id": "m-1"}]}),
        "Mailtrap-Signature",
    ),
    "mandrill": lambda: mandrill(
        "inbound", [{"event": "inbound", "ts": 1762074000, "msg": {"raw_msg": _TEXT, "email": TO}}]
    ),
    "postal": lambda: postal({"id": 1, "rcpt_to": TO, "mail_from": "ada@example.org", "message": _64, "base64": True}),
    "postmark": lambda: as_json({"RawEmail": _TEXT, "OriginalRecipient": TO, "MessageID": "pm-1"}, BASIC),
    "resend": lambda: svix({"type": "email.received", "data": {"email_id": "re-1", "to": [TO]}}),
    "sendgrid": lambda: _with_basic(
        multipart({"email": MAIL, "envelope": json.dumps({"to": [TO], "from": ""}).encode()})
    ),
    "sparkpost": lambda: as_json(
        [
            {"msys": {}},
            {
                "msys": {
                    "relay_message": {
                        "protocol": "smtp",
                        "rcpt_to": TO,
                        "content": {"email_rfc822": _64, "email_rfc822_is_base64": True},
                    }
                }
            },
        ],
        BASIC,
    ),
}
# Services that post what they read in it; mails in these forms are built anew.
READ: Mapping[str, Callable[[], Post]] = {
    "brevo": lambda: as_json(
        {
            "items": [
                {
                    "Uuid": ["br-1"],
                    "Headers": {**dict(HEADERS), "Delivered-To": TO},
                    "RawTextBody": "Grüße.",
                    "Attachments": [],
                }
            ]
        },
        BASIC,
    ),
    "mailgun": lambda: mailgun_form(
        **{
            "message-headers": json.dumps(HEADERS).encode(),
            "body-plain": "Grüße.".encode(),
            "sender": b"ada@example.org",
        }
    ),
    "mailjet": lambda: as_json(
        {"Recipient": TO, "Sender": "ada@example.org", "Headers": dict(HEADERS), "Text-part": "Grüße.", "Parts": []},
        BASIC,
    ),
    "postmark": lambda: as_json(
        {
            "FromFull": {"Email": "ada@example.org", "Name": "Ada"},
            "ToFull": [{"Email": TO, "Name": "Help"}],
            "OriginalRecipient": TO,
            "MessageID": "pm-2",
            "Subject": "Hook",
            "Headers": [{"Name": "Message-ID", "Value": "<hook-1@example.org>"}],
            "TextBody": "Grüße.",
            "Attachments": [{"Name": "a.txt", "ContentType": "text/plain", "Content": "YQ=="}],
        },
        BASIC,
    ),
    "sendgrid": lambda: _with_basic(
        multipart(
            {
                "headers": "\n".join(f"{name}: {value}" for name, value in HEADERS).encode(),
                "text": "Grüße.".encode(),
                "charsets": b'{"text": "utf-8"}',
                "envelope": json.dumps({"to": [TO], "from": "ada@example.org"}).encode(),
            }
        )
    ),
}


def _with_basic(post: Post) -> Post:
    return Post(post.body, {**post.headers, **BASIC}, post.content_type)


def tracked(message_id: str, service_id: str, to: str) -> Mapping[str, Post]:
    """Return service → a hook that says that the mail came back for good."""
    bare = message_id.strip("<>")
    return {
        "amazon_ses": sns(
            {
                "eventType": "Bounce",
                "mail": {"messageId": service_id, "destination": [to]},
                "bounce": {
                    "bounceType": "Permanent",
                    "bounceSubType": "General",
                    "bouncedRecipients": [{"emailAddress": to, "diagnosticCode": "smtp; 550 5.1.1 user unknown"}],
                },
            }
        ),
        "brevo": as_json(
            {
                "event": "hard_bounce",
                "email": to,
                "message-id": service_id,
                "reason": "550 5.1.1 unknown",
                "ts_epoch": 1,
            },
            BASIC,
        ),
        "mailersend": signed_by_body(
            as_json(
                {
                    "type": "activity.hard_bounced",
                    "data": {
                        "type": "hard_bounced",
                        "email": {"message": {"id": service_id}, "recipient": {"email": to}},
                        "morph": {"object": "recipient_bounce", "reason": "550 5.1.1 unknown"},
                    },
                }
            ),
            "Signature",
        ),
        "mailgun": as_json(
            {
                "signature": _mailgun_signature(),
                "event-data": {
                    "event": "failed",
                    "severity": "permanent",
                    "timestamp": 1762074000.0,
                    "recipient": to,
                    "message": {"headers": {"message-id": bare}},
                    "delivery-status": {"message": "550 5.1.1 unknown", "description": ""},
                    "reason": "bounce",
                },
            }
        ),
        "mailjet": as_json(
            [{"event": "bounce", "time": 1762074000, "MessageID": service_id, "email": to, "error": "user unknown"}],
            BASIC,
        ),
        "mailtrap": signed_by_body(
            as_json(
                {
                    "events": [
                        {
                            "event": "bounce",
                            "timestamp": 1762074000,
                            "message_id": service_id,
                            "email": to,
                            "response": "550 5.1.1 unknown",
                        }
                    ]
                }
            ),
            "Mailtrap-Signature",
        ),
        "mandrill": mandrill(
            "tracking",
            [
                {
                    "event": "hard_bounce",
                    "ts": 1762074000,
                    "_id": service_id,
                    "msg": {"email": to, "diag": "smtp;550 5.1.1 unknown", "tags": [], "metadata": {}},
                }
            ],
        ),
        "postal": postal(
            {
                "uuid": "u",
                "timestamp": 1762074000,
                "payload": {
                    "original_message": {"id": service_id, "to": to, "direction": "outgoing", "tag": None},
                    "bounce": {"id": 2},
                },
            }
        ),
        "postmark": as_json(
            {
                "RecordType": "Bounce",
                "Type": "HardBounce",
                "MessageID": service_id,
                "Email": to,
                "Details": "550 5.1.1 unknown",
                "BouncedAt": "2026-11-02T09:00:00Z",
                "Metadata": {},
            },
            BASIC,
        ),
        "resend": svix(
            {
                "type": "email.bounced",
                "created_at": "2026-11-02T09:00:00Z",
                "data": {
                    "email_id": service_id,
                    "to": [to],
                    "headers": [],
                    "bounce": {"message": "a bounce message 5.1.1"},
                },
            }
        ),
        "sendgrid": as_json(
            [
                {
                    "event": "bounce",
                    "timestamp": 1762074000,
                    "email": to,
                    "anymail_id": service_id,
                    "smtp-id": message_id,
                    "reason": "550 5.1.1 unknown",
                }
            ],
            BASIC,
        ),
        "sparkpost": as_json(
            [
                {
                    "msys": {
                        "message_event": {
                            "type": "bounce",
                            "timestamp": "1762074000",
                            "transmission_id": service_id,
                            "raw_rcpt_to": to,
                            "bounce_class": "10",
                            "raw_reason": "550 5.1.1 unknown",
                        }
                    }
                }
            ],
            BASIC,
        ),
        "unisender_go": unisender(
            {
                "events_by_user": [
                    {
                        "events": [
                            {
                                "event_name": "transactional_email_status",
                                "event_data": {
                                    "job_id": "job",
                                    "metadata": {"anymail_id": service_id},
                                    "email": to,
                                    "status": "hard_bounced",
                                    "event_time": "2026-11-02 09:00:00",
                                    "delivery_info": {
                                        "delivery_status": "err_user_unknown",
                                        "destination_response": "550 5.1.1 unknown",
                                    },
                                },
                            }
                        ]
                    }
                ]
            }
        ),
    }


def _mailgun_signature() -> dict[str, str]:
    moment, token = str(int(time.time())), "b" * 50
    digest = hmac.new(KEY.encode(), f"{moment}{token}".encode(), hashlib.sha256).hexdigest()
    return {"timestamp": moment, "token": token, "signature": digest}
