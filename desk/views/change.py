"""Change the priority, the help topic, the SLA plan or the source: four buttons, one way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.utils.functional import Promise
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from desk.access import AgentRequest, agent_required, load_ticket
from desk.answers import Dialog, Done, filled_in, run_dialog
from desk.deeds import deed_url, ticket_url
from desk.forms import ChangeForm, PlanForm, PriorityForm, SourceForm, TopicForm
from desk.sidebar import Origin
from tickets import actions
from tickets.models import Source, Ticket
from tickets.policy import Deed


@dataclass(frozen=True, slots=True)
class Change:
    """One thing about a ticket that another can be chosen for. Titles take `number`, `done` also the `name` chosen."""

    # As in the address of the form, which is named by it.
    name: str
    deed: Deed
    form: type[ChangeForm] | type[SourceForm]
    action: Callable[..., Ticket]
    current: Callable[[Ticket], int | str | None]
    title: Promise
    submit: Promise
    done: Promise


def _view(change: Change) -> Callable[..., HttpResponseBase]:
    @agent_required
    def view(request: AgentRequest, number: str) -> HttpResponse:
        ticket = load_ticket(request.principal, number, may=change.deed)
        origin = Origin.read(request.GET)
        action = deed_url(change.name, number, origin)
        form = change.form(
            **filled_in(request, {"to": change.current(ticket)}), ticket=ticket, name=change.name, action=action
        )
        dialog = Dialog(
            id=change.name,
            title=str(change.title) % {"number": number},
            form=form,
            action=action,
            submit=str(change.submit),
            cancel_url=ticket_url(number, origin),
        )

        def deed(cleaned: Mapping[str, Any]) -> Done:
            to = cleaned["to"]
            change.action(ticket=ticket, to=to, by=request.principal, at=now(), seen=cleaned["seen"])
            return Done(str(change.done) % {"number": number, "name": to.label if isinstance(to, Source) else to})

        return run_dialog(request, ticket, dialog, deed, field="to")

    return view


priority = _view(
    Change(
        name="priority",
        deed=Deed.CHANGE_PRIORITY,
        form=PriorityForm,
        action=actions.change_priority,
        current=lambda ticket: ticket.priority_id,
        title=_("Change the priority of #%(number)s"),
        submit=_("Change priority"),
        done=_("Priority of #%(number)s set to %(name)s"),
    )
)
topic = _view(
    Change(
        name="topic",
        deed=Deed.CHANGE_TOPIC,
        form=TopicForm,
        action=actions.change_topic,
        current=lambda ticket: ticket.topic_id,
        title=_("Change the help topic of #%(number)s"),
        submit=_("Change help topic"),
        done=_("Help topic of #%(number)s set to %(name)s"),
    )
)
plan = _view(
    Change(
        name="plan",
        deed=Deed.CHANGE_PLAN,
        form=PlanForm,
        action=actions.change_plan,
        current=lambda ticket: ticket.sla_plan_id,
        title=_("Change the SLA plan of #%(number)s"),
        submit=_("Change SLA plan"),
        done=_("SLA plan of #%(number)s set to %(name)s"),
    )
)
source = _view(
    Change(
        name="source",
        deed=Deed.CHANGE_SOURCE,
        form=SourceForm,
        action=actions.change_source,
        current=lambda ticket: ticket.source,
        title=_("Change the source of #%(number)s"),
        submit=_("Change source"),
        done=_("Source of #%(number)s set to %(name)s"),
    )
)
