"""SiteSettings: the one row of choices that hold for the whole help desk."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.languages import mail_languages
from core.models.files import Blob
from core.prepared import Prepared, Question


class Numbering(models.TextChoices):
    RANDOM = "random", _("Random digits")
    SEQUENCE = "sequence", _("Counting up")


class Registration(models.TextChoices):
    """Who may make an account (PARITY P12). Whether guests may open tickets is a question of its own."""

    OPEN = "open", _("Anybody")
    INVITED = "invited", _("Who was invited")
    OFF = "off", _("Nobody")


class TopicOrder(models.TextChoices):
    MANUAL = "manual", _("As arranged")
    NAME = "name", _("By name")


def validate_time_zone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError(_("This time zone is not known. Write it like Europe/Berlin."))


def validate_wait(value: timedelta) -> None:
    if not timedelta(minutes=1) <= value <= timedelta(days=730):
        raise ValidationError(_("Choose a time between one minute and two years."))


class SiteSettings(models.Model):
    """One row, key 1, made by the first migration."""

    name = models.CharField(
        _("name"), max_length=60, default="Help desk", help_text=_("Shown on every page and in every mail.")
    )
    logo = models.ForeignKey(Blob, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("logo"))
    close_after = models.DurationField(
        _("close after"),
        default=timedelta(days=3),
        validators=[validate_wait],
        help_text=_("How long a resolved ticket waits for its requester before it closes by itself."),
    )
    reopen_within = models.DurationField(
        _("reopen within"),
        default=timedelta(days=14),
        validators=[validate_wait],
        help_text=_("How long after closing a requester may reopen. Later messages open a new ticket."),
    )
    numbering = models.CharField(
        _("ticket numbers"),
        max_length=10,
        choices=Numbering,
        default=Numbering.RANDOM,
        help_text=_("Random numbers do not tell how many tickets there are."),
    )
    number_digits = models.PositiveSmallIntegerField(
        _("digits"),
        default=6,
        validators=[MinValueValidator(4), MaxValueValidator(12)],
        help_text=_("The shortest ticket number. Numbers grow when these are crowded."),
    )
    next_number = models.PositiveBigIntegerField(
        _("next number"), default=1, help_text=_("Where counting goes on. Used only when numbers count up.")
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default="UTC",
        validators=[validate_time_zone],
        help_text=_("For readers who have not chosen their own."),
    )
    language = models.CharField(
        _("language of mails"),
        max_length=10,
        default="en",
        db_default="en",
        choices=mail_languages,
        help_text=_("For readers who have not chosen their own, in departments that have none."),
    )
    max_upload_mb = models.PositiveSmallIntegerField(
        _("largest attachment, in MB"), default=20, validators=[MinValueValidator(1), MaxValueValidator(200)]
    )
    registration = models.CharField(
        _("who may make an account"), max_length=10, choices=Registration, default=Registration.OPEN
    )
    guests_may_ask = models.BooleanField(
        _("tickets without an account"),
        default=True,
        help_text=_("Off: only who is signed in opens tickets by the web form."),
    )
    is_online = models.BooleanField(
        _("open for requesters"),
        default=True,
        db_default=True,
        help_text=_(
            "Off: requesters see the page “Switched off”, programs are told to come back. Agents and administrators "
            "sign in and work on, and mail is taken in."
        ),
    )
    checks_domains = models.BooleanField(
        _("look up the domains of addresses"),
        default=False,
        db_default=False,
        help_text=_(
            "An address that somebody types is refused if its domain takes no mail. Name servers are asked, for up to "
            "two seconds."
        ),
    )
    agents_need_second_factor = models.BooleanField(
        _("agents must use a second factor"),
        default=False,
        help_text=_("A passkey or an authenticator app, besides the password. Roles can ask for it by themselves."),
    )
    agents_idle_after = models.DurationField(
        _("agents are signed out after"),
        default=timedelta(hours=12),
        validators=[validate_wait],
        help_text=_("How long without a click until agents and administrators sign in again."),
    )
    requesters_idle_after = models.DurationField(
        _("requesters are signed out after"),
        default=timedelta(days=14),
        validators=[validate_wait],
    )
    mail_from_strangers = models.BooleanField(
        _("tickets by mail from anybody"),
        default=True,
        help_text=_("Off: only people who are known, and those in the domain of an organisation. Others' mail waits."),
    )
    mail_adds_collaborators = models.BooleanField(
        _("recipients take part"),
        default=True,
        help_text=_("Whom a requester writes to besides us, in To or Cc, becomes a collaborator."),
    )
    mail_strips_quotes = models.BooleanField(
        _("leave out quotations"),
        default=True,
        help_text=_("Of an answer by mail only the new words are shown. The mail as it came is kept besides."),
    )
    mail_sets_priority = models.BooleanField(
        _("mails say how urgent they are"),
        default=False,
        help_text=_("A mail that its sender marked as urgent opens a ticket of the highest priority."),
    )
    mail_says_where_to_answer = models.BooleanField(
        _("line to answer above"),
        default=False,
        db_default=False,
        help_text=_("Mails to requesters begin with a line, and of an answer nothing below it is shown."),
    )
    answer_line = models.CharField(
        _("words of that line"),
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text=_("Empty: “Please write your answer above this line”, in the reader's language."),
    )
    most_open_tickets = models.PositiveSmallIntegerField(
        _("open tickets of one person"),
        default=0,
        help_text=_(
            "Further mails, and forms of who is not signed in, wait for an administrator. Who is signed in, and "
            "programs, are told. Agents open any number. 0: any number."
        ),
    )
    most_mails_an_hour = models.PositiveSmallIntegerField(
        _("mails of one sender in an hour"),
        default=60,
        validators=[MinValueValidator(5)],
        help_text=_("Further ones wait for an administrator, so that no robot fills the help desk."),
    )
    keep_raw_mail = models.DurationField(
        _("keep mails as they came"),
        default=timedelta(days=180),
        validators=[validate_wait],
        help_text=_("How long the bytes are kept. What was read from them stays in the ticket."),
    )
    acknowledges = models.BooleanField(
        _("confirm new tickets by mail"),
        default=True,
        db_default=True,
        help_text=_("Departments, help topics and mailboxes can leave it out for theirs."),
    )
    acknowledges_messages = models.BooleanField(
        _("confirm further messages by mail"),
        default=False,
        db_default=False,
        help_text=_("To whoever wrote one, once an hour for a ticket. Departments and help topics can leave it out."),
    )
    tells_opened_for = models.BooleanField(
        _("mail requesters the tickets that agents open for them"),
        default=True,
        db_default=True,
        help_text=_("Off: they hear of such a ticket when somebody answers in it."),
    )
    tells_participants = models.BooleanField(
        _("mail messages to the others on a ticket"),
        default=True,
        db_default=True,
        help_text=_("Departments can leave it out. Off: what requesters and collaborators write goes to agents alone."),
    )
    tells_over_limit = models.BooleanField(
        _("tell who has too many open tickets"),
        default=True,
        db_default=True,
        help_text=_("Once a day, that a further mail or form waits. Off: it waits, and its sender hears nothing."),
    )
    tells_locks = models.BooleanField(
        _("tell administrators of locks"),
        default=True,
        db_default=True,
        help_text=_("Once an hour at most, by mail: which accounts and clients failed to sign in too often."),
    )
    topic_order = models.CharField(
        _("order of help topics"), max_length=10, choices=TopicOrder, default=TopicOrder.MANUAL
    )
    # Drawn anew whenever a page is changed, so that every process knows by this row that it has to read them again.
    pages_version = models.CharField(max_length=32, blank=True, default="", db_default="", editable=False)
    is_demo = models.BooleanField(
        default=False, editable=False, help_text="True in the demo help desk: its sign-ins work from this machine only."
    )

    class Meta:
        verbose_name = _("site settings")
        verbose_name_plural = _("site settings")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_row_of_site_settings")]

    def __str__(self) -> str:
        return str(_("Site settings"))

    @classmethod
    def load(cls) -> "SiteSettings":
        """Return the one row. Asked anew every time, so that a change holds at once in every process."""
        read = _read.get()
        if read is None:
            return _THE_ROW.get()
        if not read:
            read.append(_THE_ROW.get())
        return read[0]

    @classmethod
    def question(cls) -> Question:
        """Return what `load` asks."""
        return _THE_ROW, {}

    @classmethod
    @contextmanager
    def read_once(cls) -> Iterator[None]:
        """Within, and for no longer than some seconds, `load` asks the database once."""
        token = _read.set([])
        try:
            yield
        finally:
            _read.reset(token)


# What `read_once` has read.
_read: "ContextVar[list[SiteSettings] | None]" = ContextVar("site_settings", default=None)
_THE_ROW = Prepared(lambda: SiteSettings.objects.filter(pk=1))
