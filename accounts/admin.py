"""People in the administration: requesters, addresses, organisations, teams, roles, and what agents' pages share.

The pages of agents and roles are finished in tickets, which knows departments.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Prefetch, Q, QuerySet
from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.timezone import now
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts import invitations, second_factor
from accounts.audit_admin import AuditEventAdmin  # noqa: F401 - registers its page
from accounts.lock_admin import LockAdmin  # noqa: F401 - registers its page
from accounts.models import Address, Agent, AuditEvent, Organization, Permission, Role, Team, User
from accounts.passwords import mail_link
from accounts.people import (
    AddressTaken,
    belongs_to_person,
    doubt_other_addresses,
    is_last_administrator,
    lock_administrators,
    normalise,
    set_sign_in_address,
)
from core import throttle
from core.bounded_admin import BoundedAdmin, DeletesUnusedAdmin, FindsWhole, ModelForm, ReadOnlyAdmin, TabularInline
from core.changes import Change, record
from core.configuration_admin import ConfigurationAdmin, OffersActiveAdmin

# --- Roles ---------------------------------------------------------------------------------------

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
    _("Ending"): (Permission.RESOLVE, Permission.CLOSE_UNRESOLVED),
    _("People, in every department"): (
        Permission.PERSON_VIEW,
        Permission.PERSON_EDIT,
        Permission.PERSON_ACCOUNT,
        Permission.PERSON_DELETE,
        Permission.ORGANIZATION_EDIT,
        Permission.ORGANIZATION_DELETE,
    ),
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


# --- Teams and organisations ---------------------------------------------------------------------


class TeamForm(ModelForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if (field := self.fields.get("members")) is not None:
            assert isinstance(field, forms.ModelMultipleChoiceField)
            # Whoever is in the team stays in it though they were switched off meanwhile, until somebody takes them out.
            mine = self.instance.members.values("pk") if self.instance.pk else []
            field.queryset = User.objects.filter(Q(is_agent=True, is_active=True) | Q(pk__in=mine))
            # No cross that takes all out at once: it would stand among the names, and be read as one.
            inner: Any = getattr(field.widget, "widget", field.widget)
            inner.is_required = True

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        lead = data.get("lead")
        if lead is not None and "members" in data and lead not in data["members"]:
            self.add_error("lead", _("The lead is one of the members. Add them first, or choose another."))
        return data


@admin.register(Team)
class TeamAdmin(ConfigurationAdmin):
    form = TeamForm
    list_display = ("name", "lead", "who", "alerts")
    list_select_related = ("lead",)
    autocomplete_fields = ("members", "lead")
    fields = ("name", "members", "lead", "alerts", "notes")
    search_fields = ("name",)
    ordering = ("name", "pk")
    audited_as: ClassVar[Mapping[str, Change]] = {"members": Change.RIGHTS, "lead": Change.RIGHTS}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        members = User.objects.filter(is_agent=True).order_by("name", "pk")
        return super().get_queryset(request).prefetch_related(Prefetch("members", queryset=members))

    @admin.display(description=_("members"))
    def who(self, team: Team) -> str:
        return ", ".join(member.display_name for member in team.members.all())

    def looked_up(self, field: str) -> QuerySet[Any] | None:
        """Agents have a page of their own; the one of all people leaves them out."""
        return (
            Agent.objects.agents().order_by("name", "pk") if field in {"members", "lead"} else super().looked_up(field)
        )


@admin.register(Organization)
class OrganizationAdmin(DeletesUnusedAdmin):
    list_display = ("name", "created_at")
    fields = ("name",)
    search_fields = ("name",)
    ordering = ("name", "pk")


# --- People --------------------------------------------------------------------------------------


class AddressInline(TabularInline):
    """The person's addresses, to look at: what leads to whom is never typed in by hand."""

    model = Address
    fields = readonly_fields = ("email", "is_primary", "verified_at", "bouncing_at")
    extra = 0
    can_delete = False
    # An address that changed shows by the person's own.
    audited = False
    ordering = ("-is_primary", "email")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PersonAdmin(FindsWhole, DeletesUnusedAdmin, OffersActiveAdmin):
    """What the pages of requesters and agents share."""

    ordering = ("name", "pk")
    search_fields = ("name",)
    finds_address = "addresses__email"
    search_help_text = _("Part of the name, or the whole e-mail address.")
    inlines: ClassVar[Any] = (AddressInline,)
    autocomplete_fields: ClassVar[Any] = ("organization",)
    actions: Any = ("revoke_links",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        primary = Prefetch("addresses", queryset=Address.objects.filter(is_primary=True), to_attr="primary_addresses")
        return super().get_queryset(request).select_related("organization").prefetch_related(primary)

    @admin.display(description=_("name"), ordering="name")
    def named(self, person: Any) -> str:
        return str(person.display_name)

    @admin.display(description=_("e-mail"))
    def address(self, person: Any) -> str:
        return ", ".join(address.email for address in person.primary_addresses)

    @admin.action(description=_("Revoke ticket links"), permissions=["change"])
    @transaction.atomic
    def revoke_links(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        people = list(queryset.order_by())
        Address.objects.filter(user__in=people).update(link_epoch=F("link_epoch") + 1)
        for person in people:
            record(Change.CHANGED, request=request, row=person, changes={"ticket_links": (None, "revoked")})
        tell_revoked(self, request, len(people))


def tell_revoked(page: BoundedAdmin, request: HttpRequest, count: int) -> None:
    text = ngettext(
        "Every ticket link mailed to %(count)s person or address until now is invalid.",
        "Every ticket link mailed to %(count)s people or addresses until now is invalid.",
        count,
    )
    page.message_user(request, text % {"count": count}, messages.SUCCESS)


@admin.register(User)
class RequesterAdmin(PersonAdmin):
    """Who asks for help. They come by their first ticket; whoever is to work here is made on the page of agents."""

    list_display = ("named", "address", "organization", "is_active", "created_at")
    list_filter = ("is_active",)
    fields = ("name", "organization", "time_zone", "is_active")
    actions = ("invite", "revoke_links")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).filter(is_agent=False, is_administrator=False)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.action(description=_("Invite to make an account"), permissions=["change"])
    def invite(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        assert isinstance(request.user, User)  # the administration lets nobody else in
        ip = throttle.client_ip(request) or None
        done = 0
        for address in Address.objects.filter(user__in=queryset, is_primary=True).order_by("pk"):
            try:
                invitations.invite(address, by=request.user, at=now(), client_ip=ip)
            except invitations.CannotInvite as reason:
                self.message_user(request, str(reason), messages.ERROR)
            else:
                done += 1
        if done:
            text = ngettext("%(count)s invitation is on its way.", "%(count)s invitations are on their way.", done)
            self.message_user(request, text % {"count": done}, messages.SUCCESS)


@admin.register(Address)
class AddressAdmin(FindsWhole, ReadOnlyAdmin):
    list_display = ("email", "user", "is_primary", "verified_at", "bouncing_at")
    list_select_related = ("user",)
    fields = ("email", "user", "is_primary", "verified_at", "bouncing_at", "created_at")
    search_fields = ("email",)
    finds_address = finds_number = "email"
    search_help_text = _("The whole e-mail address.")
    ordering = ("-pk",)
    actions = ("revoke_links",)

    @admin.action(description=_("Revoke ticket links"))
    @transaction.atomic
    def revoke_links(self, request: HttpRequest, queryset: QuerySet[Address]) -> None:
        addresses = list(queryset.order_by())
        Address.objects.filter(pk__in=[address.pk for address in addresses]).update(link_epoch=F("link_epoch") + 1)
        for address in addresses:
            record(Change.CHANGED, request=request, row=address, changes={"ticket_links": (None, "revoked")})
        tell_revoked(self, request, len(addresses))


# --- Agents --------------------------------------------------------------------------------------


class AgentForm(ModelForm):
    """An agent or administrator, with the address they sign in with.

    Whoever asked for help with that address before becomes the agent; what they asked stays theirs.
    """

    sign_in_address = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        help_text=_("For signing in, and for alerts. It counts as confirmed."),
    )
    new_password = forms.CharField(
        label=_("New password"),
        max_length=1000,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Empty: as before. For new people: they set one themselves, by a link that is mailed to them."),
    )
    teams = forms.ModelMultipleChoiceField(
        label=_("Teams"), queryset=Team.objects.none(), required=False, widget=CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_new = not self.instance.pk
        mine = self.instance.teams.all() if self.instance.pk else Team.objects.none()
        if "teams" in self.fields:
            field = self.fields["teams"]
            assert isinstance(field, forms.ModelMultipleChoiceField)
            field.queryset = Team.objects.filter(Q(archived_at=None) | Q(pk__in=mine.values("pk"))).order_by("name")
            field.initial = [team.pk for team in mine]
        if "sign_in_address" in self.fields:
            self.fields["sign_in_address"].initial = self.instance.email
        if "name" in self.fields:
            # Guests may do without one. What an agent writes is signed with it.
            self.fields["name"].required = True
        if "is_agent" in self.fields and self.is_new:
            self.fields["is_agent"].initial = True

    def clean_sign_in_address(self) -> str:
        email = normalise(self.cleaned_data["sign_in_address"])
        known = Address.objects.select_related("user").filter(email=email).first()
        if known is None or known.user_id == self.instance.pk:
            return email
        if not self.is_new or known.user.is_agent or known.user.is_administrator:
            raise ValidationError(_("%(name)s has this address."), params={"name": known.user.display_name})
        if not belongs_to_person(known):
            raise ValidationError(
                _("%(name)s noted this address and never confirmed it. Take it out of their addresses first."),
                params={"name": known.user.display_name},
            )
        # What is filled in from here on is that person's row.
        self.instance = Agent._base_manager.get(pk=known.user_id)
        return email

    def clean_teams(self) -> Any:
        teams = self.cleaned_data["teams"]
        if self.instance.pk and (led := self.instance.leads.exclude(pk__in=teams).order_by("name").first()):
            raise ValidationError(_("This agent leads “%(name)s”. Choose another lead first."), params={"name": led})
        return teams

    def clean_new_password(self) -> str:
        password: str = self.cleaned_data["new_password"]
        if password:
            validate_password(password, self.instance)
        return password

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.is_new and not (data.get("is_agent") or data.get("is_administrator")):
            raise ValidationError(_("Choose what this person is: agent, administrator, or both."))
        stays = data.get("is_active") and data.get("is_administrator")
        if not self.is_new and not stays:
            lock_administrators()
            if is_last_administrator(User.objects.get(pk=self.instance.pk)):
                raise ValidationError(_("This is the last administrator. Make somebody else an administrator first."))
        return data


class AgentAdmin(PersonAdmin):
    """Finished and registered in tickets.agent_admin, which adds the departments."""

    form = AgentForm
    list_display: Any = ("named", "email", "is_administrator", "is_active", "last_login")
    list_filter: ClassVar[Any] = ("is_active", "is_agent", "is_administrator")
    fieldsets = (
        (None, {"fields": ("name", "sign_in_address", "new_password", "time_zone")}),
        (
            _("What they are"),
            {"fields": ("is_agent", "is_administrator", "is_active", "sees_only_assigned", "on_vacation")},
        ),
        (_("Teams"), {"fields": ("teams",)}),
    )
    autocomplete_fields = ()
    actions: Any = ("mail_password_link", "remove_password", "reset_second_factor", "revoke_links")
    audited_relations = ("teams",)
    audited_as: ClassVar[Mapping[str, Change]] = {
        "is_agent": Change.RIGHTS,
        "is_administrator": Change.RIGHTS,
        "is_active": Change.RIGHTS,
        "sees_only_assigned": Change.RIGHTS,
        "teams": Change.RIGHTS,
        "department_access": Change.RIGHTS,
        "password": Change.PASSWORD,
    }

    def changeform_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(*args, **kwargs)
        except AddressTaken:
            # Somebody came to have the address after the form was found valid. Nothing was saved, and the form,
            # looked at again, finds them and says so.
            return super().changeform_view(*args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        data = form.cleaned_data
        if data["new_password"]:
            obj.set_password(data["new_password"])
        elif not obj.pk:
            obj.set_unusable_password()
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            if not change:
                doubt_other_addresses(obj, data["sign_in_address"])
            if obj.email != data["sign_in_address"]:
                set_sign_in_address(obj, data["sign_in_address"], at=now())
        if not change and not obj.has_usable_password():
            mail_link(obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Iterable[Any], change: bool) -> None:
        formsets = list(formsets)
        for formset in formsets:
            # Made before it was known that the new agent is somebody who asked for help before.
            formset.instance = form.instance
        super().save_related(request, form, formsets, change)
        form.instance.teams.set(form.cleaned_data["teams"])

    def may_delete(self, row: Any) -> bool:
        """Whoever changed anything here stays: the log of changes names them."""
        return (
            not AuditEvent.objects.filter(by=row, kind__in=list(Change)).exists()
            and not is_last_administrator(row)
            and super().may_delete(row)
        )

    @admin.action(description=_("Mail a link to set the password"), permissions=["change"])
    def mail_password_link(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        people = [person for person in queryset if person.email and person.may_sign_in and not person.is_demo]
        for person in people:
            mail_link(person)
        text = ngettext(
            "A link to set the password goes to %(count)s person.",
            "Links to set the password go to %(count)s people.",
            len(people),
        )
        self.message_user(request, text % {"count": len(people)}, messages.SUCCESS)

    @admin.action(description=_("Remove the password and sign out"), permissions=["change"])
    @transaction.atomic
    def remove_password(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        """Nobody signs in with it any more, and who is signed in no longer is: sessions hang on the password."""
        done = 0
        for person in queryset:
            if person.pk == request.user.pk:
                self.message_user(
                    request, gettext("Your own password stays: you would lock yourself out."), messages.ERROR
                )
                continue
            person.set_unusable_password()
            person.save(update_fields=["password"])
            record(Change.PASSWORD, request=request, row=person)
            done += 1
        if done:
            text = ngettext(
                "The password of %(count)s person is removed.", "The passwords of %(count)s people are removed.", done
            )
            self.message_user(request, text % {"count": done}, messages.SUCCESS)

    @admin.action(description=_("Reset the second factor"), permissions=["change"])
    def reset_second_factor(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        """For whoever lost the phone and the recovery codes. They set it up anew, where their work needs one."""
        assert isinstance(request.user, User)  # the administration lets nobody else in
        ip = throttle.client_ip(request) or None
        done = sum(bool(second_factor.reset(person, by=request.user, at=now(), client_ip=ip)) for person in queryset)
        text = ngettext(
            "%(count)s person has no second factor any more.", "%(count)s people have no second factor any more.", done
        )
        self.message_user(request, text % {"count": done}, messages.SUCCESS)
