"""Mails that tell people what changed of how they sign in, so that they can act where it was not them."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import letters
from accounts.models import User
from core import clients
from core.absolute import absolute_url


class Notice(StrEnum):
    APP_ADDED = "app-added"
    APP_REMOVED = "app-removed"
    PASSKEY_ADDED = "passkey-added"
    PASSKEY_REMOVED = "passkey-removed"
    CODES_NEW = "codes-new"
    CODE_USED = "code-used"
    FACTORS_RESET = "factors-reset"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - a word
    PASSWORD_REMOVED = "password-removed"  # noqa: S105 - a word
    ADDRESS_ADDED = "address-added"
    ADDRESS_REMOVED = "address-removed"
    ADDRESS_CHANGED = "address-changed"


SENTENCES: Mapping[Notice, "str | Promise"] = {
    Notice.APP_ADDED: _("An authenticator app was set up."),
    Notice.APP_REMOVED: _("The authenticator app is asked for no more."),
    Notice.PASSKEY_ADDED: _("A passkey was added."),
    Notice.PASSKEY_REMOVED: _("A passkey was removed."),
    Notice.CODES_NEW: _("New recovery codes were made. The old ones are worth nothing now."),
    Notice.CODE_USED: _("A recovery code was used in place of a passkey or an app."),
    Notice.FACTORS_RESET: _("All passkeys, the authenticator app and the recovery codes were removed."),
    Notice.PASSWORD_CHANGED: _("The password was changed."),
    Notice.PASSWORD_REMOVED: _("The password was removed. A new one is set by a mailed link."),
    Notice.ADDRESS_ADDED: _("An e-mail address was added to your account."),
    Notice.ADDRESS_REMOVED: _("An e-mail address was removed from your account."),
    Notice.ADDRESS_CHANGED: _("Another e-mail address is the primary one now: mails go there."),
}


def tell(person: User, notice: Notice, *, by: User | None, at: datetime, to: str = "") -> None:
    """Mail it to the person, in the caller's transaction; `to` an address that was theirs until now.

    Guests have nothing to sign in with, and an address that is not confirmed may be somebody else's: neither is told.
    From where it was done is said to who did it alone.
    """
    address = to or person.email
    if not address or not person.may_sign_in or person.is_demo:
        return
    is_own = by is not None and by.pk == person.pk
    with letters.in_the_words_of(person):
        letters.send(
            "notice",
            address,
            person=person,
            what=str(SENTENCES[notice]),
            at=timezone.localtime(at),
            zone=timezone.get_current_timezone_name(),
            by="" if is_own or by is None else by.display_name,
            client_ip=(clients.client_ip() or "") if is_own else "",
            url=absolute_url("mfa_index"),
        )
