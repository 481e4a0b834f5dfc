"""The form of a mailbox: what it may say, and secrets that go in and never come out."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core import secrets
from core.bounded_admin import ModelForm
from core.hosts import is_this_machine
from mail.models import AfterFetch, Authentication, Mailbox, Protocol, Security
from mail.models.mailbox import LONGEST_LOCAL_PART

HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]+")
TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
LONGEST_SECRET = 2_000
# What goes to the server as one line.
LINES = ("host", "username", "folder", "archive_folder", "client_id", "tenant", "password", "client_password")
# Field → column.
SECRETS = {"password": "secret", "client_password": "client_secret"}
AGAIN = {
    "password": _("Enter the password once more: it was given for another server."),
    "client_password": _("Enter the secret once more: it was given for another server."),
}
TOKENS = ("access_token", "access_expires_at", "refresh_token", "refresh_expires_at", "authorized_at")


class MailboxForm(ModelForm):
    """`password` and `client_password` stand for the encrypted columns; empty they keep what is there."""

    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        max_length=LONGEST_SECRET,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    client_password = forms.CharField(
        label=_("Client secret"),
        required=False,
        max_length=LONGEST_SECRET,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "name" in self.fields:
            self.fields["name"].error_messages["invalid"] = _(
                "Write letters, digits and hyphens, without spaces, such as support-2."
            )
        kept, none = _("One is set. Leave empty to keep it."), _("None is set yet.")
        for name, column in SECRETS.items():
            if name in self.fields:
                self.fields[name].help_text = kept if getattr(self.instance, column) else none

    def clean_address(self) -> str:
        return str(self.cleaned_data["address"]).strip().lower()

    def clean_host(self) -> str:
        host = str(self.cleaned_data["host"]).strip()
        if host and not HOST.fullmatch(host):
            raise ValidationError(_("Write a name such as imap.example.com, without port and slashes."))
        return host

    def clean_tenant(self) -> str:
        tenant = str(self.cleaned_data["tenant"]).strip()
        if tenant and not TENANT.fullmatch(tenant):
            raise ValidationError(_("Write the tenant's ID or domain, such as example.onmicrosoft.com."))
        return tenant

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for name in LINES:
            if not str(data.get(name) or "").isprintable():
                self.add_error(name, _("It must be one line, without control characters."))
        self._check_address(data)
        if data.get("protocol") in {Protocol.IMAP, Protocol.POP3}:
            self._check_server(data)
            if data.get("authentication") == Authentication.PASSWORD:
                self._require(data, "password", self.instance.secret, _("Enter the password of the mailbox."))
            else:
                self._check_app(data)
        if not self.errors:
            self._encrypt(data)
        return data

    def columns(self) -> list[str]:
        """Return the columns to save: those of the fields, and what their change brings along."""
        own = {field.name for field in Mailbox._meta.concrete_fields}
        changed = [name for name in self.changed_data if name in own]
        if "password" in self.changed_data:
            changed.append("secret")
        if "client_password" in self.changed_data:
            changed.append("client_secret")
        left = SECRETS.values() if self._is_other_server() else ()
        return list(dict.fromkeys([*changed, *left, *(TOKENS if self._is_other_app() else ())]))

    def _is_other_server(self) -> bool:
        """Say whether what was entered is for another server. Whoever may edit this page does not know it."""
        return "host" in self.changed_data

    def _is_other_app(self) -> bool:
        return bool({"authentication", "client_id", "host", "tenant", "username"} & {*self.changed_data})

    def _check_address(self, data: dict[str, Any]) -> None:
        local = str(data.get("address", "")).rpartition("@")[0]
        if "+" in local:
            self.add_error("address", _("Write the address itself, without a + in it."))
        elif data.get("plus_addresses") and len(local) > LONGEST_LOCAL_PART:
            text = _("With extended addresses at most %(count)s characters may stand before the @.")
            self.add_error("address", ValidationError(text, params={"count": LONGEST_LOCAL_PART}))

    def _check_server(self, data: dict[str, Any]) -> None:
        for name, text in (("host", _("Enter the name of the server.")), ("username", _("Enter who signs in there."))):
            if not data.get(name) and name not in self.errors:
                self.add_error(name, text)
        if data.get("security") == Security.NONE and data.get("host") and not is_this_machine(data["host"]):
            text = _("Without encryption only a server on this machine is read, such as localhost.")
            self.add_error("security", text)
        if data.get("protocol") == Protocol.POP3:
            if data.get("after_fetch") == AfterFetch.MOVE:
                self.add_error("after_fetch", _("POP3 knows no folders: mails stay where they are, or are deleted."))
            return
        if not data.get("folder"):
            self.add_error("folder", _("Enter a folder, such as INBOX."))
        if data.get("after_fetch") == AfterFetch.MOVE:
            if not data.get("archive_folder"):
                self.add_error("archive_folder", _("Enter the folder that mails are moved to."))
            elif data["archive_folder"] == data.get("folder"):
                self.add_error("archive_folder", _("Mails cannot be moved to the folder that they are in."))

    def _check_app(self, data: dict[str, Any]) -> None:
        if not data.get("client_id"):
            self.add_error("client_id", _("Enter the ID of the app that you made at the service."))
        self._require(data, "client_password", self.instance.client_secret, _("Enter the secret of the app."))
        if data.get("authentication") == Authentication.MICROSOFT_APP and data.get("tenant", "") in {"", "common"}:
            self.add_error("tenant", _("App-only access is given by one tenant: enter its ID."))

    def _require(self, data: dict[str, Any], name: str, kept: Any, text: Any) -> None:
        if data.get(name) or name in self.errors:
            return
        if not kept:
            self.add_error(name, text)
        elif self._is_other_server():
            self.add_error(name, AGAIN[name])

    def _encrypt(self, data: dict[str, Any]) -> None:
        for name, column in SECRETS.items():
            if data.get(name):
                setattr(self.instance, column, secrets.encrypt(data[name].encode()))
            elif self._is_other_server():
                # Nor later: saved in between as one that needs none, it would still be there.
                setattr(self.instance, column, None)
        if self._is_other_app():
            # Tokens of another app or person open nothing here, and another server must not get them.
            for name in TOKENS:
                setattr(self.instance, name, None)

    class Meta:
        model = Mailbox
        exclude = ("is_default",)
