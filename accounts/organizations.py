"""Organisations: their facts, their domains, who joins them. Each change stands in the audit log."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import audit
from accounts.domains import domain_of, spellings
from accounts.models import Address, AuditKind, Members, Organization, OrganizationDomain, User

FIELDS = ("name", "sharing", "collaborators", "manager", "manager_team", "assigns_to_manager")


class DomainTaken(Exception):
    """A domain belongs to another organisation, or the name does; `str()` is a sentence."""


@transaction.atomic
def save(
    organization: Organization | None, fields: Mapping[str, Any], domains: Collection[str], *, by: User, at: datetime
) -> Organization:
    """Add an organisation, or change one, with exactly these domains. Raises DomainTaken, and nothing is saved.

    Who has a confirmed address in a domain that is new, and belongs to nobody yet, joins.
    """
    if organization is None:
        held, before = Organization(), {}
    else:
        held = Organization.objects.select_for_update().get(pk=organization.pk)
        before = {name: _plain(getattr(held, name)) for name in FIELDS}
    for name in FIELDS:
        setattr(held, name, fields[name])
    try:
        with transaction.atomic():
            held.save()
    except IntegrityError as error:
        raise DomainTaken(_("There is an organisation of this name already.")) from error
    after = {name: _plain(getattr(held, name)) for name in FIELDS}
    changes = {name: (before.get(name), after[name]) for name in FIELDS if before.get(name) != after[name]}
    if "name" in changes:
        # Many are called after somebody, and the log is never erased.
        changes["name"] = (None, None)
    changes |= _set_domains(held, domains)
    if changes:
        kind = AuditKind.CHANGED if organization else AuditKind.CREATED
        audit.record(kind, by=by, at=at, target=held, changes=changes)
    return held


@transaction.atomic
def set_archived(organization: Organization, is_archived: bool, *, by: User, at: datetime) -> None:
    """Take the organisation out of what is offered, or bring it back."""
    held = Organization.objects.select_for_update().get(pk=organization.pk)
    if (held.archived_at is not None) == is_archived:
        return
    held.archived_at = at if is_archived else None
    held.save(update_fields=["archived_at"])
    audit.record(AuditKind.ARCHIVED if is_archived else AuditKind.RESTORED, by=by, at=at, target=held)


def join_by_domain(address: Address) -> None:
    """Let the person behind an address that is confirmed join the organisation whose domain it is in, if any.

    An address that is not confirmed says nothing: anybody can type it.
    """
    owner = _owner_of(address.email)
    if owner is not None and address.verified_at is not None:
        User.objects.filter(pk=address.user_id, organization=None).update(organization=owner.organization_id)


def has_domain_of(email: str) -> bool:
    """Say whether an organisation has the domain of this address. Anybody can write one: it proves nothing."""
    return _owner_of(email) is not None


def _owner_of(email: str) -> OrganizationDomain | None:
    domain = domain_of(email)
    return OrganizationDomain.objects.filter(domain=domain, organization__archived_at=None).first() if domain else None


def members(organization: Organization, which: str) -> Any:
    """Return the people of the organisation for whom something holds: nobody, its primary contacts, or all."""
    everybody = User.objects.filter(organization=organization, is_active=True, anonymised_at=None)
    match which:
        case Members.ALL:
            return everybody
        case Members.PRIMARY:
            return everybody.filter(is_primary_contact=True)
    return everybody.none()


def _set_domains(organization: Organization, domains: Collection[str]) -> dict[str, tuple[Any, Any]]:
    held = set(organization.domains.values_list("domain", flat=True))
    wanted = set(domains)
    if held == wanted:
        return {}
    organization.domains.filter(domain__in=held - wanted).delete()
    for domain in sorted(wanted - held):
        try:
            with transaction.atomic():
                OrganizationDomain.objects.create(domain=domain, organization=organization)
        except IntegrityError as error:
            owner = OrganizationDomain.objects.select_related("organization").filter(domain=domain).first()
            name = owner.organization.name if owner else _("Another organisation")
            raise DomainTaken(_("%(name)s has the domain %(domain)s.") % {"name": name, "domain": domain}) from error
        _join(organization, domain)
    return {"domains": (sorted(held), sorted(wanted))}


def _join(organization: Organization, domain: str) -> None:
    """Let in who is known with a confirmed address in the domain and belongs to nobody. One statement, however many."""
    within = Q()
    for spelling in spellings(domain):
        within |= Q(email__endswith=f"@{spelling}")
    known = Address.objects.filter(within, verified_at__isnull=False).values("user")
    User.objects.filter(pk__in=known, organization=None, anonymised_at=None).update(organization=organization)


def _plain(value: Any) -> Any:
    return value.pk if hasattr(value, "pk") else value
