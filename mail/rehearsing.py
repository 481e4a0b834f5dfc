"""A test mail: what is right with a way out and what is not, stage by stage, in plain words (PARITY I32)."""

import smtplib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formataddr, make_msgid

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils.translation import gettext as _

from core.models import SiteSettings
from mail import addresses, senders, signing, transport
from mail.models import MailState, OwnAddress, SendingAccount
from mail.trouble import Trouble, answer_of, plain_words
from mail.url import MailService, SmtpServer, Tls
from mail.words import one_line


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence; `is_right` is None for what works but could be better."""

    is_right: bool | None
    text: str


def rehearse(account: SendingAccount | None, sender: OwnAddress | None, to: str) -> list[Finding]:
    """Send a test mail there at once, and return what was found; what is wrong ends it."""
    found: list[Finding] = []
    try:
        for one in _stages(account, sender, to):
            found.append(one)
    except Trouble as trouble:
        found.append(Finding(False, str(trouble)))
    return found


def _stages(account: SendingAccount | None, sender: OwnAddress | None, to: str) -> Iterator[Finding]:
    way = senders.way_of(account)
    if isinstance(way, SmtpServer):
        yield from _knock(way)
    else:
        yield Finding(True, _("The service “%(name)s” is set up.") % {"name": way.name})
    email = sender.email if sender is not None else addresses.site_address()
    answer = transport.deliver(way, _message(email, sender, to), hand_over=lambda: True)
    told = {"from": email, "to": to, "answer": answer.text}
    if answer.state == MailState.SENT:
        yield Finding(True, _("The mail from %(from)s to %(to)s was taken. Look whether it arrives.") % told)
        yield from _about_spam(email, way)
    elif answer.state == MailState.PERHAPS_SENT:
        yield Finding(None, _("The mail was handed over, but nobody said that it was taken: %(answer)s") % told)
    else:
        raise Trouble(_("The mail from %(from)s to %(to)s was not taken. The server said: %(answer)s") % told)


def _knock(way: SmtpServer) -> Iterator[Finding]:
    """Connect and sign in, so that what goes wrong there has its own words."""
    where = {"where": f"{way.host}:{way.port}", "user": way.user}
    try:
        with plain_words(way.host, way.port):
            smtp = transport.greet(way)
    except Trouble as trouble:
        raise Trouble(_in_words(trouble, way) or str(trouble)) from trouble
    is_open = way.tls == Tls.NONE or (way.tls == Tls.IF_OFFERED and not smtp.has_extn("starttls"))
    with suppress(OSError, smtplib.SMTPException):
        smtp.close()
    if is_open:
        yield Finding(None, _("%(where)s answers. The connection is not encrypted.") % where)
    else:
        yield Finding(True, _("%(where)s answers, and the connection is encrypted.") % where)
    if way.user:
        yield Finding(True, _("It lets us in as %(user)s.") % where)
    else:
        yield Finding(None, _("We do not sign in there. It must know us by our address in the network."))


def _in_words(trouble: Trouble, way: SmtpServer) -> str:
    """Return what SMTP's own refusals mean; nothing for what the network or TLS did."""
    error = trouble.__cause__
    said = {"answer": answer_of(error) if error is not None else "", "host": way.host}
    match error:
        case smtplib.SMTPAuthenticationError():
            return _("%(host)s refuses user and password, or our authorisation. It said: %(answer)s") % said
        case smtplib.SMTPNotSupportedError() if way.user:
            return _("%(host)s lets nobody sign in there, or only encrypted. Check encryption and port.") % said
        case smtplib.SMTPNotSupportedError():
            return _("%(host)s offers no STARTTLS. Choose another encryption, or another port.") % said
        case smtplib.SMTPServerDisconnected():
            return _("%(host)s ended the connection. Perhaps it wants TLS from the start at this port.") % said
        case smtplib.SMTPResponseException() if error.smtp_code < 0:
            return _("%(host)s does not answer as a mail server does. Check the port.") % said
        case smtplib.SMTPResponseException():
            return _("%(host)s does not talk to us. It said: %(answer)s") % said
    return ""


def _about_spam(email: str, way: SmtpServer | MailService) -> Iterator[Finding]:
    domain = email.rpartition("@")[2]
    text = _("So that it is no spam to others, SPF and DKIM of %(domain)s must name this server or service.")
    yield Finding(None, text % {"domain": domain})


def _message(email: str, sender: OwnAddress | None, to: str) -> EmailMultiAlternatives:
    site = one_line(SiteSettings.load().name)
    name = one_line(sender.name) if sender is not None and sender.name else site
    return EmailMultiAlternatives(
        _("Test mail of %(site)s") % {"site": site},
        _("An administrator of %(site)s sent this to see whether mail goes out. There is nothing to do.\n")
        % {"site": site},
        formataddr((name, email)),
        [to],
        headers={
            "Message-ID": make_msgid(domain=settings.MAIL_DOMAIN),
            "Auto-Submitted": "auto-generated",
            signing.LOOP_HEADER: signing.loop_mark(),
        },
    )
