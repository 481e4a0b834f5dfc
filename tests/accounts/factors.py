"""What tests of the second factor share: an authenticator app, and people who have one."""

import time
from itertools import count

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.test import Client

from accounts.models import User
from tests.cast import PASSWORD

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
LOGIN, STEP = "/accounts/login/", "/accounts/second-factor/"
_clients = count(1)


def code(secret: str = SECRET, *, later: int = 0) -> str:
    """Return what the app shows now, or so many half minutes later."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + later))


def wrong_code() -> str:
    good = {code(later=later) for later in (-2, -1, 0, 1, 2)}
    return next(text for text in (f"{number:06}" for number in range(9)) if text not in good)


def give_app(user: User) -> Authenticator:
    return TOTP.activate(user, SECRET).instance


def give_recovery_codes(user: User) -> list[str]:
    return RecoveryCodes.activate(user).generate_codes()


def by_password(client: Client, user: User):
    return client.post(LOGIN, {"login": user.email, "password": PASSWORD})


def elsewhere() -> Client:
    """Return a client at an address of its own."""
    return Client(REMOTE_ADDR=f"198.51.100.{next(_clients) % 250}")
