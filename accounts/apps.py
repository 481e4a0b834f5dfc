from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        # Models are there only now.
        from accounts import audit
        from core import changes

        changes.hand_over(audit.record_change)
