"""Roles in the administration. The page is finished in tickets.role_admin, which knows who has one."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.forms import CheckboxSelectMultiple
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Permission, Role
from core.bounded_admin import ModelForm
from core.changes import Change
from core.configuration_admin import ConfigurationAdmin

GROUPS: Mapping["str | Promise", tuple[Permission, ...]] = {
    _("Answering"): (Permission.REPLY, Permission.NOTE),
    _("Passing on"): (
        Permission.CLAIM,
        Permission.ASSIGN,
        Permission.RELEASE,
        Permission.TRANSFER,
        Permission.REFER,
    ),
    _("Opening and changing"): (Permission.CREATE, Permission.EDIT),
    _("Preparing"): (Permission.CANNED_EDIT,),
    _("Ending"): (Permission.RESOLVE, Permission.CLOSE_UNRESOLVED),
    _("People, in every department"): (
        Permission.PERSON_VIEW,
        Permission.PERSON_EDIT,
        Permission.PERSON_ACCOUNT,
        Permission.PERSON_DELETE,
        Permission.ORGANIZATION_EDIT,
        Permission.ORGANIZATION_DELETE,
    ),
    _("Reports"): (Permission.REPORTS,),
}


class RoleForm(ModelForm):
    permissions = forms.MultipleChoiceField(
        label=_("Permissions"),
        required=False,
        widget=CheckboxSelectMultiple,
        help_text=_("Every role lets its agents read the department's tickets."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "permissions" in self.fields:
            field = self.fields["permissions"]
            assert isinstance(field, forms.MultipleChoiceField)
            field.choices = [
                (group, [(permission.value, permission.label) for permission in permissions])
                for group, permissions in GROUPS.items()
            ]


class RoleAdmin(ConfigurationAdmin):
    """Finished and registered in tickets.role_admin, which knows who has it."""

    form = RoleForm
    list_display: Any = ("name", "allowed")
    search_fields = ("name",)
    ordering = ("name", "pk")
    audited_words: ClassVar[Any] = ("name", "permissions")
    audited_as: ClassVar[Mapping[str, Change]] = {"permissions": Change.RIGHTS, "needs_second_factor": Change.RIGHTS}

    @admin.display(description=_("permissions"))
    def allowed(self, role: Role) -> str:
        return gettext("%(some)s of %(all)s") % {"some": len(role.permissions), "all": len(Permission)}
