"""Messages of Amazon SNS: whether Amazon signed them, and whether they are of a topic that we named.

Anybody can have a topic of their own signed by Amazon, so both have to be so. The signature is RSA (PKCS #1 v1.5) over
the fields that count, each as its name and its value on lines of their own, in the order of the names, by SHA-1 or
SHA-256 as SignatureVersion says (Amazon's developer guide of SNS, "Verifying the signatures of Amazon SNS messages").
"""

import re
from base64 import b64decode
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import requests
from anymail.exceptions import AnymailWebhookValidationFailure
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.conf import settings
from django.utils.dateparse import parse_datetime

_OF_A_NOTICE = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_OF_A_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED = {
    "Notification": _OF_A_NOTICE,
    "SubscriptionConfirmation": _OF_A_CONFIRMATION,
    "UnsubscribeConfirmation": _OF_A_CONFIRMATION,
}
_HASHES: Mapping[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303 - Amazon's choice
# A region by its shape: a bucket of somebody's could be called "sns" and be found below "s3-eu-west-1".
_HOST = re.compile(r"sns\.[a-z]{2,4}(?:-[a-z]+){1,3}-\d{1,2}\.amazonaws\.com(?:\.cn)?")
# What else lies on that host can be made to say what somebody else wishes.
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[0-9A-Za-z]{16,64}\.pem")
_MOST_BYTES = 1 << 16
_SHORTEST_KEY = 2048
# Amazon tries an HTTPS endpoint for an hour at most, with the time of the first try.
GOOD_FOR = timedelta(days=1)
AHEAD = timedelta(minutes=15)


def verify(notice: Mapping[str, Any], topics: Collection[str], *, at: datetime) -> None:
    """Raise AnymailWebhookValidationFailure unless Amazon signed this lately, for one of these topics.

    Raises OSError where the certificate cannot be had now: then it is to be posted again.
    """
    if notice.get("TopicArn") not in topics:
        raise AnymailWebhookValidationFailure("it is of a topic that MAIL_HOOKS does not name")
    moment = parse_datetime(_text(notice, "Timestamp"))
    if moment is None or moment.tzinfo is None or not -AHEAD < at - moment < GOOD_FOR:
        raise AnymailWebhookValidationFailure("it was signed too long ago")
    algorithm = _HASHES.get(_text(notice, "SignatureVersion"))
    if algorithm is None:
        raise AnymailWebhookValidationFailure("it is signed in a way that is not known")
    key = _key(_text(notice, "SigningCertURL"), at)
    try:
        key.verify(b64decode(_text(notice, "Signature"), validate=True), _signed(notice), padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        raise AnymailWebhookValidationFailure("it is not signed by Amazon") from None


def confirm(url: str) -> None:
    """Ask Amazon, at its own address, for what a topic of ours wants to post here.

    Raises AnymailWebhookValidationFailure for another address, and OSError.
    """
    if not _is_amazons(url):
        raise AnymailWebhookValidationFailure("SubscribeURL is not an address of Amazon's")
    requests.get(url, timeout=settings.SOCKET_TIMEOUT, allow_redirects=False).raise_for_status()


def _signed(notice: Mapping[str, Any]) -> bytes:
    """Return what the signature is over."""
    names = _SIGNED.get(_text(notice, "Type"))
    if names is None:
        raise AnymailWebhookValidationFailure("it is of a type that is not known")
    # A notice without a subject has none to sign.
    said = [name for name in names if name != "Subject" or notice.get(name) is not None]
    return "".join(f"{name}\n{_text(notice, name)}\n" for name in said).encode()


def _key(url: str, at: datetime) -> rsa.RSAPublicKey:
    if not _is_amazons(url) or not _CERTIFICATE.fullmatch(urlsplit(url).path) or urlsplit(url).query:
        raise AnymailWebhookValidationFailure("its certificate does not lie where Amazon's do")
    certificate = _certificate(url)
    if not certificate.not_valid_before_utc <= at.astimezone(UTC) <= certificate.not_valid_after_utc:
        raise AnymailWebhookValidationFailure("its certificate is not valid now")
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _SHORTEST_KEY:
        raise AnymailWebhookValidationFailure("its certificate holds no key that is good enough")
    return key


def _is_amazons(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    # Only what every reader of addresses reads alike.
    is_plain = url.isascii() and url.isprintable() and not {" ", "\\", "#", "@"}.intersection(url)
    return is_plain and parts.scheme == "https" and port in {None, 443} and bool(_HOST.fullmatch(parts.hostname or ""))


@lru_cache(maxsize=8)
def _certificate(url: str) -> x509.Certificate:
    """Return the certificate, kept by its address: another one gets another address."""
    try:
        return x509.load_pem_x509_certificate(_fetched(url))
    except ValueError as error:
        raise AnymailWebhookValidationFailure("its certificate cannot be read") from error


def _fetched(url: str) -> bytes:
    """Return what lies there. Raises OSError for what cannot be had now, AnymailWebhookValidationFailure for good."""
    found = b""
    with requests.get(url, timeout=settings.SOCKET_TIMEOUT, allow_redirects=False, stream=True) as answer:
        if answer.status_code >= 500:
            answer.raise_for_status()
        if answer.status_code != 200:
            raise AnymailWebhookValidationFailure("its certificate is not there")
        for chunk in answer.iter_content(_MOST_BYTES):
            found += chunk
            if len(found) > _MOST_BYTES:
                raise AnymailWebhookValidationFailure("its certificate is too large")
    return found


def _text(notice: Mapping[str, Any], name: str) -> str:
    value = notice.get(name)
    if not isinstance(value, str):
        raise AnymailWebhookValidationFailure(f"{name} is missing")
    return value
