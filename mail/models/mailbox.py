"""Mailbox: an address of ours, where its mail lies, and what becomes of what arrives there."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from core.models import Waiting
from sla.models import Priority
from tickets.models import Department, HelpTopic

# With a token behind it a reply address must fit into the 64 octets of a local part (RFC 5321 section 4.5.3.1.1).
LONGEST_LOCAL_PART = 20


class Protocol(models.TextChoices):
    """How mail gets from this address to us."""

    PUSHED = "pushed", _("It is handed to us: by a pipe, a web hook or the API")
    IMAP = "imap", _("We fetch it by IMAP")
    POP3 = "pop3", _("We fetch it by POP3")


class Security(models.TextChoices):
    TLS = "tls", _("TLS from the start")
    STARTTLS = "starttls", _("STARTTLS")
    NONE = "none", _("None: only for a server on this machine")


class Authentication(models.TextChoices):
    PASSWORD = "password", _("User and password")
    GOOGLE = "google", _("Google (OAuth2)")
    MICROSOFT = "microsoft", _("Microsoft (OAuth2)")
    MICROSOFT_APP = "ms_app", _("Microsoft, app-only (OAuth2): for shared mailboxes")


class AfterFetch(models.TextChoices):
    """What happens on the server to a mail once its bytes are committed here (PARITY I04)."""

    SEEN = "seen", _("Mark it as read")
    MOVE = "move", _("Move it to a folder")
    DELETE = "delete", _("Delete it")


class Health(models.TextChoices):
    GREEN = "green", _("Fine")
    AMBER = "amber", _("Look at it")
    RED = "red", _("Broken")


class Mailbox(Waiting):
    """One address of the help desk (PARITY I02-I05, I13).

    `due_at` is when it is fetched from next; null for one that is switched off or that nobody fetches from. Secrets are
    encrypted (core.secrets). Times that say how it goes are written by the fetcher and read by the watchdog.
    """

    name = models.SlugField(
        _("name"), max_length=40, help_text=_("Short and without spaces: a pipe names the mailbox by it.")
    )
    address = models.EmailField(
        _("address"), max_length=254, help_text=_("Replies to tickets that came in here go to this address.")
    )
    is_active = models.BooleanField(_("active"), default=True)
    is_default = models.BooleanField(
        _("default"),
        default=False,
        help_text=_("Answers to tickets that came in by no mailbox are asked for at this address."),
    )

    # Where new tickets go.
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("department")
    )
    topic = models.ForeignKey(
        HelpTopic, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("help topic")
    )
    priority = models.ForeignKey(
        Priority, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("priority")
    )
    acknowledges = models.BooleanField(
        _("confirm by mail what came"),
        default=True,
        help_text=_("New tickets, and messages. Site settings, department and help topic must allow it too."),
    )
    takes_generated = models.BooleanField(
        _("programs may open tickets"),
        default=False,
        help_text=_(
            "Mails that say a program made them (Auto-Submitted: auto-generated), as monitoring sends them, open "
            "tickets, which no mail confirms. Automatic answers never do."
        ),
    )
    notes = models.TextField(_("notes"), blank=True)

    # Where the mail lies.
    protocol = models.CharField(_("mail comes by"), max_length=10, choices=Protocol, default=Protocol.PUSHED)
    host = models.CharField(_("server"), max_length=255, blank=True)
    port = models.PositiveIntegerField(
        _("port"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(65535)],
        help_text=_("Empty for the usual one."),
    )
    security = models.CharField(_("encryption"), max_length=10, choices=Security, default=Security.TLS)
    username = models.CharField(_("user"), max_length=255, blank=True)
    authentication = models.CharField(
        _("signs in by"), max_length=10, choices=Authentication, default=Authentication.PASSWORD
    )
    secret = models.BinaryField(null=True, editable=False)
    folder = models.CharField(_("folder"), max_length=255, default="INBOX")
    after_fetch = models.CharField(_("after fetching"), max_length=10, choices=AfterFetch, default=AfterFetch.SEEN)
    archive_folder = models.CharField(_("move it to"), max_length=255, blank=True)
    poll_seconds = models.PositiveIntegerField(
        _("look every … seconds"),
        default=60,
        validators=[MinValueValidator(5), MaxValueValidator(86_400)],
        help_text=_("Where the server tells of new mail by itself (IDLE), it is fetched at once besides."),
    )

    # Whom to believe.
    authserv_id = models.CharField(
        _("name in Authentication-Results"),
        max_length=255,
        blank=True,
        help_text=_(
            "By this name your mail server signs its checks of SPF, DKIM and DMARC. Nobody else's are believed; "
            "empty, none are."
        ),
    )
    plus_addresses = models.BooleanField(
        _("extended addresses"),
        default=True,
        help_text=_("The server delivers support+anything@… like support@…. Answers then find their ticket safely."),
    )

    # How it goes.
    connected_at = models.DateTimeField(_("last connected"), null=True, editable=False)
    fetched_at = models.DateTimeField(_("last mail"), null=True, editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)
    last_error = models.TextField(_("last error"), blank=True, editable=False)
    on_server = models.PositiveIntegerField(null=True, editable=False)
    # Known to be on the server and not stored yet, when it was last looked.
    not_stored = models.PositiveIntegerField(default=0, editable=False)

    # Where the fetcher stands. UIDs mean something only in one folder of one server: `source` is a digest of it, and
    # with each other one `generation` grows, which is part of every place in the ledger.
    source = models.CharField(max_length=64, blank=True, editable=False)
    generation = models.PositiveIntegerField(default=0, editable=False)
    uid_validity = models.PositiveBigIntegerField(null=True, editable=False)
    # From here on every mail is ours; of those before only what was unread when the folder was first looked into.
    first_uid = models.PositiveBigIntegerField(default=0, editable=False)
    last_uid = models.PositiveBigIntegerField(default=0, editable=False)
    # When the whole folder was last compared with the ledger; null: it has to be, for something was left undone.
    looked_through_at = models.DateTimeField(null=True, editable=False)
    # How often in a row the server did not hand out a mail: {place: times}.
    stumbled_over = models.JSONField(default=dict, editable=False)

    # OAuth2.
    client_id = models.CharField(_("client ID"), max_length=255, blank=True)
    tenant = models.CharField(_("tenant"), max_length=100, blank=True)
    client_secret = models.BinaryField(null=True, editable=False)
    access_token = models.BinaryField(null=True, editable=False)
    access_expires_at = models.DateTimeField(null=True, editable=False)
    refresh_token = models.BinaryField(null=True, editable=False)
    # When the refresh token dies, where the service says so or is known for it.
    refresh_expires_at = models.DateTimeField(null=True, editable=False)
    authorized_at = models.DateTimeField(_("authorised"), null=True, editable=False)

    # What the watchdog said last, so that it tells of each change once.
    health = models.CharField(max_length=10, choices=Health, default=Health.GREEN, editable=False)

    class Meta:
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")
        constraints = [
            models.UniqueConstraint(fields=["name"], name="one_mailbox_per_name"),
            models.UniqueConstraint(fields=["address"], name="one_mailbox_per_address"),
            models.UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="one_default_mailbox"),
            models.CheckConstraint(condition=Q(address=Lower("address")), name="mailbox_address_is_lower_case"),
        ]
        indexes = [
            # The relay asks: which mailboxes are due?
            models.Index(fields=["due_at"], name="mailbox_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_fetched(self) -> bool:
        """Whether mail is fetched from it now."""
        return self.is_active and self.protocol != Protocol.PUSHED
