"""An address goes to the person who showed that they read it, and what was asked by it goes along.

What floors above keep of it, such as tickets, they move themselves: helpdesk/keepers.py hands their functions down.
What is written meanwhile by who read whose it was before, such as an organisation's rules, they do not see; nobody is
reached by it (tickets.models.ParticipantQuerySet.by_own_address).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from django.db.models import F

from accounts import audit
from accounts.models import Address, AuditKind, User

# Called in the deed's transaction with the address, which is `to`'s by now, whose it was, `to`, and the time.
Mover = Callable[[Address, User, User, datetime], None]

_movers: tuple[Mover, ...] = ()


def install(table: Sequence[Mover]) -> None:
    """Replace the table. Called once, when the apps are ready."""
    global _movers
    _movers = tuple(table)


def hold(email: str, *people: User) -> Address | None:
    """Return the address with its person, both locked, and these people with them; None if nobody has it.

    People are locked in the order of their keys, so that two who prove an address at once wait for each other.
    """
    known = Address.objects.filter(email=email).first()
    while True:
        keys = {person.pk for person in people} | ({known.user_id} if known else set())
        # Rows that refer to them can be written meanwhile: their tickets are locked by others, and waited for here.
        list(User.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk").values_list("pk"))
        held = Address.objects.select_for_update(no_key=True, of=("self",)).filter(email=email).first()
        if held is None or held.user_id in keys:
            return held and Address.objects.select_related("user").get(pk=held.pk)
        # It was moved while we waited for whose it was.
        known = held


def hold_all(addresses: Iterable[Address]) -> dict[int, int]:
    """Lock these addresses with their people, in the order of `hold`; return whose each is, by their keys."""
    wanted = {one.pk: one.user_id for one in addresses}
    people = set(wanted.values())
    while True:
        list(User.objects.select_for_update(no_key=True).filter(pk__in=people).order_by("pk").values_list("pk"))
        rows = Address.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
        held = dict(rows.values_list("pk", "user_id"))
        if people.issuperset(held.values()):
            return held
        people.update(held.values())


def move(address: Address, to: User, *, at: datetime) -> None:
    """Give an address that is held to `to`, held as well. It becomes their primary one only if they have no other.

    Whose it was keeps their other addresses. One of these becomes the primary one, a confirmed one before others;
    without any they stay as they are, and nobody can sign in as them by mail.
    """
    before = address.user
    address.user, address.is_primary = to, not to.addresses.exists()
    address.save(update_fields=["user", "is_primary"])
    _find_primary(before)
    audit.record(AuditKind.CHANGED, by=to, at=at, target=address, changes={"user": (before.pk, to.pk)})
    for mover in _movers:
        mover(address, before, to, at)


def move_all(before: User, to: User) -> None:
    """Give all addresses of one who is held to another, held as well. Links that were mailed to them are worth nothing.

    The other's primary address stays, unless only one that comes is confirmed. What was asked by them is the caller's.
    """
    primary = before.addresses.filter(is_primary=True).first()
    before.addresses.update(user=to, is_primary=False, link_epoch=F("link_epoch") + 1)
    before.email = ""
    before.save(update_fields=["email"])
    held = to.addresses.filter(is_primary=True).first()
    is_confirmed = primary is not None and primary.is_verified
    if primary is not None and (held is None or (is_confirmed and not held.is_verified)):
        to.addresses.filter(is_primary=True).update(is_primary=False)
        Address.objects.filter(pk=primary.pk).update(is_primary=True)
    _find_primary(to)


def _find_primary(person: User) -> None:
    """Choose another primary address for who has none; `User.email` repeats it once it is confirmed."""
    primary = person.addresses.filter(is_primary=True).first()
    if primary is None:
        others = person.addresses.order_by("pk")
        primary = others.filter(verified_at__isnull=False).first() or others.first()
        if primary is not None:
            primary.is_primary = True
            primary.save(update_fields=["is_primary"])
    email = primary.email if primary is not None and primary.is_verified else ""
    if person.email != email:
        person.email = email
        person.save(update_fields=["email"])
