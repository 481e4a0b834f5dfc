"""What is done to people where it reaches their tickets. Each asks the policy and stands in the audit log."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit, contacts
from accounts.addresses import AddressStays
from accounts.models import Address, AuditKind, Permission, User
from accounts.notices import Notice, tell
from accounts.principal import Principal
from tickets import erasure, policy
from tickets.models import Participant


@transaction.atomic
def remove_address(*, address: Address, by: Principal, at: datetime) -> None:
    """Let go of an address: its tickets go on at the primary one, links that were mailed to it open nothing any more.

    Everybody may let go of their own. Raises NotAllowed, NotPossible, and AddressStays for the primary address.
    """
    if not (by.acts_as_requester and by.user is not None and by.user.pk == address.user_id):
        policy.require_anywhere(by, Permission.PERSON_EDIT)
    person = User.objects.select_for_update().get(pk=address.user_id)
    contacts.require_changeable(person)
    primary = contacts.primary_address(person)
    if primary is None or primary.pk == address.pk:
        raise AddressStays(_("This is the primary address. Make another one the primary first."))
    erasure.reach_others_at_their_own(Address.objects.filter(pk=address.pk))
    Participant.objects.filter(address=address).update(address=primary)
    for keeper in erasure.keepers():
        keeper.address_gone(address)
    audit.record(AuditKind.DELETED, by=by.user, at=at, target=address, changes={"user": (person.pk, None)})
    tell(person, Notice.ADDRESS_REMOVED, by=by.user, at=at)
    Address.objects.filter(pk=address.pk).delete()
