"""The form of an organisation."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.domains import DomainInvalid, read_domain
from accounts.models import Members, Organization, OrganizationDomain, Team, User
from desk.finding import Find, FindSelect, first, given
from desk.people import chosen_among, group_of, teams
from tickets.events import ref

MOST_DOMAINS = 50
_REF = re.compile(r"(user|team):([0-9]{1,18})", re.ASCII)


class OrganizationForm(forms.Form):
    """`account_manager` becomes a User, a Team or None; `domains` a list."""

    name = forms.CharField(label=_("Name"), max_length=120)
    domains = forms.CharField(
        label=_("Domains"),
        required=False,
        max_length=10_000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("One a line, such as example.com. Whoever confirms an address that ends in one of them joins."),
    )
    sharing = forms.ChoiceField(
        label=_("Sees all its tickets"),
        choices=Members.choices,
        help_text=_("Who of this organisation sees the tickets of its other people."),
    )
    collaborators = forms.ChoiceField(
        label=_("Takes part in its tickets"),
        choices=Members.choices,
        help_text=_("Who is added to every new ticket of this organisation as a collaborator."),
    )
    account_manager = forms.CharField(label=_("Account manager"), required=False, widget=FindSelect)
    assigns_to_manager = forms.BooleanField(
        label=_("Assign new tickets to the account manager"),
        required=False,
        help_text=_("Where the help topic assigns to nobody."),
    )

    def __init__(self, *args: Any, action: str, organization: Organization | None = None, **kwargs: Any) -> None:
        if organization is not None:
            kwargs["initial"] = _initial(organization) | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        self.organization = organization
        find = Find.of(self, action)
        found = User.objects.agents()
        agents, more_agents = first(
            (found.filter(name__icontains=find.text) if find.text else found).order_by("name", "id")
        )
        some_teams, more_teams = first(teams(find.text))
        groups = group_of(str(_("Agents")), agents) + group_of(str(_("Teams")), some_teams)
        find.choose_sole(self, "account_manager", groups)
        chosen = self._manager(str(given(self).get("account_manager") or ""))
        find.offer(
            self.fields["account_manager"],
            [("", _("Nobody")), *chosen_among(groups, chosen)],
            shown=max(len(agents), len(some_teams)),
            has_more=more_agents or more_teams,
        )

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        others = Organization.objects.filter(name=name)
        if self.organization is not None:
            others = others.exclude(pk=self.organization.pk)
        if others.exists():
            raise ValidationError(_("There is an organisation of this name already."))
        return name

    def clean_domains(self) -> list[str]:
        domains: list[str] = []
        for text in self.cleaned_data["domains"].replace(",", " ").split():
            try:
                domain = read_domain(text)
            except DomainInvalid as invalid:
                raise ValidationError(str(invalid)) from invalid
            if domain not in domains:
                domains.append(domain)
        if len(domains) > MOST_DOMAINS:
            raise ValidationError(_("No organisation has more than %(count)s domains."), params={"count": MOST_DOMAINS})
        taken = OrganizationDomain.objects.select_related("organization").filter(domain__in=domains)
        if self.organization is not None:
            taken = taken.exclude(organization=self.organization)
        if one := taken.first():
            raise ValidationError(
                _("%(name)s has the domain %(domain)s."), params={"name": one.organization, "domain": one.domain}
            )
        return domains

    def clean_account_manager(self) -> User | Team | None:
        chosen = self.cleaned_data["account_manager"]
        manager = self._manager(chosen)
        if chosen and manager is None:
            raise ValidationError(_("Choose from the list."))
        return manager

    def fields_of(self) -> dict[str, Any]:
        """Return what was filled in, as an organisation keeps it."""
        data = self.cleaned_data
        manager = data["account_manager"]
        return {
            "name": data["name"],
            "sharing": data["sharing"],
            "collaborators": data["collaborators"],
            "manager": manager if isinstance(manager, User) else None,
            "manager_team": manager if isinstance(manager, Team) else None,
            "assigns_to_manager": data["assigns_to_manager"] and manager is not None,
        }

    def _manager(self, text: str) -> User | Team | None:
        found = _REF.fullmatch(text)
        if found is None:
            return None
        rows: Any = User.objects.agents() if found[1] == "user" else Team.objects.filter(archived_at=None)
        manager: User | Team | None = rows.filter(pk=int(found[2])).first()
        return manager


def _initial(organization: Organization) -> dict[str, Any]:
    manager = organization.manager or organization.manager_team
    return {
        "name": organization.name,
        "domains": "\n".join(organization.domains.order_by("domain").values_list("domain", flat=True)),
        "sharing": organization.sharing,
        "collaborators": organization.collaborators,
        "account_manager": ref(manager) if manager else "",
        "assigns_to_manager": organization.assigns_to_manager,
    }
