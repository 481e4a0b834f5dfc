"""What the pages of sign-in share."""

import time
from abc import ABC, abstractmethod
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.forms import BaseForm, Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _

from accounts.people import normalise
from accounts.tries import THROTTLED
from core import throttle

HOUR = timedelta(hours=1)
LINKS_PER_CLIENT = 10
LINKS_PER_ADDRESS = 3
# Longer than writing a mail takes, so that the time of an answer does not tell whether one was written.
ANSWER_AFTER_SECONDS = 0.25

TOO_MANY_LINKS = _("Too many links were asked for from here. Wait an hour, then try once more.")


class OnOurPages:
    """allauth adds a `site` of its own to what its pages know, which would stand before ours (core.context)."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        context.pop("site", None)
        return context


class SaysWhatIsWrong(OnOurPages):
    """An answer to a form that was refused has a status that says so, for tests, scripts and htmx alike."""

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]
        throttled = any(error.code == THROTTLED for errors in form.errors.as_data().values() for error in errors)
        response.status_code = 429 if throttled else 422
        return response


class MailsLink(SaysWhatIsWrong, ABC):
    """Mails a link to the address of the form. Answers alike, and after the same time, whoever has that address."""

    request: HttpRequest
    # What the links are counted by.
    kind: str

    @abstractmethod
    def mail_to(self, email: str, form: Any) -> None:
        """Mail the link, if there is anybody to mail it to. `email` is lower-cased; the form is valid."""

    def form_valid(self, form: Form) -> HttpResponse:
        begun = time.monotonic()
        if not throttle.allow(self.request, f"{self.kind}:client", LINKS_PER_CLIENT, HOUR):
            form.add_error(None, ValidationError(TOO_MANY_LINKS, code=THROTTLED))
            return self.form_invalid(form)
        email = normalise(form.cleaned_data["email"])
        # Said to nobody: it would tell that a link was asked for before.
        if throttle.allow(self.request, f"{self.kind}:address", LINKS_PER_ADDRESS, HOUR, key=email):
            self.mail_to(email, form)
        time.sleep(max(0.0, begun + ANSWER_AFTER_SECONDS - time.monotonic()))
        return HttpResponseRedirect(self.get_success_url())  # type: ignore[attr-defined]


def unlisted(response: HttpResponse) -> HttpResponse:
    """Keep the page out of caches and search engines, and its address out of other sites' logs.

    "same-origin", not "no-referrer": with that, browsers send forms with "Origin: null", which the CSRF check refuses.
    """
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
