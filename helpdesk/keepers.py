"""Who above accounts and the domain keeps something about people, all on this page."""

from accounts import moving
from accounts.moving import Mover
from mail import people as mail
from tickets import erasure
from tickets.actions import erasing, parts
from tickets.erasure import Keeper

# An address went to another person.
MOVERS: tuple[Mover, ...] = (parts.address_moved, mail.address_moved, erasing.merge_emptied)
# A person, or an address of theirs, goes.
KEEPERS = (Keeper(mail.address_gone, mail.redacted, mail.anonymise, mail.person_gone),)


def install() -> None:
    moving.install(MOVERS)
    erasure.install(KEEPERS)
