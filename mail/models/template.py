"""MailTemplate: what a mail says, in an administrator's words instead of ours (PARITY L01, L02, L07)."""

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core import cleaning
from core.plaintext import text_of
from mail.models.outgoing import Template
from tickets.models import Department

LONGEST_BODY = 50_000

# Mails about accounts are no ticket's (Letter has them). What an agent's commands did is told as it was, in our words.
OURS = {Template.ACCOUNT, Template.AGENT_COMMANDS}
ABOUT_TICKETS = [(template.value, template.label) for template in Template if template not in OURS]


class Letter(models.TextChoices):
    """Mails about accounts, each around a link (accounts.letters)."""

    PASSWORD = "letter_password", _("Account: a new password")
    FIRST_PASSWORD = "letter_first_password", _("Account: the first password")
    AGENT_PASSWORD = "letter_agent_password", _("Account: a new password, to agents")
    AGENT_FIRST_PASSWORD = "letter_agent_first_password", _("Account: the first password, to agents")
    SIGN_IN = "letter_sign_in", _("Account: a link to sign in")
    REGISTRATION = "letter_registration", _("Account: confirm a registration")
    REGISTERED = "letter_registered", _("Account: registered already")
    INVITATION = "letter_invitation", _("Account: invitation")
    CONFIRM_ADDRESS = "letter_confirm_address", _("Account: confirm an address")
    ADD_ADDRESS = "letter_add_address", _("Account: add an address")


EVERY_MAIL = [*ABOUT_TICKETS, *Letter.choices]


class MailTemplateQuerySet(models.QuerySet["MailTemplate"]):
    def of_site(self, template: str, languages: Sequence[str]) -> "MailTemplate | None":
        """Return the one that holds everywhere; None where the delivered text does. The first language comes first."""
        rows = self.filter(department=None, template=template, is_active=True, language__in=languages)
        return min(rows, key=lambda row: languages.index(row.language), default=None)

    def fitting(self, template: str, department: Department, languages: Sequence[str]) -> "MailTemplate | None":
        """Return the one that holds for a ticket of the department; None where the delivered text does.

        The department comes before what it is part of, and that before the site; in each the first of `languages`
        comes before the others.
        """
        line = [above.pk for above in department.line()]
        places = {pk: place for place, pk in enumerate(reversed(line))} | {None: len(line)}
        order = {language: place for place, language in reversed(list(enumerate(languages)))}
        found = self.filter(
            Q(department=None) | Q(department__in=line), template=template, is_active=True, language__in=order
        )
        return min(found, key=lambda row: (places[row.department_id], order[row.language]), default=None)


class MailTemplate(models.Model):
    """One for each mail, department and language at most. `text` is `body` in plain text; `write` sets both."""

    template = models.CharField(_("mail"), max_length=30, choices=EVERY_MAIL)
    department = models.ForeignKey(
        Department,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("department"),
        help_text=_("Holds there and in what is part of it. Empty: everywhere."),
    )
    language = models.CharField(_("language"), max_length=10)
    subject = models.CharField(_("subject"), max_length=250)
    body = models.TextField(_("text"))
    text = models.TextField(editable=False)
    html_version = models.PositiveSmallIntegerField(default=cleaning.VERSION, editable=False)
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Off: the delivered text holds."))
    notes = models.TextField(_("notes"), max_length=2000, blank=True, help_text=_("For administrators."))
    # When it last had nothing to say, so that the delivered text went out instead.
    silent_at = models.DateTimeField(_("said nothing"), null=True, blank=True, editable=False)

    objects: Any = MailTemplateQuerySet.as_manager()

    class Meta:
        verbose_name = _("mail template")
        verbose_name_plural = _("mail templates")
        constraints = [
            # Also serves: which ones may hold for this mail? There are a few dozen in all.
            models.UniqueConstraint(
                fields=["template", "department", "language"],
                name="one_template_of_a_department",
                violation_error_message=_("There is a template for this mail, department and language already."),
            ),
            models.UniqueConstraint(
                fields=["template", "language"],
                condition=Q(department=None),
                name="one_template_of_the_site",
                violation_error_message=_("There is a template for this mail and language already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_template_display()} ({self.language})"

    def write(self, html: str) -> None:
        """Take over what it says, cleaned by allow-list. Not saved."""
        self.body = cleaning.clean(html)
        self.html_version = cleaning.VERSION
        self.text = text_of(self.body)
