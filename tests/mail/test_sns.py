"""Amazon SNS: taken is what Amazon signed lately for a topic that we named, and nothing else."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import requests
from anymail.exceptions import AnymailWebhookValidationFailure
from cryptography.hazmat.primitives.asymmetric import rsa
from django.http import HttpResponse
from django.test import Client

from mail.hooks import sns
from mail.hooks.config import INBOUND, TRACKING, Hooks
from mail.models import IncomingMail
from tests.mail import hooks
from tests.mail.hooks import CERTIFICATE_URL, TO, TOPIC, Post, sns_notice, sns_signed

pytestmark = pytest.mark.django_db

HOST = "https://sns.eu-west-1.amazonaws.com"
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SHORT_KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)
CONFIRM = f"{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t"


class Amazon:
    """What lies at Amazon's addresses, and how often each was asked for."""

    def __init__(self) -> None:
        self.certificate: bytes | Exception = hooks.certificate()
        self.asked: list[str] = []

    def fetched(self, url: str) -> bytes:
        self.asked.append(url)
        if isinstance(self.certificate, Exception):
            raise self.certificate
        return self.certificate


@pytest.fixture(autouse=True)
def amazon(settings, monkeypatch):
    settings.MAIL_HOOKS = {"amazon_ses": Hooks("amazon_ses", {"topics": f"{TOPIC},{TOPIC}-2"})}
    settings.PUBLIC_URL = "http://localhost:8000"
    amazon = Amazon()
    sns._certificate.cache_clear()
    monkeypatch.setattr(sns, "_fetched", amazon.fetched)
    yield amazon
    sns._certificate.cache_clear()


def mail_event() -> str:
    receipt = {"recipients": [TO], "action": {"type": "SNS", "encoding": "UTF-8"}}
    event = {"notificationType": "Received", "receipt": receipt, "mail": {"messageId": "ses-1"}}
    return json.dumps(event | {"content": hooks.MAIL.decode()})


def post(said: Post, kind: str = INBOUND) -> HttpResponse:
    headers = {name: value for name, value in said.headers.items() if name != "Authorization"}
    path = f"/hooks/mail/amazon_ses/{kind}/"
    return Client().generic("POST", path, said.body, content_type="text/plain; charset=UTF-8", headers=headers)


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("more", [{}, {"Subject": "Amazon SES Email Receipt"}, {"TopicArn": f"{TOPIC}-2"}])
def test_what_amazon_signed_for_our_topic_is_taken(version, more):
    assert post(sns_signed(sns_notice(mail_event(), SignatureVersion=version, **more))).status_code == 200

    assert IncomingMail.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Message", mail_event().replace("Gr", "gr")),
        ("MessageId", "sns-2"),
        ("Subject", "Added"),
        ("TopicArn", f"{TOPIC}-2"),
        ("Timestamp", "2026-11-02T09:00:00.000Z"),
        ("Type", "UnsubscribeConfirmation"),
        ("SignatureVersion", "2"),
        ("SignatureVersion", "3"),
        ("SignatureVersion", None),
        ("Message", {"no": "text"}),
    ],
)
def test_what_was_changed_after_it_was_signed_is_refused(field, value):
    good = sns_notice(mail_event())

    assert post(sns_signed(good | {field: value}, over=good)).status_code == 403
    assert not IncomingMail.objects.exists()


@pytest.mark.parametrize("signature", ["", "AAAA", "no base64!", None])
def test_what_is_not_signed_is_refused(signature):
    said = sns_signed(sns_notice(mail_event()))
    body = json.dumps(json.loads(said.body) | {"Signature": signature}).encode()

    assert post(Post(body, said.headers)).status_code == 403


def test_what_another_key_signed_is_refused():
    assert post(sns_signed(sns_notice(mail_event()), key=OTHER_KEY)).status_code == 403


@pytest.mark.parametrize("topic", ["arn:aws:sns:eu-west-1:999999999999:theirs", f"{TOPIC}x", "", None, [TOPIC]])
def test_what_amazon_signed_for_somebody_else_is_refused_and_nothing_asked_for(amazon, topic):
    assert post(sns_signed(sns_notice(mail_event(), TopicArn=topic))).status_code == 403
    assert amazon.asked == []


@pytest.mark.parametrize(
    "url",
    [
        CERTIFICATE_URL.replace("https", "http"),
        CERTIFICATE_URL.replace(".com/", ".com.evil.example/"),
        CERTIFICATE_URL.replace(".com/", ".com:8443/"),
        CERTIFICATE_URL.replace(".com/", ".com@evil.example/"),
        CERTIFICATE_URL.replace("https://", "https://evil.example\\@"),
        # Whose bucket is that?
        CERTIFICATE_URL.replace("sns.eu-west-1", "sns.s3"),
        CERTIFICATE_URL.replace("sns.eu-west-1", "sns.s3-eu-west-1"),
        CERTIFICATE_URL.replace("sns.eu-west-1", "sns.s3.eu-west-1"),
        # The same host says what who asks it wishes.
        f"{HOST}/?Action=GetEndpointAttributes&x=/SimpleNotificationService-0123456789abcdef.pem",
        f"{CERTIFICATE_URL}?Action=x",
        f"{HOST}/x/../SimpleNotificationService-0123456789abcdef.pem",
        f"{CERTIFICATE_URL}#x",
        "https://[sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "",
        None,
    ],
)
def test_a_certificate_from_elsewhere_is_not_even_fetched(amazon, url):
    assert post(sns_signed(sns_notice(mail_event(), SigningCertURL=url))).status_code == 403
    assert amazon.asked == []


@pytest.mark.parametrize("region", ["us-east-1", "us-gov-west-1", "ap-southeast-12", "cn-north-1.cn"])
def test_amazon_s_regions_are_known(amazon, region):
    host, _dot, country = region.partition(".")
    url = CERTIFICATE_URL.replace("eu-west-1", host).replace(".com/", f".com{_dot}{country}/")

    assert post(sns_signed(sns_notice(mail_event(), SigningCertURL=url))).status_code == 200
    assert amazon.asked == [url]


@pytest.mark.parametrize(
    ("certificate", "key"),
    [
        (hooks.certificate(since=timedelta(days=1)), hooks.RSA_KEY),
        (hooks.certificate(since=-timedelta(days=366)), hooks.RSA_KEY),
        (hooks.certificate(hooks.EC_KEY), hooks.RSA_KEY),
        (hooks.certificate(SHORT_KEY), SHORT_KEY),
        (b"no certificate", hooks.RSA_KEY),
        (AnymailWebhookValidationFailure("its certificate is not there"), hooks.RSA_KEY),
    ],
    ids=["not yet", "no more", "another kind", "short", "none", "gone"],
)
def test_a_certificate_that_is_none_now_proves_nothing(amazon, certificate, key):
    amazon.certificate = certificate

    assert post(sns_signed(sns_notice(mail_event()), key=key)).status_code == 403


def test_a_certificate_that_cannot_be_had_now_is_no_refusal(amazon):
    amazon.certificate = requests.ConnectionError("nobody there")
    said = sns_signed(sns_notice(mail_event()))

    assert post(said).status_code == 503
    amazon.certificate = hooks.certificate()
    assert post(said).status_code == 200


def test_a_certificate_is_fetched_once(amazon):
    for number in range(3):
        assert post(sns_signed(sns_notice(mail_event(), MessageId=f"sns-{number}"))).status_code == 200

    assert amazon.asked == [CERTIFICATE_URL]


@pytest.mark.parametrize(
    ("ago", "status"), [(timedelta(hours=2), 200), (timedelta(hours=25), 403), (-timedelta(hours=1), 403)]
)
def test_what_was_signed_long_ago_is_refused(ago, status):
    moment = (datetime.now(UTC) - ago).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    assert post(sns_signed(sns_notice(mail_event(), Timestamp=moment))).status_code == status


@pytest.mark.parametrize("moment", ["", "yesterday", "2026-11-02T09:00:00", "2026-13-02T09:00:00Z", None])
def test_a_time_that_is_none_is_refused(moment):
    assert post(sns_signed(sns_notice(mail_event(), Timestamp=moment))).status_code == 403


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"null", b"1", b"{}", b"[" * 100_000, b"\xff", b""])
def test_what_is_no_message_is_refused(body):
    headers = {"x-amz-sns-message-type": "Notification", "x-amz-sns-message-id": "sns-1"}

    assert post(Post(body, headers)).status_code == 403


def test_the_secret_is_asked_for_besides_where_there_is_one(settings):
    settings.MAIL_HOOKS = {"amazon_ses": Hooks("amazon_ses", hooks.OPTIONS["amazon_ses"])}
    said = sns_signed(sns_notice(mail_event()))

    response = post(said)
    assert (response.status_code, response["WWW-Authenticate"]) == (401, 'Basic realm="hooks"')
    client = Client(headers=hooks.BASIC)
    assert client.generic("POST", "/hooks/mail/amazon_ses/inbound/", said.body, headers=said.headers).status_code == 200


# --- Subscriptions ---------------------------------------------------------------------------------------


@pytest.fixture
def confirmed(monkeypatch) -> list[str]:
    asked: list[str] = []

    class Answer:
        def raise_for_status(self) -> None:
            asked.append("confirmed")

    monkeypatch.setattr("mail.hooks.sns.requests.get", lambda url, **given: (asked.append(url), Answer())[1])
    return asked


def subscription(**said: str) -> dict[str, str]:
    confirmation = {"Type": "SubscriptionConfirmation", "Token": "t", "SubscribeURL": CONFIRM}
    return sns_notice("You have chosen to subscribe.", **confirmation | said)


@pytest.mark.parametrize("kind", [INBOUND, TRACKING])
def test_a_subscription_of_our_topic_is_confirmed(confirmed, kind):
    assert post(sns_signed(subscription()), kind).status_code == 200
    assert confirmed == [CONFIRM, "confirmed"]


@pytest.mark.parametrize(
    "changed",
    [
        {"TopicArn": "arn:aws:sns:eu-west-1:999999999999:theirs"},
        {"SubscribeURL": "https://evil.example/"},
        {"SubscribeURL": CONFIRM.replace("https", "http")},
        {"SubscribeURL": CONFIRM.replace(".com/", ".com.evil.example/")},
    ],
)
def test_no_other_is_confirmed_whoever_signed_it(confirmed, changed):
    assert post(sns_signed(subscription(**changed))).status_code >= 400
    assert confirmed == []


def test_a_subscription_that_was_changed_is_not_confirmed(confirmed):
    for name in ("Token", "SubscribeURL"):
        said = subscription()
        assert post(sns_signed(said | {name: CONFIRM + "x"}, over=said)).status_code == 403
    assert confirmed == []


def test_the_end_of_a_subscription_is_heard_and_not_answered(confirmed):
    assert post(sns_signed(subscription(Type="UnsubscribeConfirmation"))).status_code == 200
    assert confirmed == []
