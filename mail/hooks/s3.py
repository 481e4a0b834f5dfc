"""Mails that Amazon SES put into a bucket, because they are too large to come within a notification."""

from typing import Any

from anymail.exceptions import AnymailConfigurationError
from django.conf import settings
from django.utils.module_loading import import_string

from mail.hooks.bodies import CHUNK, TooLarge

# With one of these among its metadata SES encrypted the mail by a key of the bucket's owner.
_ENCRYPTED = frozenset({"x-amz-key", "x-amz-key-v2", "x-amz-cek-alg"})


def fetched(bucket: object, key: object, *, ours: str, region: str) -> bytes:
    """Return the mail that lies there, in `ours`: the notice says in which bucket, and only ours is opened.

    Credentials are found as Amazon's library finds them: in the environment, or those of the machine. Raises
    AnymailConfigurationError where the settings have to change, TooLarge, and OSError: then it is to be posted again.
    """
    if not ours:
        raise AnymailConfigurationError("the receipt rule puts mails into a bucket that MAIL_HOOKS does not name")
    if bucket != ours or not isinstance(key, str):
        raise AnymailConfigurationError("it names another bucket than MAIL_HOOKS")
    try:
        session, refused = import_string("boto3.session.Session"), import_string("botocore.exceptions.ClientError")
        failed, config = import_string("botocore.exceptions.BotoCoreError"), import_string("botocore.config.Config")
    except ImportError as error:
        raise AnymailConfigurationError("mails in buckets need Amazon's library: install boto3") from error
    timeout = settings.SOCKET_TIMEOUT
    patience = config(connect_timeout=timeout, read_timeout=timeout, retries={"total_max_attempts": 1})
    try:
        client = session().client("s3", region_name=region or None, config=patience)
        return _read(client.get_object(Bucket=bucket, Key=key))
    except (refused, failed) as error:
        # Also where it may not be read: by the time that it may, the notice has come again.
        raise OSError(f"the mail could not be fetched from the bucket: {error}") from error


def _read(found: Any) -> bytes:
    if _ENCRYPTED.intersection(found.get("Metadata") or {}):
        raise AnymailConfigurationError("the receipt rule encrypts mails, which can be read by no one here")
    if found.get("ContentLength", 0) > settings.MAIL_MOST_BYTES:
        raise TooLarge
    parts, size = [], 0
    body = found["Body"]
    try:
        while chunk := body.read(CHUNK):
            size += len(chunk)
            if size > settings.MAIL_MOST_BYTES:
                raise TooLarge
            parts.append(chunk)
    finally:
        body.close()
    return b"".join(parts)
