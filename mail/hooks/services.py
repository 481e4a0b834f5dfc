"""The services' views of anymail, made ours: their signatures, and their events, without its signals."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any, cast
from urllib.parse import urljoin

from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure
from anymail.inbound import AnymailInboundMessage
from anymail.utils import get_request_basic_auth
from anymail.webhooks import (
    amazon_ses,
    brevo,
    mailersend,
    mailgun,
    mailjet,
    mailtrap,
    mandrill,
    postal,
    postmark,
    resend,
    sendgrid,
    sparkpost,
    unisender_go,
)
from anymail.webhooks.base import AnymailBaseWebhookView
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.timezone import now

from mail.hooks import bodies, sns
from mail.hooks.config import INBOUND, SECRET, TOPICS, TRACKING, Hooks

# The one clock and the other (Standard Webhooks: five minutes).
TOLERANCE = 300.0
LAST_TRY = 24 * 3600.0


class _Amazon(amazon_ses.AmazonSESBaseWebhookView):  # type: ignore[misc]  # no types
    """Without Amazon's library, which is wanted only for mails that it puts into a bucket."""

    # Amazon's signature is asked for, and the topic.
    warn_if_no_basic_auth = False

    def __init__(self, **options: Any) -> None:
        self.topics = frozenset(options.pop(TOPICS).split(","))
        for name in ("bucket", "region"):
            options.pop(name, None)
        AnymailBaseWebhookView.__init__(self, **options)

    def validate_request(self, request: HttpRequest) -> None:
        # Besides what anymail's own asks.
        sns.verify(self._parse_sns_message(request), self.topics, at=now())

    def auto_confirm_sns_subscription(self, sns_message: Any) -> None:
        """Confirm what a topic of ours wants: that it is one, and Amazon's word, was shown by now."""
        sns.confirm(str(sns_message["SubscribeURL"]))


class AmazonInbound(_Amazon, amazon_ses.AmazonSESInboundWebhookView):  # type: ignore[misc]  # no types
    pass


class AmazonTracking(_Amazon, amazon_ses.AmazonSESTrackingWebhookView):  # type: ignore[misc]  # no types
    pass


class BrevoInbound(brevo.BrevoInboundWebhookView):  # type: ignore[misc]  # no types
    api_key = ""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"api_key": "", **options})

    def _fetch_attachment(self, attachment: Any) -> Any:
        """Fetch a file, with an end to the waiting, and to the file."""
        url = urljoin(self.api_url, f"inbound/attachments/{attachment['DownloadToken']}")
        answer = bodies.fetched(url, {"api-key": self.api_key})
        return AnymailInboundMessage.construct_attachment(
            content_type=answer.headers.get("Content-Type") or attachment["ContentType"],
            content=answer.content,
            filename=attachment.get("Name"),
            content_id=attachment.get("ContentID"),
        )


class _Svix(AnymailBaseWebhookView):  # type: ignore[misc]  # no types
    """Svix' signatures (Standard Webhooks) without its library: the digest of id, time and body."""

    warn_if_no_basic_auth = False

    def __init__(self, **options: Any) -> None:
        self.svix_secret = options.pop("inbound_secret", "") or options.pop("signing_secret", "")
        AnymailBaseWebhookView.__init__(self, **options)
        # Anymail's own asks Svix' library.
        self.validators = [_Svix.validate_request]

    def validate_request(self, request: HttpRequest) -> None:
        said = request.headers
        identity, moment = said.get("svix-id", ""), said.get("svix-timestamp", "")
        if not moment.isdecimal() or abs(time.time() - int(moment)) > TOLERANCE:
            raise AnymailWebhookValidationFailure("it was signed too long ago")
        key = base64.b64decode(self.svix_secret.removeprefix("whsec_"))
        signed = f"{identity}.{moment}.".encode() + request.body
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        given = [each.partition(",")[2] for each in said.get("svix-signature", "").split()[:10]]
        if not any(constant_time_compare(each, expected) for each in given):
            raise AnymailWebhookValidationFailure("it is not signed with our secret")


class ResendInbound(_Svix):
    esp_name = "Resend"


class ResendTracking(_Svix, resend.ResendTrackingWebhookView):  # type: ignore[misc]  # no types
    pass


class MailtrapInbound(mailtrap.MailtrapInboundWebhookView):  # type: ignore[misc]  # no types
    pass


def _require_recent(moment: object) -> None:
    """Raise AnymailWebhookValidationFailure for a signature that is old: Mailgun's says nothing of what was posted.

    Who got hold of one could post anything by it. Mailgun tries for eight hours.
    """
    text = str(moment)
    if not (text.isascii() and text.isdecimal() and abs(time.time() - int(text[:15])) < LAST_TRY):
        raise AnymailWebhookValidationFailure("it was signed too long ago")


class MailgunInbound(mailgun.MailgunInboundWebhookView):  # type: ignore[misc]  # no types
    """Signed over a token and a time. They are read to the byte and without Django's limit for forms."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.validators = [MailgunInbound.validate_request]

    def validate_request(self, request: HttpRequest) -> None:
        fields = cast(Any, request).hook_form
        signed = fields.get("timestamp", b"") + fields.get("token", b"")
        expected = hmac.new(self.webhook_signing_key, signed, hashlib.sha256).hexdigest()
        if not constant_time_compare(fields.get("signature", b"").decode("ascii", "replace"), expected):
            raise AnymailWebhookValidationFailure("it is not signed with our key")
        _require_recent(fields.get("timestamp", b"").decode("ascii", "replace"))


class MailgunTracking(mailgun.MailgunTrackingWebhookView):  # type: ignore[misc]  # no types
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.validators = [MailgunTracking.validate_request]

    def validate_request(self, request: HttpRequest) -> None:
        super().validate_request(request)
        said = json.loads(request.body)["signature"] if request.content_type == "application/json" else request.POST
        _require_recent(said["timestamp"])


VIEWS: dict[tuple[str, str], type[Any]] = {
    ("amazon_ses", INBOUND): AmazonInbound,
    ("amazon_ses", TRACKING): AmazonTracking,
    ("brevo", INBOUND): BrevoInbound,
    ("brevo", TRACKING): brevo.BrevoTrackingWebhookView,
    ("mailersend", INBOUND): mailersend.MailerSendInboundWebhookView,
    ("mailersend", TRACKING): mailersend.MailerSendTrackingWebhookView,
    ("mailgun", INBOUND): MailgunInbound,
    ("mailgun", TRACKING): MailgunTracking,
    ("mailjet", INBOUND): mailjet.MailjetInboundWebhookView,
    ("mailjet", TRACKING): mailjet.MailjetTrackingWebhookView,
    ("mailtrap", INBOUND): MailtrapInbound,
    ("mailtrap", TRACKING): mailtrap.MailtrapTrackingWebhookView,
    ("mandrill", INBOUND): mandrill.MandrillCombinedWebhookView,
    ("mandrill", TRACKING): mandrill.MandrillCombinedWebhookView,
    ("postal", INBOUND): postal.PostalInboundWebhookView,
    ("postal", TRACKING): postal.PostalTrackingWebhookView,
    ("postmark", INBOUND): postmark.PostmarkInboundWebhookView,
    ("postmark", TRACKING): postmark.PostmarkTrackingWebhookView,
    ("resend", INBOUND): ResendInbound,
    ("resend", TRACKING): ResendTracking,
    ("sendgrid", INBOUND): sendgrid.SendGridInboundWebhookView,
    ("sendgrid", TRACKING): sendgrid.SendGridTrackingWebhookView,
    ("sparkpost", INBOUND): sparkpost.SparkPostInboundWebhookView,
    ("sparkpost", TRACKING): sparkpost.SparkPostTrackingWebhookView,
    ("unisender_go", TRACKING): unisender_go.UnisenderGoTrackingWebhookView,
}


def verifier(hooks: Hooks, kind: str, *, url: str) -> Any:
    """Return anymail's view of the service, told its options. It is asked for signatures and events, nothing else.

    `url` is where the service posts to: Mandrill signs it.
    """
    others = {"signing_secret", "tracking_secret"} if kind == INBOUND else {"inbound_secret"}
    options = {name: value for name, value in hooks.options.items() if name not in others and name != SECRET}
    if hooks.name == "mandrill":
        options.setdefault("webhook_url", url)
    secrets = [hooks.options[SECRET]] if SECRET in hooks.options else []
    return VIEWS[hooks.name, kind](webhook_secret=secrets, **options)


def verify_secret(hooks: Hooks, request: HttpRequest) -> None:
    """Raise AnymailWebhookValidationFailure where a secret is wanted and not shown. Reads nothing of the body."""
    if secret := hooks.options.get(SECRET):
        given = get_request_basic_auth(request) or ""
        if not constant_time_compare(given.encode(), secret.encode()):
            raise AnymailWebhookValidationFailure("the secret is missing or wrong")


def verify(view: Any, hooks: Hooks, request: HttpRequest) -> None:
    """Raise AnymailWebhookValidationFailure unless the service sent this, who showed the secret already.

    Raises OSError where that cannot be told now.
    """
    try:
        view.run_validators(request)
    except (AnymailWebhookValidationFailure, OSError):
        raise
    except (AnymailError, KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise AnymailWebhookValidationFailure("it cannot be read") from error
