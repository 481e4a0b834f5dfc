from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PagesConfig(AppConfig):
    name = "pages"
    verbose_name = _("Pages")

    def ready(self) -> None:
        import_module("accounts.audit_log").name_keys({"topics": "tickets.helptopic", "copied_from": "pages.page"})
