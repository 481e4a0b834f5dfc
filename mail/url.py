"""MAIL_URL: where workers hand mail over. Knows no Django, so that settings can ask at start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.util import find_spec
from urllib.parse import parse_qsl, unquote, urlsplit

SERVICE_PREFIX = "anymail+"
# Backends of anymail that send nothing.
NOT_SERVICES = {"base", "base_requests", "console", "test"}

EXPECTED = (
    "Write smtp://user:password@host:587, smtps://user:password@host, smtp+tls://user:password@host:587 "
    "or anymail+SERVICE://?option=value."
)


class MailUrlInvalid(ValueError):
    """MAIL_URL cannot be used; `str()` is one sentence that repeats no secret."""


class Tls(StrEnum):
    NONE = "smtp+none"  # on this machine only
    IF_OFFERED = "smtp"  # STARTTLS when the server offers it, without asking who it is
    FROM_THE_START = "smtps"
    REQUIRED = "smtp+tls"  # STARTTLS, with a certificate that holds


DEFAULT_PORTS: Mapping[Tls, int] = {Tls.NONE: 25, Tls.IF_OFFERED: 25, Tls.FROM_THE_START: 465, Tls.REQUIRED: 587}


@dataclass(frozen=True, slots=True)
class SmtpServer:
    tls: Tls
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    # The password is an access token (OAuth2), and goes by XOAUTH2.
    is_token: bool = False


@dataclass(frozen=True, slots=True)
class MailService:
    """A mail service by its name in anymail, with that backend's options."""

    name: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def backend(self) -> str:
        return f"anymail.backends.{self.name}"


def parse(url: str) -> SmtpServer | MailService:
    """Return what the address names. Raises MailUrlInvalid."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # A raw slash or bracket in the password ends here too, and Python's message would repeat it.
        raise MailUrlInvalid(f"The host or port cannot be read. {EXPECTED}") from None
    if parts.scheme.startswith(SERVICE_PREFIX):
        return _service(parts.scheme.removeprefix(SERVICE_PREFIX), parts.netloc, parts.query)
    try:
        tls = Tls(parts.scheme)
    except ValueError:
        raise MailUrlInvalid(f"The part before :// is not known. {EXPECTED}") from None
    if tls == Tls.NONE:
        raise MailUrlInvalid(f"The part before :// is not known. {EXPECTED}")
    if not parts.hostname:
        raise MailUrlInvalid(f"The name of the mail server is missing. {EXPECTED}")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise MailUrlInvalid("Nothing may stand behind the port. Write special characters of user and password as %XX.")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise MailUrlInvalid("User and password go together: give both or neither.")
    return SmtpServer(tls, parts.hostname, port or DEFAULT_PORTS[tls], user, password)


def _service(name: str, netloc: str, query: str) -> MailService:
    name = name.replace("-", "_")
    if not name.isidentifier() or name in NOT_SERVICES or find_spec(f"anymail.backends.{name}") is None:
        raise MailUrlInvalid(f"anymail knows no service “{name}”. Its documentation lists them, such as postmark.")
    if netloc:
        raise MailUrlInvalid(f"Options go behind a question mark: {SERVICE_PREFIX}{name}://?option=value.")
    try:
        options = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    except ValueError:
        raise MailUrlInvalid("The options must look like option=value&option=value.") from None
    return MailService(name, options)
