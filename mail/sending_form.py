"""The forms of sending accounts and own addresses: what they may say, and a secret that goes in and never comes out."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.domains import are_of_one_owner
from core import secrets
from core.bounded_admin import ModelForm
from core.configuration_admin import OneDefaultForm
from core.hosts import is_this_machine
from mail import senders
from mail.models import OwnAddress, Security, SendingAccount, SendsBy, SignsIn
from mail.transport import service_backend
from mail.url import MailService, MailUrlInvalid, parse

HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]+")
LONGEST_SECRET = 2_000
# What goes to the server as one line.
LINES = ("host", "username", "password")


class SendingAccountForm(ModelForm):
    """`password` stands for the encrypted column; empty it keeps what is there."""

    password = forms.CharField(
        label=_("Password, or the address of the service"),
        required=False,
        strip=False,
        max_length=LONGEST_SECRET,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "name" in self.fields:
            self.fields["name"].error_messages["invalid"] = _(
                "Write letters, digits and hyphens, without spaces, such as support-2."
            )
            self.fields["name"].help_text = _("Short and without spaces.")
        kept = _("One is set. Leave empty to keep it.") if self.instance.secret else _("None is set yet.")
        service = _("Of a service what MAIL_URL would say, such as anymail+postmark://?server_token=…")
        self.fields["password"].help_text = f"{kept} {service}"

    def clean_host(self) -> str:
        host = str(self.cleaned_data["host"]).strip()
        if host and not HOST.fullmatch(host):
            raise ValidationError(_("Write a name such as smtp.example.com, without port and slashes."))
        return host

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for name in LINES:
            if not str(data.get(name) or "").isprintable():
                self.add_error(name, _("It must be one line, without control characters."))
        if data.get("sends_by") == SendsBy.SERVICE:
            self._check_service(data)
        else:
            self._check_server(data)
        if not self.errors:
            self._encrypt(data)
        return data

    def _encrypt(self, data: dict[str, Any]) -> None:
        if data.get("password"):
            self.instance.secret = secrets.encrypt(data["password"].encode())
        elif self._is_other_server():
            # Nor later: saved in between as one that needs none, it would still be there.
            self.instance.secret = None

    def _is_other_server(self) -> bool:
        """Say whether what was entered is for another server. Whoever may edit this page does not know it."""
        return bool({"host", "sends_by"} & {*self.changed_data})

    def columns(self) -> list[str]:
        """Return the columns to save: those of the fields, and the secret with its own."""
        own = {field.name for field in SendingAccount._meta.concrete_fields}
        changed = [name for name in self.changed_data if name in own]
        return [*changed, *(["secret"] if self.cleaned_data.get("password") or self._is_other_server() else [])]

    def _check_service(self, data: dict[str, Any]) -> None:
        if not data.get("password"):
            if not self.instance.secret or "sends_by" in self.changed_data:
                self.add_error("password", _("Enter the address of the service."))
            return
        try:
            to = parse(data["password"].strip())
            if not isinstance(to, MailService):
                raise MailUrlInvalid(_("This names no service. It begins with anymail+."))
            service_backend(to)
        except MailUrlInvalid as error:
            self.add_error("password", str(error))
        except (ImproperlyConfigured, ImportError, TypeError, ValueError) as error:
            text = _("The service does not start with these options: %(why)s")
            self.add_error("password", ValidationError(text, params={"why": " ".join(str(error).split())[:300]}))

    def _check_server(self, data: dict[str, Any]) -> None:
        if not data.get("host") and "host" not in self.errors:
            self.add_error("host", _("Enter the name of the server."))
        if data.get("security") == Security.NONE and data.get("host") and not is_this_machine(data["host"]):
            text = _("Without encryption mail goes only to a server on this machine, such as localhost.")
            self.add_error("security", text)
        match data.get("signs_in"):
            case SignsIn.PASSWORD:
                if not data.get("username"):
                    self.add_error("username", _("Enter who signs in there."))
                if not data.get("password"):
                    self._check_kept_password()
            case SignsIn.MAILBOX:
                box = data.get("mailbox")
                if box is None:
                    self.add_error("mailbox", _("Choose the mailbox."))
                elif data.get("host") and not self._may_open(data["host"], box.host):
                    text = _("What opens the mailbox is for %(host)s. Only a server of the same domain may get it.")
                    self.add_error("host", ValidationError(text, params={"host": box.host or "–"}))

    def _may_open(self, host: str, of_mailbox: str) -> bool:
        """Say whether the server may be told what opens the mailbox."""
        return are_of_one_owner(host, of_mailbox) or (is_this_machine(host) and is_this_machine(of_mailbox))

    def _check_kept_password(self) -> None:
        """Let a password stay with the server that it was given for."""
        if not self.instance.secret or "sends_by" in self.changed_data:
            self.add_error("password", _("Enter the password."))
        elif "host" in self.changed_data:
            self.add_error("password", _("Enter the password once more: it was given for another server."))

    class Meta:
        model = SendingAccount
        fields = (
            "name",
            "is_active",
            "sends_by",
            "host",
            "port",
            "security",
            "signs_in",
            "username",
            "mailbox",
            "per_minute",
            "notes",
        )


class OwnAddressForm(OneDefaultForm):
    needs_default = False

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).strip().lower()
        if "+" in email.rpartition("@")[0]:
            raise ValidationError(_("Write the address itself, without a + in it."))
        return email

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip()
        if not name.isprintable():
            raise ValidationError(_("It must be one line, without control characters."))
        return name

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("make_default") and "account" in data and not senders.has_way(data["account"]):
            self.add_error("account", _("Choose the account that its mails go out by: MAIL_URL names no mail server."))
        return data

    class Meta:
        model = OwnAddress
        fields = ("email", "name", "account", "mailbox")
