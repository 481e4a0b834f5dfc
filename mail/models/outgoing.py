"""OutgoingMail: one row per recipient, from the wish to tell somebody to what became of it."""

import secrets
from collections.abc import Mapping
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Address, User
from core.models import Waiting
from mail.models.sending import SendingAccount
from tickets.models import Alert, ThreadEntry, Ticket, TicketEvent


class MailState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    DEFERRED = "deferred", _("Deferred")
    BOUNCED = "bounced", _("Bounced")
    FAILED = "failed", _("Failed")
    SUPPRESSED = "suppressed", _("Not sent")
    CANCELLED = "cancelled", _("Cancelled")
    PERHAPS_SENT = "perhaps_sent", _("Perhaps sent")


class Suppressed(models.TextChoices):
    """Why a mail is not sent."""

    NO_SERVER = "no_server", _("No mail server is set")
    DEMO = "demo", _("Demo")
    BOUNCING = "bouncing", _("The address bounces")
    TOO_MANY = "too_many", _("Too many automatic answers")
    BREAKER = "breaker", _("Automatic answers are held back")


class Fault(models.TextChoices):
    """Whose fault it is that a mail was not taken, as far as the answer says."""

    ACCOUNT = "account", _("The help desk's own mail account")
    NOBODY = "nobody", _("The address does not exist")
    FULL = "full", _("The mailbox is full or out of order")
    SIZE = "size", _("The mail is too large")
    SENDER = "sender", _("The address that it was to come from is gone")
    # Not refused at all, perhaps: somebody says that it came back who may have made that up.
    UNPROVEN = "unproven", _("Nothing proves that it came back")


class Template(models.TextChoices):
    """What a mail says: templates/mail/<value>.{subject.txt,txt,html}."""

    TICKET_OPENED = "ticket_opened", _("Ticket opened, to the requester")
    TICKET_ANSWERED = "ticket_answered", _("Automatic answer to a new ticket, to the requester")
    TICKET_OPENED_FOR = "ticket_opened_for", _("Ticket opened by an agent, to the requester")
    TICKET_REPLY = "ticket_reply", _("Reply, to the requester")
    MESSAGE_RECEIVED = "message_received", _("Message received, to who wrote it")
    TICKET_MESSAGE = "ticket_message", _("New message, to the others on the ticket")
    TICKET_RESOLVED = "ticket_resolved", _("Ticket resolved, to the requester")
    TICKET_CLOSED = "ticket_closed", _("Ticket closed, to the requester")
    TICKET_COLLABORATOR = "ticket_collaborator", _("Added to a ticket, to the collaborator")
    OVER_LIMIT = "over_limit", _("Too many open tickets, to the sender")
    TICKET_LINK = "ticket_link", _("Fresh link to a ticket, to the requester")
    ALERT_NEW = "alert_new", _("New ticket, to agents")
    ALERT_MESSAGE = "alert_message", _("New message, to agents")
    ALERT_NOTE = "alert_note", _("Internal note, to agents")
    ALERT_TRANSFER = "alert_transfer", _("Ticket transferred, to agents")
    ALERT_ASSIGNED = "alert_assigned", _("Ticket assigned, to agents")
    ALERT_CLOCK = "alert_clock", _("Deadline near or passed, to agents")
    AGENT_COMMANDS = "agent_commands", _("What a mail did, to the agent who wrote it")
    ACCOUNT = "account", _("Account mail")


# Sent to whatever address somebody typed into a form, so they are counted (mail.outbox).
AUTOMATIC_ANSWERS = (
    Template.TICKET_OPENED,
    Template.TICKET_ANSWERED,
    Template.MESSAGE_RECEIVED,
    Template.TICKET_MESSAGE,
    Template.TICKET_COLLABORATOR,
    Template.TICKET_LINK,
    Template.OVER_LIMIT,
)


# What answers something that came by mail: a robot may answer it in turn.
ANSWERS = (Template.TICKET_OPENED, Template.TICKET_ANSWERED, Template.MESSAGE_RECEIVED)


# What tells agents of what.
ALERT_TEMPLATES: Mapping[Alert, Template] = {
    Alert.NEW: Template.ALERT_NEW,
    Alert.MESSAGE: Template.ALERT_MESSAGE,
    Alert.NOTE: Template.ALERT_NOTE,
    Alert.ASSIGNED: Template.ALERT_ASSIGNED,
    Alert.TRANSFERRED: Template.ALERT_TRANSFER,
    Alert.WARNED: Template.ALERT_CLOCK,
    Alert.BREACHED: Template.ALERT_CLOCK,
}


def new_message_id() -> str:
    """Return a Message-ID that says nothing, in angle brackets; the outbox writes signed ones (mail.signing)."""
    return f"<{secrets.token_hex(16)}@{settings.MAIL_DOMAIN}>"


class OutgoingMail(Waiting):
    """One mail to one person. A person gets at most one mail per deed.

    Our own mails hold a template and what it is about; the worker renders them at sending. What arrives
    through EMAIL_BACKEND holds its finished message encrypted, which nobody is shown. `handed_over_at` is
    committed just before the message goes over the wire: a claim that ends without it comes back, one that ends
    with it leaves the mail `perhaps_sent`.
    """

    deed = models.UUIDField(default=uuid4)
    recipient = models.EmailField(_("recipient"), max_length=254)
    address = models.ForeignKey(Address, models.PROTECT, null=True, related_name="+")
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    template = models.CharField(_("template"), max_length=30, choices=Template)
    ticket = models.ForeignKey(  # indexed by mail_by_ticket
        Ticket, models.PROTECT, null=True, related_name="outgoing_mail", db_index=False, verbose_name=_("ticket")
    )
    entry = models.ForeignKey(ThreadEntry, models.PROTECT, null=True, related_name="outgoing_mail")
    event = models.ForeignKey(  # indexed by mail_by_event
        TicketEvent, models.PROTECT, null=True, related_name="+", db_index=False
    )
    # By which account it goes or went, known once it was tried; null: by MAIL_URL. Indexed by mail_by_account.
    account = models.ForeignKey(
        SendingAccount,
        models.PROTECT,
        null=True,
        related_name="outgoing_mail",
        db_index=False,
        verbose_name=_("sending account"),
    )
    body = models.BinaryField(null=True, editable=False)
    message_id = models.CharField(_("Message-ID"), max_length=300, default=new_message_id)
    # By which name a mail service knows it; its web hooks say this where they do not say ours.
    service_id = models.CharField(max_length=200, null=True, editable=False)
    state = models.CharField(_("state"), max_length=15, choices=MailState, default=MailState.QUEUED)
    why = models.CharField(_("why"), max_length=15, choices=Suppressed, blank=True)
    fault = models.CharField(_("fault"), max_length=10, choices=Fault, blank=True, default="", db_default="")
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    last_error = models.TextField(_("last error"), blank=True)
    created_at = models.DateTimeField(_("created"))
    first_tried_at = models.DateTimeField(_("first tried"), null=True)
    handed_over_at = models.DateTimeField(_("handed over"), null=True)
    sent_at = models.DateTimeField(_("sent"), null=True)

    class Meta:
        verbose_name = _("outgoing mail")
        verbose_name_plural = _("outgoing mail")
        constraints = [
            models.UniqueConstraint(fields=["deed", "recipient"], name="one_mail_per_deed_and_recipient"),
            # Not `unique` on the field, which would add an index for LIKE that nothing uses.
            models.UniqueConstraint(fields=["message_id"], name="one_mail_per_message_id"),
            models.CheckConstraint(condition=~Q(state="suppressed") | ~Q(why=""), name="suppressed_mail_says_why"),
        ]
        indexes = [
            # The relay asks: which mails are due?
            models.Index(fields=["due_at"], name="mail_due", condition=Q(due_at__isnull=False)),
            # The web hooks of a mail service: which mail is meant?
            models.Index(fields=["service_id"], name="mail_by_service_id", condition=Q(service_id__isnull=False)),
            # The admin's list of one account's mails, and whether an account was ever used.
            models.Index(
                fields=["account", "state", "-id"], name="mail_by_account", condition=Q(account__isnull=False)
            ),
            # Whether mails tell of an event: the database asks for each that goes with its ticket.
            models.Index(fields=["event"], name="mail_by_event", condition=Q(event__isnull=False)),
            # A ticket's mails, and the admin's list, newest first.
            models.Index(fields=["ticket", "-id"], name="mail_by_ticket"),
            models.Index(fields=["state", "-id"], name="mail_by_state"),
            # What went to one address: the admin's search.
            models.Index(fields=["recipient", "-id"], name="mail_by_recipient"),
            # How many automatic answers were written in the last hour: to one address, and to all. The answers to one
            # address are few, whatever the others get.
            models.Index(
                fields=["recipient", "created_at"],
                name="automatic_by_recipient",
                condition=Q(template__in=AUTOMATIC_ANSWERS),
            ),
            models.Index(fields=["template", "created_at"], name="mail_by_template_and_time"),
        ]

    def __str__(self) -> str:
        return f"{self.recipient}: {self.get_template_display()}"


class Outage(models.Model):
    """The account that mail goes out by does not work: one row for as long as that lasts (mail.outages).

    Until `until` nobody tries it; then one mail does, for all.
    """

    account = models.CharField(_("account"), max_length=200)
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("tried again"), null=True)
    failures = models.PositiveIntegerField(_("tries"), default=0)
    said = models.TextField(_("what its server said"), blank=True)
    # When administrators were told of it.
    told_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("outage")
        verbose_name_plural = _("outages")
        constraints = [models.UniqueConstraint(fields=["account"], name="one_outage_per_account")]

    def __str__(self) -> str:
        return self.account
