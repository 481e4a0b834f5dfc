"""The accounts that mail goes out by, and the addresses that it comes from."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from mail.models.mailbox import Mailbox, Security
from tickets.models import Department, HelpTopic


class SendsBy(models.TextChoices):
    SMTP = "smtp", _("A mail server (SMTP)")
    SERVICE = "service", _("A mail service")


class SignsIn(models.TextChoices):
    """How we prove to an SMTP server who we are (PARITY I30)."""

    NOT = "not", _("Not at all")
    PASSWORD = "password", _("By user and password")
    MAILBOX = "mailbox", _("As we do at a mailbox: by its password, or its OAuth2")


class SendingAccount(models.Model):
    """A way out for mail, besides the one that MAIL_URL names. Secrets are encrypted (core.secrets).

    `secret` is the password, or what MAIL_URL would say of a service.
    """

    name = models.SlugField(_("name"), max_length=40)
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Off: mails that would go by it wait until it is on again.")
    )
    sends_by = models.CharField(_("sends by"), max_length=10, choices=SendsBy, default=SendsBy.SMTP)
    host = models.CharField(_("server"), max_length=255, blank=True)
    port = models.PositiveIntegerField(
        _("port"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(65535)],
        help_text=_("Empty for the usual one."),
    )
    security = models.CharField(_("encryption"), max_length=10, choices=Security, default=Security.STARTTLS)
    signs_in = models.CharField(_("signs in"), max_length=10, choices=SignsIn, default=SignsIn.PASSWORD)
    username = models.CharField(_("user"), max_length=255, blank=True)
    mailbox = models.ForeignKey(
        Mailbox, models.PROTECT, null=True, blank=True, related_name="sending_accounts", verbose_name=_("mailbox")
    )
    secret = models.BinaryField(null=True, editable=False)
    per_minute = models.PositiveIntegerField(
        _("mails in a minute"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(100_000)],
        help_text=_("As many as its provider allows. Further ones wait. Empty: any number."),
    )
    notes = models.TextField(_("notes"), blank=True)

    # The minute that is counted, and how many mails were begun in it.
    minute_at = models.DateTimeField(null=True, editable=False)
    in_minute = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("sending account")
        verbose_name_plural = _("sending accounts")
        constraints = [models.UniqueConstraint(fields=["name"], name="one_sending_account_per_name")]

    def __str__(self) -> str:
        return self.name


class OwnAddress(models.Model):
    """An address of ours that mails come from (PARITY I30, D06)."""

    email = models.EmailField(_("address"), max_length=254)
    name = models.CharField(
        _("name"), max_length=100, blank=True, help_text=_("Stands before the address. Empty: the help desk's name.")
    )
    account = models.ForeignKey(
        SendingAccount,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="addresses",
        verbose_name=_("sending account"),
        help_text=_("Empty: the mail server that MAIL_URL names; without that, the default address's account."),
    )
    mailbox = models.ForeignKey(
        Mailbox,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("answers go to"),
        help_text=_("Empty: the mailbox of the same address, else the one that the ticket came by."),
    )
    is_default = models.BooleanField(
        _("default"),
        default=False,
        db_default=False,
        help_text=_(
            "Mails about accounts come from it, such as links to sign in, and those of departments without an address "
            "of their own."
        ),
    )

    class Meta:
        verbose_name = _("own address")
        verbose_name_plural = _("own addresses")
        constraints = [
            models.UniqueConstraint(fields=["email"], name="one_own_address_per_email"),
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="one_default_own_address"
            ),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="own_address_is_lower_case"),
        ]

    def __str__(self) -> str:
        return self.email


class Writer(models.Model):
    """A department, or a help topic, whose mails come from an address."""

    address = models.ForeignKey(OwnAddress, models.CASCADE, related_name="writers", verbose_name=_("own address"))
    department = models.ForeignKey(
        Department, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("department")
    )
    topic = models.ForeignKey(
        HelpTopic, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("help topic")
    )

    class Meta:
        verbose_name = _("writer")
        verbose_name_plural = _("who writes from it")
        constraints = [
            models.UniqueConstraint(
                fields=["department"],
                name="one_address_per_department",
                violation_error_message=_("The department writes from another address already."),
            ),
            models.UniqueConstraint(
                fields=["topic"],
                name="one_address_per_topic",
                violation_error_message=_("The help topic writes from another address already."),
            ),
            models.CheckConstraint(
                condition=Q(department__isnull=False, topic=None) | Q(department=None, topic__isnull=False),
                name="writer_is_department_or_topic",
                violation_error_message=_("Choose a department or a help topic."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.department or self.topic)
