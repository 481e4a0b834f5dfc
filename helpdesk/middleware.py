"""Leads every page to the set-up page until there is an administrator."""

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from core.machines import is_machine, plain
from core.middleware import GetResponse
from helpdesk import first_run

logger = logging.getLogger(__name__)


class FirstRunMiddleware:
    """Asks the database until it says yes; then never again in this process."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.is_set_up = self.has_told = False
        self.open = (reverse("setup"), reverse("healthz"), settings.STATIC_URL)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not self.is_set_up and not request.path.startswith(self.open):
            self.is_set_up = first_run.has_administrator()
            if not self.is_set_up:
                self._tell()
                if is_machine(request):
                    return plain(503, "This help desk is not set up yet.")
                return redirect("setup")
        return self.get_response(request)

    def _tell(self) -> None:
        """Write the link to the log, once per process: whoever reads that may set up from anywhere."""
        if not self.has_told:
            logger.warning("Nobody administers this help desk yet. Set it up at %s", first_run.link())
        self.has_told = True
