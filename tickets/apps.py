from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TicketsConfig(AppConfig):
    name = "tickets"
    verbose_name = _("Tickets")

    def ready(self) -> None:
        keys = ("department", "primary_department")
        reckoning = import_module("tickets.reckoning")
        import_module("sla.reckoning").hand_over(reckoning.count, reckoning.foresee)
        import_module("accounts.audit_log").name_keys(dict.fromkeys(keys, "tickets.department"))
