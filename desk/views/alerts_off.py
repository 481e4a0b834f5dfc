"""Where the link in an alert leads that switches such mails off. Who holds it needs no sign-in, and does only this."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from mail import switching_off


# Mail programs post without having looked (RFC 8058 section 3.1); what the link may do is signed in it.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def alerts_off(request: HttpRequest, token: str) -> HttpResponse:
    found = switching_off.read(token)
    if found is None:
        raise Http404(_("This link is no longer good. Your settings at the desk switch alerts off, too."))
    address, alerts = found
    context: dict[str, Any] = {"alerts": alerts, "is_done": request.method == "POST"}
    if request.method == "POST":
        switching_off.switch_off(address, alerts)
    answer = render(request, "desk/alerts_off.html", context)
    answer["Referrer-Policy"] = "no-referrer"
    return answer
