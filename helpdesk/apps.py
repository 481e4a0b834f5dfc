from importlib import import_module

from django.apps import AppConfig


class HelpdeskConfig(AppConfig):
    name = "helpdesk"

    def ready(self) -> None:
        """Hand the tables of handlers and keepers down to the floor that asks them, and who knows of ways out."""
        # Loaded now and not at the top: models exist only once the apps are ready.
        import_module("helpdesk.subscriptions").install()
        import_module("helpdesk.keepers").install()
        import_module("core.mailing").install(import_module("mail.senders").has_any_way)
