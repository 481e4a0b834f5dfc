"""Move a message or a note to another ticket."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.utils.timezone import now
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from desk.access import AgentRequest, agent_required, load_ticket
from desk.answers import Dialog, Done, filled_in, run_dialog
from desk.deeds import ticket_url
from desk.finding import Find, FindSelect, given
from desk.forms import CHOOSE_FROM_LIST, SeenForm
from desk.sidebar import Origin, read_id
from desk.undo import Undo
from tickets import actions
from tickets.actions.move_entry import MOVABLE
from tickets.models import EntryKind, ThreadEntry, Ticket, TicketQuerySet
from tickets.policy import Deed

SHOWN = 20
LONGEST_SUBJECT = 80


class MoveForm(SeenForm):
    """To which ticket: one of the author's others, or one found by its number. `to` becomes a Ticket."""

    to = forms.CharField(label=_("Ticket"), required=False, widget=FindSelect)
    lets_take_part = forms.BooleanField(required=False)

    def __init__(self, *args: Any, entry: ThreadEntry, visible: TicketQuerySet, action: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.visible = visible.exclude(pk=self.ticket.pk).select_related("requester")
        find = Find.of(self, action)
        if find.text:
            found = list(self.visible.filter(number=_number(find.text)))
        else:
            found = (
                list(self.visible.filter(requester=entry.author_id).order_by("-pk")[:SHOWN]) if entry.author_id else []
            )
        choices = [(str(one.pk), _label(one)) for one in found]
        find.choose_sole(self, "to", [("", choices)])
        chosen = self._chosen(str(given(self).get("to") or ""))
        if chosen is not None and chosen not in found:
            choices.insert(0, (str(chosen.pk), _label(chosen)))
        field: Any = self.fields["to"]
        # A number in the box will do instead, so it is not "optional": `clean_to` asks for one of both.
        field.is_one_of = True
        field.widget.choices, field.widget.find = [("", _now("Choose a ticket")), *choices], find
        field.help_text = (
            _now("There is no ticket #%(number)s that you may see.") % {"number": _number(find.text)}
            if find.text and not found
            else _now("Type a number to find a ticket. Listed are others of whoever wrote this.")
        )
        if entry.author is None or entry.author.is_agent or entry.kind != EntryKind.MESSAGE:
            del self.fields["lets_take_part"]
            return
        name = {"name": entry.author.display_name}
        self.fields["lets_take_part"].label = _now("Let %(name)s take part in that ticket") % name
        self.fields["lets_take_part"].help_text = _now(
            "Else they neither read it nor hear of answers to what they wrote."
        )

    def clean_to(self) -> Ticket:
        """Return what was chosen, else what the number in the box names."""
        value, typed = self.cleaned_data["to"], _number(str(self.data.get("find") or ""))
        ticket = self._chosen(value) if value else self.visible.filter(number=typed).first() if typed else None
        if ticket is None:
            raise forms.ValidationError(CHOOSE_FROM_LIST if value else _now("Say to which ticket it goes."))
        return ticket

    def _chosen(self, value: str) -> Ticket | None:
        pk = read_id(value)
        return self.visible.filter(pk=pk).first() if pk is not None else None


@agent_required
def move_entry(request: AgentRequest, number: str, entry: int) -> HttpResponse:
    ticket = load_ticket(request.principal, number, may=Deed.MOVE_ENTRY)
    moved = ticket.entries.select_related("author").filter(number=entry, kind__in=MOVABLE).first()
    if moved is None:
        raise Http404
    origin, name = Origin.read(request.GET), f"move-{entry}"
    visible = Ticket.objects.visible_to(request.principal)
    action = request.get_full_path()
    form = MoveForm(**filled_in(request), ticket=ticket, name=name, entry=moved, visible=visible, action=action)
    dialog = Dialog(
        id=name,
        title=_now("Move to another ticket"),
        intro=_intro(ticket, moved),
        form=form,
        action=action,
        submit=_now("Move"),
        cancel_url=ticket_url(number, origin, f"e{entry}"),
    )

    def deed(cleaned: Mapping[str, Any]) -> Done:
        to = cleaned["to"]
        actions.move_entry(
            entry=moved,
            ticket=ticket,
            to=to,
            by=request.principal,
            at=now(),
            lets_take_part=cleaned.get("lets_take_part", False),
            seen=cleaned["seen"],
        )
        return Done(_now("Moved to #%(number)s") % {"number": to.number}, Undo("move-entry", f"entry:{moved.pk}"))

    return run_dialog(request, ticket, dialog, deed, field="to")


def _intro(ticket: Ticket, entry: ThreadEntry) -> str:
    """Say what follows from moving it."""
    if entry.kind == EntryKind.NOTE:
        words = _now("The note goes to the end of the other ticket, where agents read it.")
    else:
        words = _now(
            "The message goes to the end of the other ticket, with its files. Everybody who takes part there reads it; "
            "who wrote it does not come to take part by that. Mails that answer it go there too."
        )
    if ticket.entries.exclude(pk=entry.pk).exists():
        return words
    return f"{words} {_now('Nothing else is in this ticket, so it is closed as a duplicate.')}"


def _number(text: str) -> str:
    return text.strip().removeprefix("#").strip()[:32]


def _label(ticket: Ticket) -> str:
    subject = ticket.subject[:LONGEST_SUBJECT] + ("…" if len(ticket.subject) > LONGEST_SUBJECT else "")
    return f"#{ticket.number} {subject}, {ticket.requester.display_name}"
