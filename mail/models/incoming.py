"""IncomingMail: the ledger. Every mail that ever reached us, its raw bytes, and what became of it and why."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models import Blob, Waiting
from mail.models.mailbox import Mailbox
from mail.models.outgoing import OutgoingMail
from tickets.models import ThreadEntry, Ticket


class Door(models.TextChoices):
    IMAP = "imap", _("IMAP")
    POP3 = "pop3", _("POP3")
    PIPE = "pipe", _("Pipe")
    WEBHOOK = "webhook", _("Web hook")
    API = "api", _("API")
    PORTAL = "portal", _("Portal")


class IncomingState(models.TextChoices):
    STORED = "stored", _("Waiting")
    TICKET = "ticket", _("New ticket")
    MESSAGE = "message", _("Message")
    REPLY = "reply", _("Reply")
    NOTE = "note", _("Internal note")
    COMMANDS = "commands", _("Commands")
    DUPLICATE = "duplicate", _("Duplicate")
    IGNORED = "ignored", _("Ignored")
    QUARANTINED = "quarantined", _("Quarantined")


# Who these became an entry of.
INTO_TICKETS = (IncomingState.TICKET, IncomingState.MESSAGE, IncomingState.REPLY, IncomingState.NOTE)
DONE = (*INTO_TICKETS, IncomingState.COMMANDS, IncomingState.DUPLICATE, IncomingState.IGNORED)


class Reason(models.TextChoices):
    """Why a mail became what it became; one per mail, the one that decided."""

    # It went into a ticket.
    NEW = "new", _("It belongs to no ticket")
    REPLY_ADDRESS = "reply_address", _("It was sent to the address signed for its ticket")
    SIGNED_ID = "signed_id", _("It answers a mail that we signed")
    REFERENCES = "references", _("It answers a mail of the ticket")
    SUBJECT = "subject", _("Its subject names the ticket")
    FORCED = "forced", _("An administrator put it there")
    # It did not.
    SAME_MAIL = "same_mail", _("The same mail came before")
    BOUNCE = "bounce", _("A mail of ours could not be delivered")
    AUTO_REPLY = "auto_reply", _("An automatic answer")
    OWN_LOOP = "own_loop", _("A mail that we sent ourselves")
    OWN_ADDRESS = "own_address", _("It came from an address of ours")
    BANNED = "banned", _("The sender is banned")
    FOR_EVER = "for_ever", _("An administrator ignored it for ever")
    # It waits for somebody to decide.
    NO_SENDER = "no_sender", _("It does not say who sent it")
    TOO_MANY = "too_many", _("Too many mails from this sender")
    TOO_MANY_OPEN = "too_many_open", _("The sender has too many open tickets")
    STRANGER = "stranger", _("The sender is not known, and only known people may write")
    SWITCHED_OFF = "switched_off", _("The sender is switched off")
    EMPTY = "empty", _("There is nothing in it")
    REFUSED = "refused", _("The ticket did not take it")
    FAILED = "failed", _("It could not be worked on")
    TOO_LARGE = "too_large", _("It is too large to be fetched: only its head is here")
    NOT_HANDED_OUT = "not_handed_out", _("The mail server does not hand it out")


# Of these only the head is here. The server is never told that we have them.
NOT_WHOLE = (Reason.TOO_LARGE, Reason.NOT_HANDED_OUT)


class Remark(models.TextChoices):
    """What an agent should know of an entry that came by mail. Parsing has warnings of its own beside these."""

    STRANGER_QUOTED = "stranger_quoted", _("It answers a mail of another ticket, in which its sender takes no part.")
    UNSIGNED_AGENT = (
        "unsigned_agent",
        _("It comes from an agent's address. Nothing proves that the agent wrote it, or they may not write there."),
    )
    UNPROVEN = "unproven", _("The sender's own mail server does not vouch for it: it may be forged.")
    TWO_SENDERS = "two_senders", _("It names several senders; the first one counts.")
    MORE_RECIPIENTS = "more_recipients", _("More people were written to than can take part.")
    RECIPIENTS_LEFT_OUT = (
        "recipients_left_out",
        _("Nothing proves that its sender wrote it, so others whom it went to do not take part."),
    )
    RAW_ATTACHED = "raw_attached", _("It is damaged. The mail as it came is attached.")
    FILES_LEFT_OUT = "files_left_out", _("Some files were left out; the mail as it came has them.")
    COMMAND_UNKNOWN = "command_unknown", _("Its commands were not obeyed, and its words kept from the requester.")
    COMMAND_REFUSED = "command_refused", _("Its commands were refused, and its words kept from the requester.")
    TICKET_TOO_OLD = "ticket_too_old", _("The ticket that it answers was closed too long ago.")
    BOUNCE_UNPROVEN = (
        "bounce_unproven",
        _("Nothing proves that the mail which it names came back: whoever saw an answer to that mail can say so."),
    )


class IncomingMail(Waiting):
    """One mail at one door (PARITY V1).

    Stored before anything is done with it: bytes, then this row, then the server is told. `place` is where the server
    has it, "UIDVALIDITY/UID" for IMAP, its unique id for POP3; a mailbox never has two rows of one place. `identity` is
    a digest of what the sender made of it, held by the first mail that has it; others are duplicates and hold none.

    What it says of its sender is written when it is taken in: searched by administrators, believed by nobody. `raw`
    goes when its time is over (core.SiteSettings.keep_raw_mail); the row stays.
    """

    door = models.CharField(_("door"), max_length=10, choices=Door)
    mailbox = models.ForeignKey(
        Mailbox, models.PROTECT, null=True, related_name="incoming_mail", db_index=False, verbose_name=_("mailbox")
    )
    place = models.CharField(max_length=255, blank=True)
    raw = models.ForeignKey(Blob, models.PROTECT, null=True, related_name="+", verbose_name=_("raw mail"))
    size = models.PositiveBigIntegerField(_("size"))
    stored_at = models.DateTimeField(_("stored"))
    arrived_at = models.DateTimeField(_("arrived"))

    state = models.CharField(_("state"), max_length=12, choices=IncomingState, default=IncomingState.STORED)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason, blank=True)
    # Codes of Remark and of mail.parsing, each with its parameters: [["unproven", {}], …].
    remarks = models.JSONField(default=list)
    identity = models.CharField(max_length=64, null=True)  # unique where it is held
    taken_in_at = models.DateTimeField(_("taken in"), null=True)
    # An administrator said that a person wrote it: it is not screened again.
    is_let_through = models.BooleanField(_("let through"), default=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    last_error = models.TextField(_("last error"), blank=True)

    sender = models.CharField(_("from"), max_length=254, blank=True)
    subject = models.CharField(_("subject"), max_length=1000, blank=True)
    message_id = models.CharField(_("Message-ID"), max_length=500, blank=True)
    # The addresses of images from elsewhere, by their numbers in the entry's HTML: loaded for nobody who did not ask.
    remote_images = models.JSONField(default=list)
    # What of SPF, DKIM and DMARC is believed: {"dmarc": "pass", …}.
    authentication = models.JSONField(default=dict)

    ticket = models.ForeignKey(
        Ticket, models.SET_NULL, null=True, related_name="incoming_mail", db_index=False, verbose_name=_("ticket")
    )
    entry = models.ForeignKey(ThreadEntry, models.SET_NULL, null=True, related_name="incoming_mail", db_index=False)
    duplicate_of = models.ForeignKey("self", models.PROTECT, null=True, related_name="duplicates", db_index=False)
    # The mail of ours that came back.
    bounced = models.ForeignKey(OutgoingMail, models.SET_NULL, null=True, related_name="bounces", db_index=False)

    # What a row forgets when its ticket is deleted (tickets.erasure). It stays: else the mail would be taken in anew.
    WHEN_LET_GO: ClassVar[Mapping[str, Any]] = {
        "raw": None,
        "sender": "",
        "subject": "",
        "message_id": "",
        "remarks": [],
        "remote_images": [],
        "last_error": "",
    }

    class Meta:
        verbose_name = _("incoming mail")
        verbose_name_plural = _("incoming mail")
        constraints = [
            models.UniqueConstraint(
                fields=["mailbox", "place"],
                condition=Q(mailbox__isnull=False) & ~Q(place=""),
                name="one_mail_per_place",
            ),
            models.UniqueConstraint(
                fields=["identity"], condition=Q(identity__isnull=False), name="one_mail_per_identity"
            ),
            models.CheckConstraint(condition=Q(state="stored") | ~Q(reason=""), name="mail_says_why"),
            models.CheckConstraint(
                condition=~Q(state__in=["ticket", "message", "reply", "note"]) | Q(taken_in_at__isnull=False),
                name="mail_taken_in_has_time",
            ),
        ]
        indexes = [
            # The relay asks: which mails wait to be taken in?
            models.Index(fields=["due_at"], name="incoming_due", condition=Q(due_at__isnull=False)),
            # The list of administrators, newest first, and what waits for them.
            models.Index(fields=["state", "-id"], name="incoming_by_state"),
            models.Index(fields=["mailbox", "-id"], name="incoming_by_mailbox"),
            # What one sender wrote lately: the search, and the breaker of rates.
            models.Index(fields=["sender", "-id"], name="incoming_by_sender"),
            # Which mail is answered by this one?
            models.Index(fields=["message_id"], name="incoming_by_message_id", condition=~Q(message_id="")),
            models.Index(fields=["ticket", "-id"], name="incoming_by_ticket", condition=Q(ticket__isnull=False)),
            models.Index(fields=["entry"], name="incoming_by_entry", condition=Q(entry__isnull=False)),
            models.Index(fields=["duplicate_of"], name="incoming_duplicates", condition=Q(duplicate_of__isnull=False)),
            models.Index(fields=["bounced"], name="incoming_bounces", condition=Q(bounced__isnull=False)),
            # Whose raw bytes have had their time?
            models.Index(fields=["stored_at"], name="incoming_with_raw", condition=Q(raw__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.get_state_display()}"
