"""Invitations: a mailed link by which whoever reads an address gets an account (PARITY P12, U04)."""

import secrets
from datetime import datetime, timedelta

from django.core import signing
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit, letters
from accounts.joining import LinkInvalid, take_over
from accounts.models import Address, AuditKind, Invitation, User
from accounts.people import belongs_to_person, gave_a_name
from core.absolute import absolute_url
from core.models import SiteSettings
from core.models.settings import Registration

LASTS = timedelta(days=7)
SALT = "accounts.invitations"


class CannotInvite(Exception):
    """Why this person cannot be invited; `str()` is a sentence."""


@transaction.atomic
def invite(address: Address, *, by: User, at: datetime) -> Invitation:
    """Mail an invitation to the address. Sent again, the one before is worth nothing. Raises CannotInvite.

    Whether `by` may is for the caller to ask.
    """
    person = User.objects.select_for_update().get(pk=address.user_id)
    if reason := _why_not(person, address):
        raise CannotInvite(reason)
    invitation, _made = Invitation.objects.update_or_create(
        address=address,
        defaults={
            "secret": secrets.token_hex(16),
            "invited_by": by,
            "invited_at": at,
            "expires_at": at + LASTS,
            "accepted_at": None,
        },
    )
    url = absolute_url("account_invitation", token_for(invitation))
    letters.send("invitation", address.email, url=url, by=by.display_name, days=LASTS.days)
    audit.record(AuditKind.INVITED, by=by, at=at, target=person)
    return invitation


def token_for(invitation: Invitation) -> str:
    return signing.dumps([invitation.pk, invitation.secret], salt=SALT)


def read(token: str, *, at: datetime) -> Invitation:
    """Return the invitation, with address and person. Raises LinkInvalid."""
    try:
        pk, secret = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise LinkInvalid from error
    waiting = Invitation.objects.select_related("address__user")
    invitation = waiting.filter(pk=pk, secret=secret, accepted_at=None, expires_at__gt=at).first()
    if invitation is None or _why_not(invitation.address.user, invitation.address):
        raise LinkInvalid
    return invitation


@transaction.atomic
def accept(token: str, *, name: str, password: str, at: datetime) -> User:
    """Make the account and return its person. A name that somebody gave already stays. Raises LinkInvalid.

    Of two at once the second finds it used.
    """
    invitation = read(token, at=at)
    taken = Invitation.objects.filter(pk=invitation.pk, secret=invitation.secret, accepted_at=None)
    if not taken.update(accepted_at=at):
        raise LinkInvalid
    person = take_over(invitation.address.email, at=at)
    if person.may_sign_in:
        raise LinkInvalid
    person.name = person.name if gave_a_name(person) else name or person.name
    person.set_password(password)
    person.save(update_fields=["name", "password"])
    audit.record(AuditKind.REGISTERED, by=person, at=at, target=person)
    return person


def _why_not(person: User, address: Address) -> str:
    if SiteSettings.load().registration == Registration.OFF:
        return _("Nobody may make an account; the site settings say so.")
    if not person.is_active or person.is_demo:
        return _("%(name)s is switched off.") % {"name": person.display_name}
    if person.may_sign_in:
        return _("%(name)s has an account already.") % {"name": person.display_name}
    if not belongs_to_person(address):
        return _("%(email)s is not confirmed yet. Invite another address of this person.") % {"email": address.email}
    return ""
