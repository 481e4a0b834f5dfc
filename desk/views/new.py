"""Open a ticket for somebody: who called, wrote, or came by (PARITY U05)."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts.models import Address, Permission, Preferences, Signs, User
from accounts.principal import Principal
from core.models import NewFile
from core.uploads import FilesForm, keep_stored
from desk.access import AgentRequest, agent_required
from desk.answers import go, home_of, is_looking
from desk.finding import FindSelect, offer_rows
from desk.forms import NOTE, TOO_OLD, new_key, note_field
from desk.later import due_field
from desk.sidebar import Origin, read_id, shell
from desk.who import WhoForm
from mail import senders
from sla.models import Priority
from tickets import actions, policy
from tickets.canned import begun
from tickets.errors import DeedRefused, DueDateRefused, NotAllowed, NotOffered
from tickets.models import CannedResponse, EntryKind, HelpTopic, Participant, Source, ThreadEntry, Ticket
from tickets.policy import AGENT_DEEDS, Deed
from tickets.prose import MAX_TEXT

SUBJECT_LENGTH = 1000
# What the button sends that puts a canned response in.
PUT_IN = "canned"
# How somebody reached an agent. The others are doors of their own.
REACHED_BY = (Source.PHONE, Source.MAIL, Source.DESK, Source.OTHER)


class NewTicketForm(FilesForm, WhoForm):
    topic = forms.ModelChoiceField(
        label=_("Help topic"),
        queryset=HelpTopic.objects.none(),
        required=False,
        widget=FindSelect,
        empty_label=_("None"),
        help_text=_("Decides on department, SLA plan and, unless you choose one, priority."),
    )
    priority = forms.ModelChoiceField(
        label=_("Priority"),
        queryset=Priority.objects.filter(archived_at=None).order_by("level"),
        required=False,
        empty_label=_("The topic's"),
    )
    source = forms.ChoiceField(
        label=_("Came by"),
        choices=[(source.value, source.label) for source in REACHED_BY],
        widget=forms.RadioSelect,
        initial=Source.PHONE.value,
    )
    subject = forms.CharField(
        label=_("Summary"),
        max_length=SUBJECT_LENGTH,
        error_messages={"required": _("Write a short summary, for example “Sign-in page shows error 503”.")},
    )
    text = forms.CharField(
        label=_("Details"),
        max_length=MAX_TEXT,
        strip=False,
        widget=forms.Textarea,
        error_messages={
            "required": _("Write down what it is about."),
            "max_length": _(
                "This is %(show_value)s characters long; %(limit_value)s fit. Attach it as a file instead."
            ),
        },
    )
    canned = forms.ModelChoiceField(
        label=_("Canned response"),
        queryset=CannedResponse.objects.none(),
        required=False,
        widget=FindSelect,
        empty_label=_("None"),
    )
    signs = forms.ChoiceField(
        label=_("How the mail ends"), required=False, choices=Signs.choices, error_messages={"invalid_choice": TOO_OLD}
    )
    note = note_field(NOTE)
    due_at = due_field(
        label=_("Due"),
        required=False,
        help_text=_("By then it is to be solved, whatever the SLA plan promises. In your time zone."),
    )
    takes = forms.BooleanField(label=_("Assign it to me"), required=False)
    # The number of the ticket that this one comes out of.
    follows = forms.CharField(required=False, max_length=32, widget=forms.HiddenInput)
    request_key = forms.RegexField(
        r"\A[A-Za-z0-9_-]{16,40}\Z",
        widget=forms.HiddenInput(attrs={"autocomplete": "off"}),
        error_messages={"required": TOO_OLD, "invalid": TOO_OLD},
    )

    # What a canned response left out, in a sentence.
    left_out = ""

    def __init__(self, *args: Any, action: str, may_look_up: bool, by: Principal, **kwargs: Any) -> None:
        kwargs["initial"] = {"request_key": new_key()} | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        self.offer_people(action, may_look_up=may_look_up)
        offer_rows(self, "topic", HelpTopic.objects.enabled().arranged(), action=action, box="find_topic")
        self._offer_signatures(by)
        if not policy.allows(by, AGENT_DEEDS[Deed.SET_DUE_DATE]):
            del self.fields["due_at"]
        responses = CannedResponse.objects.for_opening(by).in_order()
        canned: Any = self.fields["canned"]
        canned.label_from_instance = _named
        listed = responses.select_related("department").defer("body", "text", "notes")
        offer_rows(self, "canned", listed, action=action, box="find_canned")
        self.has_canned = len(canned.widget.choices) > 1 or canned.widget.find is not None

    def _offer_signatures(self, by: Principal) -> None:
        """Offer how the agent's words can end; who has no signature of their own is not offered it."""
        assert by.user is not None  # the desk is for agents
        usual = Preferences.of(by.user)
        offered = [one for one in Signs if one != Signs.OWN or usual.signature.strip()]
        field: Any = self.fields["signs"]
        field.widget.choices = [(one.value, one.label) for one in offered]
        self.initial.setdefault("signs", usual.signs if usual.signs in offered else Signs.DEPARTMENT.value)

    def put_in_canned(self, agent: User) -> None:
        """Put the chosen response behind what is written, with its files, as far as the ticket is known by now."""
        canned, topic = (self._chosen(name) for name in ("canned", "topic"))
        self.initial["canned"] = ""
        if canned is None:
            return
        given = begun(canned, topic=topic, address=self._for_whom(), subject=self._said("subject"), agent=agent)
        self.initial["text"] = "\n\n".join(filter(None, (self._said("text").rstrip(), given.text)))[:MAX_TEXT]
        self.kept = [*self.kept, *(keep_stored(file) for file in given.files)][: self.max_files]
        if given.unknown or given.left_out:
            names = {"names": ", ".join((*given.unknown, *given.left_out))}
            self.left_out = (
                _now("Not known yet, or of an address that is not confirmed, so left out: %(names)s.") % names
            )
        self.fields["text"].widget.attrs["autofocus"] = True

    def _chosen(self, name: str) -> Any:
        field: Any = self.fields[name]
        pk = read_id(self._said(name))
        return field.queryset.defer(None).filter(pk=pk).first() if pk is not None else None

    def _for_whom(self) -> Address | None:
        chosen = self._address(self._said("person")) if "person" in self.fields else None
        return (
            chosen or Address.objects.select_related("user").filter(email=self._said("email").strip().lower()).first()
        )

    def _said(self, name: str) -> str:
        return str(self.initial.get(name) or "").replace("\0", "")

    def clean_subject(self) -> str:
        subject = " ".join(self.cleaned_data["subject"].split())
        if not subject:
            raise forms.ValidationError(self.fields["subject"].error_messages["required"])
        return subject

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if not text.strip():
            raise forms.ValidationError(self.fields["text"].error_messages["required"])
        return text


def _named(response: CannedResponse) -> str:
    return f"{response.title} ({response.department.name})" if response.department else response.title


@agent_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: AgentRequest) -> HttpResponse:
    verdict = policy.allows(request.principal, Permission.CREATE)
    if not verdict:
        raise NotAllowed(verdict)
    form = _form(request)
    if request.method != "POST" or is_looking(request):
        return _page(request, form)
    if form.is_valid() and (ticket := _open(request, form)):
        return go(request, home_of(request, ticket))
    return _page(request, form, status=422)


def _form(request: AgentRequest) -> NewTicketForm:
    options: dict[str, Any] = {
        "action": request.path,
        "by": request.principal,
        "may_look_up": bool(policy.allows(request.principal, Permission.PERSON_VIEW)),
    }
    if is_looking(request):
        # A box that is not checked is not sent.
        initial = request.POST.dict() | {"takes": "takes" in request.POST}
        form = NewTicketForm(initial=initial, **options)
        form.keep(request.POST, request.FILES)
        if request.POST["refresh"] == PUT_IN:
            form.put_in_canned(request.user)
        return form
    if request.method == "POST":
        return NewTicketForm(request.POST, request.FILES, **options)
    if entry := _entry(request):
        form = NewTicketForm(initial=_drawn_from(entry, may_look_up=options["may_look_up"]), **options)
        form.kept = [keep_stored(file) for file in _files_of(entry)[: form.max_files]]
        return form
    # From a person's page: who is named by the key of an address.
    person = read_id(request.GET.get("person", ""))
    return NewTicketForm(initial={"person": str(person)} if person else {}, **options)


def _entry(request: AgentRequest) -> ThreadEntry | None:
    """Return the entry that the ticket is made from, named as "123456.2", if the agent may read it (PARITY I10)."""
    number, _dot, place = request.GET.get("from", "").partition(".")
    if not number:
        return None
    tickets = _visible(request, number)
    entries = ThreadEntry.objects.filter(ticket__in=tickets.values("pk"), number=read_id(place) or 0)
    return entries.select_related("ticket", "author").first()


def _files_of(entry: ThreadEntry) -> list[NewFile]:
    files = entry.attachments.select_related("blob").order_by("position")
    return [NewFile(file.blob, file.name, file.content_type) for file in files]


def _drawn_from(entry: ThreadEntry, *, may_look_up: bool) -> dict[str, Any]:
    """Return what the form starts with. What was internal stays internal: the words of a note go into the note."""
    ticket = entry.ticket
    asks = entry.author_id if entry.kind == EntryKind.MESSAGE and entry.author_id else ticket.requester_id
    part = Participant.objects.filter(ticket=ticket, user=asks).select_related("address").first()
    address = part.address if part else Address.objects.filter(user=asks, is_primary=True).first()
    drawn: dict[str, Any] = {
        "subject": ticket.subject,
        "follows": ticket.number,
        "source": Source.MAIL if entry.source == Source.MAIL else Source.DESK,
        "text" if entry.is_public else "note": entry.text[:MAX_TEXT],
    }
    if address is not None:
        drawn |= {"person": str(address.pk)} if may_look_up else {"email": address.email}
    return drawn


def _open(request: AgentRequest, form: NewTicketForm) -> Ticket | None:
    """Open the ticket and say so, or say on the form why not."""
    data = form.cleaned_data
    try:
        ticket = actions.open_for(
            address=form.address(),
            topic=data["topic"],
            priority=data["priority"],
            source=Source(data["source"]),
            subject=data["subject"],
            text=data["text"],
            files=data["attachments"],
            note=data["note"],
            takes=data["takes"],
            due_at=data.get("due_at"),
            by=request.principal,
            at=now(),
            request_key=data["request_key"],
            follows=_followed(request, data["follows"]),
            signs=Signs(data["signs"]) if data["signs"] else None,
        )
    except DueDateRefused as refusal:
        form.add_error("due_at", str(refusal))
        return None
    except NotOffered as refusal:
        form.add_error("topic", str(refusal))
        return None
    except NotAllowed as refusal:
        form.add_error(None, _refused_because(refusal))
        return None
    except DeedRefused as refusal:
        form.add_error(None, str(refusal))
        return None
    words = {"number": ticket.number, "name": ticket.requester.display_name, "department": ticket.department}
    if Ticket.objects.visible_to(request.principal).filter(pk=ticket.pk).exists():
        messages.success(request, _now("#%(number)s opened for %(name)s") % words)
    else:
        messages.success(
            request, _now("#%(number)s opened for %(name)s. It is in %(department)s, where you do not work") % words
        )
    return ticket


def _followed(request: AgentRequest, number: str) -> Ticket | None:
    return _visible(request, number).first() if number else None


def _visible(request: AgentRequest, number: str) -> "QuerySet[Ticket]":
    """Return the ticket of that number, if the agent may see it; no database is asked for one with NUL in it."""
    found: QuerySet[Ticket] = Ticket.objects.visible_to(request.principal).filter(number=number[:32].replace("\0", "?"))
    return found


def _refused_because(refusal: NotAllowed) -> str:
    """Return why a note, or taking it, is not open where the topic leads; unseen tickets are of another department."""
    if refusal.verdict.grants:
        return str(refusal)
    return _now(
        "The help topic leads to a department where you do not work. There you can neither write an internal note nor "
        "take the ticket: leave both out, or choose another topic."
    )


def _page(request: AgentRequest, form: NewTicketForm, *, status: int = 200) -> HttpResponse:
    at = now()
    context, _counts = shell(request.principal, at, Origin.read(request.GET))
    context |= {"form": form, "now": at, "follows": _followed(request, str(form["follows"].value() or ""))}
    # Which department it goes to, and by which way its mails, is known once it is opened.
    context["has_mail"] = senders.has_any_way()
    return render(request, "desk/new.html", context, status=status)
