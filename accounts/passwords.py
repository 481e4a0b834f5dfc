"""Passwords that people set for themselves, by a link mailed to them."""

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.http import int_to_base36

from accounts.models import User
from core.absolute import absolute_url
from core.models import SiteSettings


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
    context = {
        "person": user,
        "url": reset_url(user),
        "site": SiteSettings.load(),
        "is_first": not user.has_usable_password(),
        "hours": settings.PASSWORD_RESET_TIMEOUT // 3600,
    }
    subject = " ".join(render_to_string("account/mail/password_link.subject.txt", context).split())
    mail = EmailMultiAlternatives(subject, render_to_string("account/mail/password_link.txt", context), to=[user.email])
    mail.attach_alternative(render_to_string("account/mail/password_link.html", context), "text/html")
    mail.send()
