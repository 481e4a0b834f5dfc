"""What can be told about the mail settings before the first mail is sent."""

from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Warning, register
from django.core.exceptions import ImproperlyConfigured

from mail.hooks.config import SERVICES
from mail.transport import service_backend
from mail.url import MailService, SmtpServer, Tls, parse

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@register
def check_mail(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Say what is wrong with MAIL_URL's options and MAIL_FROM, and when a password would travel in the clear."""
    found: list[CheckMessage] = []
    if "@" not in parseaddr(settings.MAIL_FROM)[1]:
        found.append(Error("MAIL_FROM must be an address, such as Support <support@example.com>.", id="mail.E001"))
    if not settings.MAIL_URL:
        return found
    to = parse(settings.MAIL_URL)
    if isinstance(to, MailService):
        found += _check_service(to)
    elif to.password and to.tls == Tls.IF_OFFERED and to.host not in LOOPBACK:
        found.append(_in_the_clear(to))
    return found


@register
def check_hooks(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Say which web hooks of the services in MAIL_HOOKS are closed for want of an option, and that https is wanted."""
    found: list[CheckMessage] = []
    for hooks in settings.MAIL_HOOKS.values():
        for kind, options in SERVICES[hooks.name].proofs.items():
            if kind not in hooks.kinds:
                text = f"MAIL_HOOKS: {hooks.name} takes no {kind} hooks until it has {' or '.join(options)}."
                found.append(Info(text, id="mail.I001"))
    if settings.MAIL_HOOKS and not settings.IS_HTTPS and urlsplit(settings.PUBLIC_URL).hostname not in LOOPBACK:
        text = "MAIL_HOOKS: mails and the secrets of web hooks come in clear."
        found.append(Warning(text, hint="Let PUBLIC_URL begin with https://.", id="mail.W002"))
    return found


def _check_service(service: MailService) -> list[CheckMessage]:
    try:
        service_backend(service)
    except (ImproperlyConfigured, ImportError, TypeError, ValueError) as error:
        line = " ".join(str(error).split())
        return [Error(f"MAIL_URL: {service.name} does not start with these options: {line}", id="mail.E002")]
    return []


def _in_the_clear(server: SmtpServer) -> CheckMessage:
    return Warning(
        f"MAIL_URL: the password goes to {server.host} in clear if the server, or somebody on the way, offers no TLS.",
        hint="Write smtp+tls:// (STARTTLS, usually port 587) or smtps:// (port 465).",
        id="mail.W001",
    )
