"""Role: what an agent may do in a department, and with people (PARITY R01, R02, R06)."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _


class Permission(models.TextChoices):
    """What a role can allow. Who sees a ticket at all is decided by department, not here.

    What begins with `ticket.` holds in the department of the role, and so does `canned.edit`. The rest is about people,
    organisations and reports, which belong to no department: any of an agent's roles allows it.
    """

    CREATE = "ticket.create", _("Open tickets for others")
    REPLY = "ticket.reply", _("Reply to requesters")
    NOTE = "ticket.note", _("Write internal notes")
    CLAIM = "ticket.claim", _("Claim tickets")
    ASSIGN = "ticket.assign", _("Assign tickets to others")
    RELEASE = "ticket.release", _("Give tickets back")
    TRANSFER = "ticket.transfer", _("Transfer tickets to another department")
    REFER = "ticket.refer", _("Let others read a ticket along")
    EDIT = "ticket.edit", _("Change priority, help topic and SLA plan")
    RESOLVE = "ticket.resolve", _("Resolve, close and reopen tickets")
    CLOSE_UNRESOLVED = "ticket.close_unresolved", _("Close tickets that are not resolved")
    CANNED_EDIT = "canned.edit", _("Add and change canned responses")
    PERSON_VIEW = "person.view", _("Look people and organisations up")
    PERSON_EDIT = "person.edit", _("Add and change people")
    PERSON_ACCOUNT = "person.account", _("Invite people, lock and unlock their accounts")
    PERSON_DELETE = "person.delete", _("Delete and anonymise people")
    ORGANIZATION_EDIT = "organization.edit", _("Add and change organisations")
    ORGANIZATION_DELETE = "organization.delete", _("Delete organisations")
    REPORTS = "report.view", _("Read reports about the tickets they can open")


def validate_permissions(value: object) -> None:
    if not isinstance(value, list) or any(item not in Permission.values for item in value):
        raise ValidationError(_("Choose from the list of permissions."))


class Role(models.Model):
    """A named set of permissions, given to an agent per department."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    permissions = models.JSONField(_("permissions"), default=list, blank=True, validators=[validate_permissions])
    needs_second_factor = models.BooleanField(
        _("needs a second factor"),
        default=False,
        help_text=_("Who has this role anywhere signs in with a passkey or an authenticator app besides the password."),
    )
    notes = models.TextField(_("notes"), max_length=2000, blank=True, help_text=_("For administrators."))
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")

    def __str__(self) -> str:
        return self.name

    def allows(self, permission: Permission) -> bool:
        return permission.value in self.permissions
