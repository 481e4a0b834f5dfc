"""Agents in the administration. The page is finished in tickets.agent_admin, which knows departments."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import now
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts import second_factor
from accounts.models import Address, Agent, AuditEvent, Team, User
from accounts.notices import Notice, tell
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
from accounts.people_admin import PersonAdmin
from core.bounded_admin import ModelForm
from core.changes import Change, record
from core.mailing import if_mailed


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
            if (before := obj.email) != data["sign_in_address"]:
                set_sign_in_address(obj, data["sign_in_address"], at=now())
                if change and before:
                    tell(obj, Notice.ADDRESS_CHANGED, by=request.user, at=now(), to=before)  # type: ignore[arg-type]
            if change and data["new_password"]:
                tell(obj, Notice.PASSWORD_CHANGED, by=request.user, at=now())  # type: ignore[arg-type]
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
        self.message_user(request, if_mailed(text % {"count": len(people)}), messages.SUCCESS)

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
            tell(person, Notice.PASSWORD_REMOVED, by=request.user, at=now())  # type: ignore[arg-type]
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
        done = sum(bool(second_factor.reset(person, by=request.user, at=now())) for person in queryset)
        text = ngettext(
            "%(count)s person has no second factor any more.", "%(count)s people have no second factor any more.", done
        )
        self.message_user(request, text % {"count": done}, messages.SUCCESS)
