"""The names that texts of administrators can use, each with its meaning and who may be told (PARITY L04, L05)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import Preferences
from core.absolute import absolute_url
from core.moments import told
from tickets import policy
from tickets.models import PAUSED, EntryKind, ThreadEntry, Ticket
from tickets.models.people import Part
from tickets.variables import Facts, Shape, Variable, Worded, vocabulary

# What one variable tells of a long thread, or of many people.
MOST_ENTRIES, MOST_PEOPLE = 20, 20


# --- Parts and styles ------------------------------------------------------------------------------


def with_parts(name: str, description: Any, read: Callable[[Facts], str], **flags: Any) -> list[Variable]:
    """Return the name of somebody, whole and in its parts."""
    whole = Variable(name, description, read, **flags)
    return [whole, *(_part(whole, part, words, of) for part, (words, of) in PARTS.items())]


def with_styles(name: str, description: Any, read: Callable[[Facts], datetime | None], **flags: Any) -> list[Variable]:
    """Return a time in its styles. Of a time that is not there nothing is told."""
    whole = Variable(name, description, _styled(read, "long"), **flags)
    return [
        whole,
        *(
            Variable(f"{name}.{style}", Worded(words, description), _styled(read, style), **flags)
            for style, words in STYLES.items()
        ),
    ]


def _part(whole: Variable, part: str, words: Any, of: Callable[[str], str]) -> Variable:
    return Variable(
        f"{whole.name}.{part}",
        Worded(words, whole.description),
        lambda facts: of(str(whole.read(facts))),
        typed=whole.typed,
        internal=whole.internal,
    )


def _styled(read: Callable[[Facts], datetime | None], style: str) -> Callable[[Facts], str]:
    return lambda facts: told(at, style) if (at := read(facts)) and at < PAUSED else ""


def _first(name: str) -> str:
    return name.split()[0] if name.split() else ""


def _last(name: str) -> str:
    return name.split()[-1] if name.split() else ""


def _short(name: str) -> str:
    words = name.split()
    return f"{words[0]} {words[-1][0]}." if len(words) > 1 else name


def _initials(name: str) -> str:
    words = name.split()
    return "".join(word[0].upper() for word in (words[:1] + words[1:][-1:]))


def _last_first(name: str) -> str:
    words = name.split()
    return f"{words[-1]}, {' '.join(words[:-1])}" if len(words) > 1 else name


def _legal(name: str) -> str:
    words = name.split()
    return f"{words[0][0]}. {words[-1]}" if len(words) > 1 else name


PARTS: dict[str, tuple[Any, Callable[[str], str]]] = {
    "first": (_("%(what)s: the first name"), _first),
    "last": (_("%(what)s: the last name"), _last),
    "short": (_("%(what)s: the first name and a letter"), _short),
    "initials": (_("%(what)s: the initials"), _initials),
    "last_first": (_("%(what)s: the last name first, as in lists"), _last_first),
    "legal": (_("%(what)s: a letter and the last name"), _legal),
}
STYLES = {
    "short": _("%(what)s: the date alone"),
    "long": _("%(what)s: with the time"),
    "full": _("%(what)s: with the day of the week"),
    "relative": _("%(what)s: how long ago, or until then"),
}


# --- Values ----------------------------------------------------------------------------------------


def _department(facts: Facts) -> str:
    """Requesters never read the name of a department that is not public, nor what it is part of."""
    return facts.ticket.department.public_name or facts.site.name


# Says which address the mails of a ticket come from; told by the floor above, whose addresses these are.
AddressOf = Callable[[Ticket], str]
_address_of: list[AddressOf] = []


def hand_over(address_of: AddressOf) -> None:
    """Name the function that knows from which address a ticket's mails come. Called once, when the apps are ready."""
    _address_of[:] = [address_of]


def _department_email(facts: Facts) -> str:
    return next((address_of(facts.ticket) for address_of in _address_of), "")


def _handler(facts: Facts) -> str:
    return facts.ticket.assignee.display_name if facts.ticket.assignee else _department(facts)


def _requester_name(facts: Facts) -> str:
    """Return the name, else what stands before the @: a letter to "No name" begins with "Hello No"."""
    return facts.ticket.requester.name or _requester_email(facts).partition("@")[0]


def _requester_email(facts: Facts) -> str:
    part = facts.ticket.participants.filter(role=Part.REQUESTER).select_related("address").first()
    return part.address.email if part else ""


def _messages(facts: Facts) -> "Any":
    return ThreadEntry.objects.public().filter(ticket=facts.ticket, kind=EntryKind.MESSAGE)


def _text_of(entry: ThreadEntry | None) -> str:
    return entry.text if entry else ""


def _complete(facts: Facts) -> str:
    """Return what requesters and agents wrote to each other, oldest first: the latest entries of a long thread."""
    entries = ThreadEntry.objects.public().filter(ticket=facts.ticket).select_related("author")
    return "\n\n".join(
        f"{entry.author.display_name if entry.author else facts.site.name}, {told(entry.created_at)}:\n{entry.text}"
        for entry in reversed(entries.order_by("-number")[:MOST_ENTRIES])
    )


def _last_reply(facts: Facts) -> str:
    replies = ThreadEntry.objects.public().filter(ticket=facts.ticket, kind=EntryKind.REPLY)
    return _text_of(replies.order_by("-number").first())


def _taking_part(facts: Facts) -> str:
    """Return the names of who takes part, the requester first."""
    parts = facts.ticket.participants.select_related("user").order_by("added_at", "pk")[:MOST_PEOPLE]
    names = [part.user.display_name for part in sorted(parts, key=lambda part: part.role != Part.REQUESTER)]
    return ", ".join(names)


def _manager(facts: Facts) -> str:
    manager = facts.ticket.department.manager
    return manager.display_name if manager else ""


def signature(facts: Facts) -> str:
    """Return how a reply ends: as its author signs, else as the department does."""
    own = ""
    if facts.agent is not None:
        own = Preferences.objects.filter(agent=facts.agent).values_list("signature", flat=True).first() or ""
    return own.strip() or facts.ticket.department.signature.strip()


# --- The names -------------------------------------------------------------------------------------

# What requesters may read. What they typed themselves is `typed`.
PUBLIC = (
    Variable("site.name", _("The help desk's name"), lambda facts: facts.site.name),
    Variable("site.link", _("Where the help desk is"), lambda facts: absolute_url("portal:home"), Shape.LINK),
    Variable("ticket.number", _("The ticket's number"), lambda facts: facts.ticket.number),
    Variable("ticket.subject", _("The ticket's subject"), lambda facts: facts.ticket.subject, typed=True),
    Variable("ticket.status", _("The ticket's status"), lambda facts: facts.ticket.get_status_display()),
    Variable("ticket.department", _("The department, if it is public; else the help desk's name"), _department),
    Variable(
        "ticket.department.email",
        _("The address that the department's mails come from, else the help desk's"),
        _department_email,
    ),
    Variable(
        "ticket.topic",
        _("The help topic, if it is public"),
        lambda facts: facts.ticket.topic.public_path if facts.ticket.topic and facts.ticket.topic.is_public else "",
    ),
    *with_parts("ticket.handler", _("Who has the ticket, else the department"), _handler),
    *with_styles("ticket.created", _("When the ticket was opened"), lambda facts: facts.ticket.opened_at),
    *with_styles("ticket.resolved", _("When the ticket was resolved"), lambda facts: facts.ticket.resolved_at),
    *with_styles("ticket.closes", _("When a resolved ticket closes by itself"), lambda facts: facts.ticket.closes_at),
    *with_styles("ticket.closed", _("When the ticket was closed"), lambda facts: facts.ticket.closed_at),
    *with_styles(
        "ticket.reopen_until",
        _("Until when a closed ticket can be reopened"),
        lambda facts: policy.reopens_until(facts.ticket) if facts.ticket.closed_at else None,
    ),
    *with_parts("requester.name", _("The requester's name"), _requester_name, typed=True),
    Variable("requester.email", _("The requester's address"), _requester_email, typed=True, personal=True),
    Variable(
        "requester.organization",
        _("The organisation that the ticket is of"),
        lambda facts: facts.ticket.organization.name if facts.ticket.organization else "",
        typed=True,
        personal=True,
    ),
    *with_parts(
        "agent.name",
        _("The agent who writes or did it"),
        lambda facts: facts.agent.display_name if facts.agent else "",
    ),
    Variable("signature", _("The agent's signature, else the department's"), signature, Shape.LINES),
    Variable(
        "thread.original",
        _("The first message"),
        lambda facts: _text_of(_messages(facts).order_by("number").first()),
        Shape.LINES,
        typed=True,
        written=True,
    ),
    Variable(
        "thread.last_message",
        _("The last message of the requester or a collaborator"),
        lambda facts: _text_of(_messages(facts).order_by("-number").first()),
        Shape.LINES,
        typed=True,
        written=True,
    ),
    Variable("thread.last_reply", _("The last reply of an agent"), _last_reply, Shape.LINES, written=True),
    Variable(
        "thread.complete",
        _("All that was written, without internal notes"),
        _complete,
        Shape.LINES,
        typed=True,
        written=True,
    ),
)

# What only agents may read: for mails to them.
INTERNAL = (
    Variable(
        "ticket.department.path",
        _("The department with all that it is part of"),
        lambda facts: facts.ticket.department.path,
        internal=True,
    ),
    Variable("ticket.priority", _("The priority"), lambda facts: facts.ticket.priority.name, internal=True),
    Variable(
        "ticket.plan",
        _("The SLA plan"),
        lambda facts: facts.ticket.sla_plan.name if facts.ticket.sla_plan else "",
        internal=True,
    ),
    *with_parts(
        "ticket.assignee",
        _("The agent or the team that has the ticket"),
        lambda facts: str(facts.ticket.held_by) if facts.ticket.held_by else "",
        internal=True,
    ),
    Variable(
        "ticket.team",
        _("The team that has the ticket"),
        lambda facts: str(facts.ticket.team) if facts.ticket.team else "",
        internal=True,
    ),
    *with_parts("ticket.department.manager", _("Who manages the department"), _manager, internal=True),
    Variable("ticket.recipients", _("Who takes part, by name"), _taking_part, typed=True, internal=True),
    Variable(
        "ticket.source", _("How the ticket came in"), lambda facts: facts.ticket.get_source_display(), internal=True
    ),
    *with_styles("ticket.deadline", _("The next deadline"), lambda facts: facts.ticket.next_due_at, internal=True),
    *with_styles(
        "ticket.updated", _("When something last happened"), lambda facts: facts.ticket.last_activity_at, internal=True
    ),
    Variable(
        "requester.phone",
        _("The requester's phone number"),
        lambda facts: facts.ticket.requester.phone,
        typed=True,
        internal=True,
    ),
)

# Canned responses become the words of an agent: requesters read them.
CANNED = vocabulary(PUBLIC)
EVERYTHING = vocabulary(PUBLIC, INTERNAL)
