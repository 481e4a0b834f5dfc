"""What an agent sets for themselves."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from desk.access import AgentRequest, agent_required
from desk.settings_form import SettingsForm
from desk.sidebar import Origin, shell


@agent_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: AgentRequest) -> HttpResponse:
    form = SettingsForm(request.POST if request.method == "POST" else None, agent=request.user)
    if form.is_bound and form.is_valid():
        form.save()
        messages.success(request, _("Your settings are saved."))
        return redirect("desk:settings")
    context, _counts = shell(request.principal, now(), Origin())
    return render(request, "desk/settings.html", {**context, "form": form}, status=422 if form.is_bound else 200)
