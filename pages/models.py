"""Page: words of administrators that the portal shows, in several languages (PARITY P01 to P04, P07, L03, L07, G11)."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core import cleaning
from core.models import Blob
from tickets.models import HelpTopic

LONGEST_BODY = 50_000
# Of a notice: it stands above every page.
LONGEST_NOTICE = 600
# More than anybody reads; the heads of all that is published stand in the memory of each process.
MOST_PAGES = 200


class PageKind(models.TextChoices):
    LANDING = "landing", _("Text on the start page")
    THANKS = "thanks", _("Thank-you after a ticket was opened")
    OFFLINE = "offline", _("Switched off")
    SIGN_IN = "sign-in", _("Above the sign-in of requesters")
    AGENT_SIGN_IN = "agent-sign-in", _("Above the sign-in of agents")
    REGISTRATION_SENT = "registration-sent", _("After registering, before the address is confirmed")
    REGISTERED = "registered", _("After the registration is confirmed")
    NOTICE = "notice", _("Notice above every page")
    OTHER = "other", _("A page of its own")


# Of these there may be several at once; of every other kind one is shown.
SEVERAL = (PageKind.THANKS, PageKind.NOTICE, PageKind.OTHER)


class Severity(models.TextChoices):
    INFO = "info", _("Good to know")
    WARNING = "warning", _("Something does not work as usual")
    DANGER = "danger", _("Something does not work")


class Audience(models.TextChoices):
    ALL = "all", _("Requesters and agents")
    REQUESTERS = "requesters", _("Requesters")
    AGENTS = "agents", _("Agents")


slug_is_plain = RegexValidator(
    r"\A[a-z0-9]+(?:-[a-z0-9]+)*\Z", _("Use small letters from a to z, digits, and hyphens between them.")
)


class Page(models.Model):
    """What is said stands in its texts, one for each language. Whoever changes one calls `pages.live.changed`."""

    name = models.CharField(_("name"), max_length=80, help_text=_("For administrators."))
    kind = models.CharField(_("where it is shown"), max_length=20, choices=PageKind)
    is_published = models.BooleanField(_("published"), default=False, help_text=_("Off: a draft, which nobody sees."))
    slug = models.CharField(
        _("address"),
        max_length=60,
        blank=True,
        validators=[slug_is_plain],
        help_text=_("What stands behind /pages/, such as opening-hours."),
    )
    in_footer = models.BooleanField(
        _("in the footer"), default=False, help_text=_("A link below every page of the portal.")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=100, help_text=_("Lower comes first."))
    topics = models.ManyToManyField(
        HelpTopic,
        blank=True,
        related_name="+",
        verbose_name=_("help topics"),
        help_text=_("After tickets about these. None: after all that have no thank-you of their own."),
    )
    severity = models.CharField(_("severity"), max_length=10, choices=Severity, default=Severity.INFO)
    audience = models.CharField(_("for"), max_length=10, choices=Audience, default=Audience.ALL)
    starts_at = models.DateTimeField(_("from"), null=True, blank=True, help_text=_("Empty: at once."))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True, help_text=_("Empty: until you take it away."))
    notes = models.TextField(_("notes"), max_length=2000, blank=True, help_text=_("For administrators."))

    class Meta:
        verbose_name = _("page")
        verbose_name_plural = _("pages")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=PageKind.OTHER, slug__gt="") | (~Q(kind=PageKind.OTHER) & Q(slug="")),
                name="pages_of_their_own_have_an_address",
                violation_error_message=_("A page of its own needs an address, and only such a page has one."),
            ),
            # Also serves: which page is behind this address?
            models.UniqueConstraint(
                fields=["slug"],
                condition=~Q(slug=""),
                name="one_page_of_an_address",
                violation_error_message=_("There is a page with this address already."),
            ),
            models.UniqueConstraint(
                fields=["kind"],
                condition=Q(is_published=True) & ~Q(kind__in=SEVERAL),
                name="one_published_page_of_a_kind",
                violation_error_message=_("Another page of this kind is published. Make that a draft first."),
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(starts_at=None) | Q(ends_at__gt=models.F("starts_at")),
                name="notices_begin_before_they_end",
                violation_error_message=_("It has to end after it begins."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PageText(models.Model):
    """What a page says in one language. `body` is cleaned HTML with variables; of a notice it is plain text.

    Its images are `cid:<key of the picture>@page`.
    """

    page = models.ForeignKey(Page, models.CASCADE, related_name="texts")
    language = models.CharField(_("language"), max_length=10)
    title = models.CharField(_("heading"), max_length=120, blank=True)
    body = models.TextField(_("text"))
    html_version = models.PositiveSmallIntegerField(default=cleaning.VERSION, editable=False)

    class Meta:
        verbose_name = _("text of a page")
        verbose_name_plural = _("texts of pages")
        constraints = [models.UniqueConstraint(fields=["page", "language"], name="one_text_of_a_page_and_language")]

    def __str__(self) -> str:
        return f"{self.page_id} ({self.language})"


class Picture(models.Model):
    """An image that stands in a page's texts. Everybody may load it once the page is published."""

    page = models.ForeignKey(Page, models.CASCADE, related_name="pictures")
    blob = models.ForeignKey(Blob, models.PROTECT, related_name="+")
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100)

    class Meta:
        verbose_name = _("picture of a page")
        verbose_name_plural = _("pictures of pages")
        constraints = [models.UniqueConstraint(fields=["page", "blob"], name="one_picture_of_a_page_and_content")]

    def __str__(self) -> str:
        return self.name
