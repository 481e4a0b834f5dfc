"""Who above the domain keeps something about people, all on this page."""

from mail import people as mail
from tickets import erasure
from tickets.erasure import Keeper

KEEPERS = (Keeper(mail.address_gone, mail.anonymise, mail.person_gone),)


def install() -> None:
    erasure.install(KEEPERS)
