"""From which address the mails of a ticket come, and by which way they go out."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Case, F, Q, When
from django.utils.translation import gettext as _

from core import secrets
from core.prepared import Prepared
from mail import addresses, oauth
from mail.models import Authentication, Mailbox, OwnAddress, Security, SendingAccount, SendsBy, SignsIn, Writer
from mail.trouble import Trouble
from mail.url import DEFAULT_PORTS, MailService, SmtpServer, Tls, parse
from tickets.models import Department, Ticket

TLS: Mapping[str, Tls] = {
    Security.TLS: Tls.FROM_THE_START,
    Security.STARTTLS: Tls.REQUIRED,
    Security.NONE: Tls.NONE,
}
MINUTE = timedelta(minutes=1)
_ANY_ACCOUNT = Prepared(lambda: OwnAddress.objects.filter(account__isnull=False).values_list("pk", flat=True)[:1])


def of_site() -> OwnAddress | None:
    """Return the address of what is no department's; None for MAIL_FROM, by MAIL_URL.

    The one that is the default. Without MAIL_URL accounts are the only ways out: then it is one that has an account,
    the default before the address that MAIL_FROM names, and that before others, of which any may serve.
    """
    rows = OwnAddress.objects.select_related("account__mailbox", "mailbox")
    if settings.MAIL_URL:
        return rows.filter(is_default=True).first()
    is_site_s = Case(When(email=addresses.site_address(), then=True), default=False)
    with_account = rows.filter(account__isnull=False)
    return with_account.order_by("-is_default", is_site_s.desc(), "-account__is_active", "pk").first()


def of_ticket(ticket: Ticket) -> OwnAddress | None:
    """Return the address that the ticket's mails come from; None for MAIL_FROM, by MAIL_URL.

    Its department's or topic's, if there is a way out for that, else the site's.
    """
    own = own_of(ticket)
    return own if own is not None and has_way(own.account) else of_site()


def chosen(pk: int) -> OwnAddress | None:
    """Return the address that an agent chose for a reply; None if it is gone, or has no way out any more."""
    own = OwnAddress.objects.select_related("account__mailbox", "mailbox").filter(pk=pk).first()
    return own if own is not None and has_way(own.account) else None


def address_of(ticket: Ticket) -> str:
    """Return the address that the ticket's mails come from, without a name."""
    own = of_ticket(ticket)
    return own.email if own is not None else addresses.site_address()


def own_of(ticket: Ticket) -> OwnAddress | None:
    """Return the address that the ticket's department or help topic writes from, if one does.

    A help topic may have one of its own for as long as the ticket is with the topic's department. A department without
    one writes from that of what it is part of.
    """
    departments = _upward(ticket.department)
    rows = Writer.objects.filter(Q(department__in=departments) | Q(topic=ticket.topic_id, topic__isnull=False))
    found = list(rows.select_related("address__account__mailbox", "address__mailbox"))
    if not found:
        return None
    by_department = {one.department_id: one.address for one in found if one.department_id is not None}
    by_topic = next((one.address for one in found if one.topic_id is not None), None)
    if by_topic is not None and ticket.topic is not None and ticket.topic.department_id == ticket.department_id:
        return by_topic
    return next((by_department[pk] for pk in departments if pk in by_department), None)


def of_account(pk: int) -> OwnAddress | None:
    """Return an address that mails by this account come from, the default one before others."""
    rows = OwnAddress.objects.filter(account=pk).select_related("account__mailbox", "mailbox")
    return rows.order_by("-is_default", "pk").first()


def of_mail_url() -> OwnAddress | None:
    """Return the address of what goes by MAIL_URL and is no department's; None for MAIL_FROM.

    Without MAIL_URL it goes as everything does that is no department's.
    """
    site = of_site()
    return None if site is not None and site.account is not None and settings.MAIL_URL else site


def _upward(department: Department) -> list[int]:
    found: list[int] = []
    one: Department | None = department
    while one is not None and one.pk not in found:
        found.append(one.pk)
        one = one.parent
    return found


def has_way(account: SendingAccount | None = None) -> bool:
    """Say whether mail can go out by this account; without one by MAIL_URL."""
    return bool(settings.MAIL_URL) or account is not None


def has_any_way() -> bool:
    """Say whether mails go out: by MAIL_URL, or by the account of one of our addresses (of_site)."""
    return bool(settings.MAIL_URL) or bool(_ANY_ACCOUNT.all())


def way_of(account: SendingAccount | None) -> SmtpServer | MailService:
    """Return where mails are handed over. Raises Trouble, in which no secret stands."""
    if account is None:
        if not settings.MAIL_URL:
            raise Trouble(_("No mail server is set (MAIL_URL)."))
        return parse(settings.MAIL_URL)
    if account.sends_by == SendsBy.SERVICE:
        return parse(_secret(account.secret))
    tls = TLS[account.security]
    port = account.port or DEFAULT_PORTS[tls]
    match account.signs_in:
        case SignsIn.PASSWORD:
            return SmtpServer(tls, account.host, port, account.username, _secret(account.secret))
        case SignsIn.MAILBOX:
            return _as_at_mailbox(account, tls, port)
    return SmtpServer(tls, account.host, port)


def _as_at_mailbox(account: SendingAccount, tls: Tls, port: int) -> SmtpServer:
    box = account.mailbox
    if box is None:
        raise Trouble(_("No mailbox is chosen to sign in as."))
    user = account.username or box.username
    if box.authentication == Authentication.PASSWORD:
        return SmtpServer(tls, account.host, port, user, _secret(box.secret))
    return SmtpServer(tls, account.host, port, user, oauth.access_token(box), is_token=True)


def _secret(token: bytes | memoryview | None) -> str:
    if not token:
        raise Trouble(_("No password is set."))
    try:
        return secrets.decrypt(bytes(token)).decode()
    except secrets.SecretUnreadable as error:
        raise Trouble(_("The password cannot be decrypted: it was saved under another key. Enter it again.")) from error


def may_go(account: SendingAccount, at: datetime) -> datetime | None:
    """Take a place in this minute's number of mails; return when to come again where there is none left."""
    if account.per_minute is None:
        return None
    rows = SendingAccount.objects.filter(pk=account.pk)
    # One that begins more than a minute ahead was counted before the machine's clock was set back.
    is_on = Q(minute_at__gt=at - MINUTE, minute_at__lte=at + MINUTE)
    if rows.filter(is_on, in_minute__lt=account.per_minute).update(in_minute=F("in_minute") + 1):
        return None
    # Of two that begin a new minute at once one does, and the other takes a place in it.
    is_over = Q(minute_at=None) | Q(minute_at__lte=at - MINUTE) | Q(minute_at__gt=at + MINUTE)
    if rows.filter(is_over).update(minute_at=at, in_minute=1):
        return None
    account.refresh_from_db(fields=["minute_at"])
    return (account.minute_at or at) + MINUTE


def mailbox_for_answers(address: OwnAddress, mailboxes: Mapping[str, Mailbox]) -> Mailbox | None:
    """Return where answers to mails from this address are asked for, if it says so."""
    box = address.mailbox or mailboxes.get(address.email)
    return box if box is not None and box.is_active else None
