"""From an e-mail address to a person, for every door."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts import bouncing, sessions
from accounts.models import Address, User
from accounts.organizations import join_by_domain
from core.models import SiteSettings
from core.prepared import Prepared, Question

_KNOWN = Prepared(lambda email: Address.objects.select_related("user__organization").filter(email=email))


class AddressTaken(Exception):
    """The address belongs to somebody else; `str()` is a sentence for whoever typed it, and does not name them."""

    def __init__(self, sentence: str, owner: User | None = None) -> None:
        super().__init__(sentence)
        self.owner = owner


def normalise(email: str) -> str:
    """Return the address as it is kept: trimmed and lower-cased."""
    return email.strip().lower()


def address_of(email: str, *, name: str = "") -> Address:
    """Return the address, made with a guest behind it if nobody has it yet.

    Without a name they are known by what stands before the @, as agents have to tell people apart. An unconfirmed
    claim never takes over: the name of a known person is left as it is. Two callers at once get the same address.
    """
    email = normalise(email)
    if known := _KNOWN.first(email=email):
        return known
    try:
        with transaction.atomic():
            user = User(name=name.strip() or name_in(email))
            user.set_unusable_password()
            user.save()
            return Address.objects.create(email=email, user=user, is_primary=True)
    except IntegrityError:
        return Address.objects.select_related("user").get(email=email)


def name_in(email: str) -> str:
    """Return what stands before the @."""
    return normalise(email).rpartition("@")[0][:120]


def gave_a_name(person: User) -> bool:
    """Say whether the person is called by a name, and not only by what stands before the @ of an address of theirs."""
    if not person.name:
        return False
    return person.name not in {name_in(email) for email in person.addresses.values_list("email", flat=True)}


def question(email: str) -> Question:
    """Return what `address_of` asks."""
    return _KNOWN, {"email": normalise(email)}


def confirm(address: Address, *, at: datetime) -> None:
    """Note that whoever reads this address acted on a mail to it. The first confirmed one becomes `User.email`."""
    bouncing.proved(address)
    if address.verified_at is not None:
        return
    with transaction.atomic():
        if not Address.objects.filter(pk=address.pk, verified_at=None).update(verified_at=at):
            return
        if address.is_primary:
            User.objects.filter(pk=address.user_id).update(email=address.email)
        address.verified_at = at
        join_by_domain(address)


def person_who_signs_in(email: str) -> User | None:
    """Return who signs in with this address. Only a confirmed one leads to anybody."""
    address = Address.objects.select_related("user").filter(email=normalise(email), verified_at__isnull=False).first()
    return address.user if address else None


def belongs_to_person(address: Address) -> bool:
    """Say whether who reads this address is the person behind it.

    Not so for an unconfirmed one of somebody who confirmed another, or who has an account: they claimed it, or an
    agent put it down for them, and it may be anybody's.
    """
    if address.is_verified:
        return True
    return not address.user.may_sign_in and not address.user.addresses.filter(verified_at__isnull=False).exists()


def doubt_other_addresses(user: User, email: str) -> None:
    """Let no address but this one lead in any more: agents may have put the others down while it mattered less."""
    user.addresses.exclude(email=normalise(email)).update(verified_at=None)


@transaction.atomic
def enrol(
    email: str,
    *,
    name: str,
    at: datetime,
    password: str | None = None,
    is_agent: bool = False,
    is_administrator: bool = False,
) -> User:
    """Return the agent or administrator who signs in with `email`, which an administrator vouches for.

    Who asked for help with this address before becomes that agent; their tickets stay theirs. Without `password`
    nobody can sign in until one is set by mail. Raises AddressTaken for an agent's or administrator's.
    """
    address = address_of(email, name=name)
    user = User.objects.select_for_update().get(pk=address.user_id)
    if user.is_agent or user.is_administrator:
        raise AddressTaken(_("%(name)s signs in with this address.") % {"name": user.display_name})
    if not belongs_to_person(address):
        # Its row may be somebody's who only claims the address; they would sign in as the one who is meant.
        raise AddressTaken(
            _("%(name)s noted this address and never confirmed it. Take it out of their addresses first.")
            % {"name": user.display_name}
        )
    doubt_other_addresses(user, email)
    user.name = name.strip() or user.name
    user.is_agent, user.is_administrator, user.is_active = is_agent, is_administrator, True
    if password is not None:
        user.set_password(password)
    user.save()
    set_sign_in_address(user, email, at=at)
    return user


@transaction.atomic
def set_sign_in_address(user: User, email: str, *, at: datetime) -> Address:
    """Make `email`, which an administrator vouches for, the person's primary address. Older ones go on leading to them.

    Raises AddressTaken if it leads to somebody else.
    """
    email = normalise(email)
    address, _made = Address.objects.get_or_create(email=email, defaults={"user": user})
    if address.user_id != user.pk:
        raise AddressTaken(_("This address belongs to somebody else."))
    user.addresses.filter(is_primary=True).exclude(pk=address.pk).update(is_primary=False)
    address.is_primary = True
    address.verified_at = address.verified_at or at
    address.save(update_fields=["is_primary", "verified_at"])
    user.email = email
    user.save(update_fields=["email"])
    return address


def set_active(person: User, is_active: bool) -> None:
    """Lock the person out, or let them in again: every door's way to do it. Sessions end at once, for good.

    Whether it may be, and what the audit log says of it, is the caller's.
    """
    person.is_active = is_active
    person.save(update_fields=["is_active"])
    if not is_active:
        sessions.end_all(person)


def lock_administrators() -> None:
    """Let one transaction at a time decide who is an administrator."""
    SiteSettings.objects.select_for_update().get(pk=1)


def is_last_administrator(user: User) -> bool:
    """Say whether nobody could configure the help desk without this person. Ask under `lock_administrators`."""
    others = User.objects.administrators().exclude(pk=user.pk)
    return user.is_administrator and user.is_active and not others.exists()


def revoke_links(address: Address) -> None:
    """Make every ticket link mailed to this address invalid."""
    Address.objects.filter(pk=address.pk).update(link_epoch=F("link_epoch") + 1)
