"""Passwords that people set for themselves, by a link mailed to them."""

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.utils.http import int_to_base36

from accounts import letters
from accounts.models import User
from core.absolute import absolute_url


def reset_url(user: User) -> str:
    """Return a fresh address at which `user` sets a password.

    It works once, within PASSWORD_RESET_TIMEOUT, and not after the next sign-in. It lets in: keep it out of logs.
    """
    token = PasswordResetTokenGenerator().make_token(user)
    return absolute_url("account_reset_password_from_key", uidb36=int_to_base36(user.pk), key=token)


def mail_link(user: User) -> None:
    """Mail the link to the person's primary address, unless they may not sign in or are made up for the demo."""
    if not user.email or not user.may_sign_in or user.is_demo:
        return
    letters.send(
        # Agents read what the password opens: the desk.
        "agent_password_link" if user.is_agent else "password_link",
        user.email,
        person=user,
        url=reset_url(user),
        desk=absolute_url("desk:home") if user.is_agent else "",
        is_first=not user.has_usable_password(),
        hours=settings.PASSWORD_RESET_TIMEOUT // 3600,
    )
