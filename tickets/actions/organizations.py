"""Delete, archive and bring back organisations: what tickets name is kept."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit, organizations
from accounts.models import AuditKind, Organization, Permission
from accounts.principal import Principal
from tickets import policy
from tickets.errors import DeedRefused
from tickets.models import Ticket


@transaction.atomic
def delete_organization(*, organization: Organization, by: Principal, at: datetime) -> None:
    """Delete what no ticket names; its people stay, without an organisation. Raises NotAllowed, DeedRefused."""
    policy.require_anywhere(by, Permission.ORGANIZATION_DELETE)
    held = Organization.objects.select_for_update().get(pk=organization.pk)
    if Ticket.objects.filter(organization=held).exists():
        raise DeedRefused(_("Tickets name %(name)s, so it stays. Archive it instead.") % {"name": held})
    held.members.update(organization=None, is_primary_contact=False)
    audit.record(AuditKind.DELETED, by=by.user, at=at, target=held)
    held.delete()


@transaction.atomic
def archive_organization(*, organization: Organization, is_archived: bool, by: Principal, at: datetime) -> None:
    """Take it out of what is offered, or bring it back. Raises NotAllowed."""
    policy.require_anywhere(by, Permission.ORGANIZATION_DELETE)
    assert by.user is not None  # who is allowed something by a role is an agent
    organizations.set_archived(organization, is_archived, by=by.user, at=at)
