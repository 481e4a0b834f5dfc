from importlib import import_module

from django.apps import AppConfig


class HelpdeskConfig(AppConfig):
    name = "helpdesk"

    def ready(self) -> None:
        """Hand the table of handlers down to the floor that records events."""
        # Loaded now and not at the top: models exist only once the apps are ready.
        import_module("helpdesk.subscriptions").install()
