"""Organization: whom a requester asks for (PARITY U08-U13), and the domains whose addresses belong to it."""

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class Members(models.TextChoices):
    """Which of an organisation's people something holds for."""

    NOBODY = "nobody", _("Nobody")
    PRIMARY = "primary", _("Primary contacts")
    ALL = "all", _("Everybody in it")


class Organization(models.Model):
    name = models.CharField(_("name"), max_length=120, unique=True)
    sharing = models.CharField(
        _("sees all its tickets"),
        max_length=10,
        choices=Members,
        default=Members.NOBODY,
        help_text=_("Who of this organisation sees the tickets of its other people."),
    )
    collaborators = models.CharField(
        _("takes part in its tickets"),
        max_length=10,
        choices=Members,
        default=Members.NOBODY,
        help_text=_("Who is added to every new ticket of this organisation as a collaborator."),
    )
    manager = models.ForeignKey(
        "accounts.User",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        limit_choices_to={"is_agent": True},
        verbose_name=_("account manager"),
    )
    manager_team = models.ForeignKey(
        "accounts.Team", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("account team")
    )
    assigns_to_manager = models.BooleanField(
        _("assign new tickets to the account manager"),
        default=False,
        help_text=_("Where the help topic assigns to nobody."),
    )
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(manager=None) | models.Q(manager_team=None), name="managed_by_agent_or_team"
            )
        ]

    def __str__(self) -> str:
        return self.name


class OrganizationDomain(models.Model):
    """People whose confirmed address is in this domain belong to the organisation."""

    domain = models.CharField(_("domain"), max_length=253, unique=True)
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="domains", verbose_name=_("organisation")
    )

    class Meta:
        verbose_name = _("domain")
        verbose_name_plural = _("domains")
        constraints = [models.CheckConstraint(condition=models.Q(domain=Lower("domain")), name="domain_is_lower_case")]

    def __str__(self) -> str:
        return self.domain
