"""Passwords: changing one, and setting one by a mailed link."""

from typing import Any

from allauth.account import views as allauth
from django.http import HttpResponse
from django.utils.timezone import now

from accounts import audit, sessions
from accounts.forms import ChangePasswordForm, ResetPasswordForm, SetPasswordForm
from accounts.models import AuditKind, User
from accounts.notices import Notice, tell
from accounts.passwords import mail_link
from accounts.people import person_who_signs_in
from accounts.views.pages import MailsLink, OnOurPages, SaysWhatIsWrong


class ChangePassword(SaysWhatIsWrong, allauth.PasswordChangeView):  # type: ignore[misc]  # allauth has no types
    """Other devices have to sign in again: sessions hang on the password."""

    form_class = ChangePasswordForm

    def form_valid(self, form: ChangePasswordForm) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        sessions.end_others(self.request, form.user)
        note_new_password(form.user)
        return response


class AskForPasswordLink(MailsLink, allauth.PasswordResetView):  # type: ignore[misc]  # allauth has no types
    form_class = ResetPasswordForm
    kind = "password-link"

    def mail_to(self, email: str, form: Any) -> None:
        if person := person_who_signs_in(email):
            mail_link(person)


class SetPassword(SaysWhatIsWrong, allauth.PasswordResetFromKeyView):  # type: ignore[misc]  # allauth has no types
    """Behind the mailed link. It signs nobody in: typing the new password once more shows that it works."""

    form_class = SetPasswordForm

    def form_valid(self, form: SetPasswordForm) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        sessions.end_all(form.user)
        note_new_password(form.user)
        return response


class LinkIsOnItsWay(OnOurPages, allauth.PasswordResetDoneView):  # type: ignore[misc]  # allauth has no types
    pass


class PasswordIsSet(OnOurPages, allauth.PasswordResetFromKeyDoneView):  # type: ignore[misc]  # allauth has no types
    pass


def note_new_password(person: User) -> None:
    at = now()
    audit.record(AuditKind.PASSWORD, by=person, at=at, target=person)
    tell(person, Notice.PASSWORD_CHANGED, by=person, at=at)
