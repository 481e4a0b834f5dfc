from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MailConfig(AppConfig):
    name = "mail"
    verbose_name = _("Mail")

    def ready(self) -> None:
        import_module("mail.checks")
        import_module("tickets.sending").hand_over(import_module("mail.choosing").may_write_from)
        import_module("tickets.vocabulary").hand_over(import_module("mail.senders").address_of)
        import_module("accounts.letters").hand_over(import_module("mail.letters").written)
