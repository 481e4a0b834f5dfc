"""Handing one message over to a mail server or service, and telling exactly how it ended.

`hand_over` is called right before the message itself leaves: before the bytes that follow DATA, or the service's
POST. If it says no, the claim is lost and nothing is sent. All that goes wrong before it, or that is refused
in so many words, is an end we know; only silence after it is not.
"""

from django.core.mail import EmailMultiAlternatives
from django.utils.crypto import salted_hmac

from mail.transport.answers import Answer, HandOver
from mail.transport.services import by_service, service_backend
from mail.transport.smtp import by_smtp, greet, kept_connections
from mail.url import MailService, SmtpServer

__all__ = ["Answer", "account_of", "deliver", "greet", "kept_connections", "service_backend"]


def account_of(to: SmtpServer | MailService) -> str:
    """Return by what an account is known where its troubles are kept: its name, and a mark of how it is set up.

    Whoever changes the settings has another account by that, which is tried at once. The mark tells no secret.
    """
    if isinstance(to, MailService):
        name, secret = f"anymail+{to.name}", repr(sorted(to.options.items()))
    else:
        name, secret = f"{to.tls}://{to.user + '@' if to.user else ''}{to.host}:{to.port}", to.password
    mark = salted_hmac("mail.account", f"{name}\n{secret}", algorithm="sha256").hexdigest()[:12]
    return f"{name[:180]} {mark}"


def deliver(to: SmtpServer | MailService, message: EmailMultiAlternatives, *, hand_over: HandOver) -> Answer:
    """Hand the message over to its one recipient. Raises nothing that the other side can cause."""
    if isinstance(to, MailService):
        return by_service(to, message, hand_over)
    return by_smtp(to, message, hand_over)
