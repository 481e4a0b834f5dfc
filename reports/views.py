"""How promises were kept, per plan and target; and the promises behind a figure."""

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import Permission
from core.exports import csv_response
from core.keyset import Slice, read_slice
from desk.access import AgentRequest
from desk.deeds import ticket_url
from desk.records import allowed, place, show, turning
from desk.sidebar import Origin, read_id
from reports.figures import Figure, Line, total
from reports.figures import attainment as count_up
from reports.figures import promises as find_promises
from reports.forms import ReportForm
from reports.periods import Period
from sla.models import Target
from tickets.models import TicketClock

PAGE_ROWS = 50
ASKED = ("period", "since", "until", "department")


@allowed(Permission.REPORTS)
@require_safe
def attainment(request: AgentRequest) -> HttpResponse:
    form = _form(request)
    if not form.is_valid():
        return show(request, "reports/attainment.html", "reports:attainment", {"form": form}, status=422)
    given = form.cleaned_data
    lines = count_up(request.principal, given["span"], given["department"])
    context = {
        "form": form,
        "span": given["span"],
        "rows": [_row(line, request) for line in lines],
        "total": _row(total(lines), request),
        "csv_url": f"{reverse('reports:attainment-csv')}?{_query(request)}",
    }
    return show(request, "reports/attainment.html", "reports:attainment", context)


@allowed(Permission.REPORTS)
@require_safe
def attainment_csv(request: AgentRequest) -> HttpResponse:
    """Return the same figures as a file; what cannot be counted is said on the page."""
    form = _form(request)
    if not form.is_valid():
        return show(request, "reports/attainment.html", "reports:attainment", {"form": form}, status=422)
    given = form.cleaned_data
    span, department = given["span"], given["department"]
    header = [_("From"), _("Until"), _("Department"), _("SLA plan"), _("Promise"), *Figure.labels, _("Met, percent")]
    shared = [span.first.isoformat(), span.last.isoformat(), department.path if department else ""]
    return csv_response(
        f"attainment-{span.first}-{span.last}",
        header,
        (
            [*shared, line.plan_name, line.target_label, line.made, line.met, line.breached, line.open, line.share]
            for line in count_up(request.principal, span, department)
        ),
    )


@allowed(Permission.REPORTS)
@require_safe
def promises(request: AgentRequest) -> HttpResponse:
    """List the promises behind a figure with their tickets, the newest first."""
    form = _form(request)
    figure, target = request.GET.get("figure", Figure.MADE), request.GET.get("target", "")
    plan = read_id(request.GET.get("plan", ""))
    if not form.is_valid() or figure not in Figure.values or (target and target not in Target.values):
        raise Http404
    given = form.cleaned_data
    found = find_promises(
        request.principal, given["span"], given["department"], plan=plan, target=target, figure=Figure(figure)
    ).select_related("plan", "ticket__requester", "ticket__department__parent__parent", "department__parent__parent")
    page: Slice[TicketClock] = read_slice(found, field="started_at", size=PAGE_ROWS, falls=True, **place(request))
    query = _query(request, plan=plan or "", target=target, figure=figure)
    context = {
        "rows": [{"clock": clock, "url": ticket_url(clock.ticket.number, Origin())} for clock in page.rows],
        "span": given["span"],
        "department": given["department"],
        # Named where there is something of it to see.
        "plan": page.rows[0].plan if plan is not None and page.rows else None,
        "target_label": Target(target).label if target else "",
        "figure_label": Figure(figure).label,
        "back_url": f"{reverse('reports:attainment')}?{_query(request)}",
        **turning(page, reverse("reports:promises"), query=query),  # type: ignore[arg-type]  # a slice, too
    }
    return show(request, "reports/promises.html", "reports:attainment", context)


def _form(request: AgentRequest) -> ReportForm:
    """Return the form as it was sent; whoever gives dates means these."""
    given = {name: request.GET[name] for name in ASKED if request.GET.get(name)}
    if "since" in given or "until" in given:
        given["period"] = Period.OWN
    return ReportForm({"period": Period.THIS_MONTH, **given}, principal=request.principal)


def _query(request: AgentRequest, **more: Any) -> str:
    given = {name: request.GET[name] for name in ASKED if request.GET.get(name)}
    return urlencode(given | {name: str(value) for name, value in more.items() if value})


def _row(line: Line, request: AgentRequest) -> dict[str, Any]:
    """Return a line and where each of its figures leads; nowhere where there is nothing."""
    url = reverse("reports:promises")
    return {
        "line": line,
        "figures": [
            {
                "name": figure.value,
                "label": figure.label,
                "count": (count := getattr(line, figure.value)),
                "url": f"{url}?{_query(request, plan=line.plan or '', target=line.target, figure=figure.value)}"
                if count
                else "",
            }
            for figure in Figure
        ],
    }
