"""Every mail that the help desk sends, with what can stand in it: for tests of what all share, and to look at.

`MAILS=folder script/test tests/mail/test_markup.py` writes them there, as .html and .txt.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

from django.template.loader import render_to_string
from django.utils.translation import override

from accounts.models import Address, Preferences, User
from accounts.principal import Principal
from core import mailhtml
from core.models import SiteSettings
from mail import rendering, sampling
from mail.models import ABOUT_TICKETS, OutgoingMail, Template
from tests import cast
from tests.cast import HOUR, MONDAY, TUESDAY
from tickets import actions
from tickets.models import CannedResponse, Department, HelpTopic, Kind, Ticket, TicketEvent

RICH = (
    "<p>Sign-in works again for <strong>all</strong> customers. One of the two <em>load balancers</em> failed, and the "
    'second one did not take over; see <a href="https://status.example.com/2026/11/load-balancers">what happened</a>.'
    "</p><ul><li><p>I removed the failed one.</p></li><li><p>I moved its address by hand:</p></li></ul>"
    "<pre><code>ip addr add 192.0.2.17/24 dev eth0 # a line that is longer than a telephone is wide\n"
    "ip route flush cache</code></pre><blockquote><p>Branch staff are asking what to tell customers.</p></blockquote>"
    "<p>Tell them that it is over. AWordThatIsLongerThanAnyTelephoneIsWideAndThatNobodyWouldEverBreakByHand</p>"
)
LETTERS = (
    "add_address",
    "agent_password_link",
    "confirm_address",
    "invitation",
    "notice",
    "password_link",
    "registered_already",
)
LETTERS += ("registration", "sign_in_link")
TO_ADMINISTRATORS = ("bounces", "breaker", "failures", "locks", "watchdog", "way_out")
URL = "https://help.example.com/one/link/AbCdEf0123456789AbCdEf0123456789"


@dataclass(frozen=True)
class Shown:
    name: str
    subject: str
    text: str
    html: str


def every_mail(ada: User, topic: HelpTopic, grace: User, *, language: str = "en") -> Iterator[Shown]:
    User.objects.filter(pk__in=[ada.pk, grace.pk]).update(language=language)
    for mail in every_row(ada, topic, grace):
        shown = rendering.preview(mail)
        assert shown is not None
        assert mail.ticket is not None
        told = (part.replace(mail.ticket.number, "4711") for part in (shown.subject, shown.text, shown.html))
        yield Shown(str(mail.template), *told)
    with override(language):
        for name in LETTERS:
            yield _letter(name, f"account/mail/{name}")
        for name in TO_ADMINISTRATORS:
            yield _letter(name, f"mail/{name}")


def every_row(ada: User, topic: HelpTopic, grace: User) -> Iterator[OutgoingMail]:
    """Yield a mail of each kind about one ticket, not saved."""
    ticket = told_of(ada, topic, grace)
    for name, _label in ABOUT_TICKETS:
        mail = sampling.sample(name, ticket, grace)
        assert mail is not None, name
        # As it is read at sending.
        mail.address = Address.objects.select_related("user").get(pk=mail.address_id)
        yield mail
    addresses = Address.objects.select_related("user")
    agent = addresses.get(pk=cast.address_for(grace).pk)
    resolved = TicketEvent.objects.filter(ticket=ticket, kind=Kind.RESOLVED).latest("number")
    about = {"ticket": ticket, "event": resolved, "deed": resolved.deed}
    yield OutgoingMail(**about, template=Template.AGENT_COMMANDS, address=agent, recipient=agent.email)


def told_of(ada: User, topic: HelpTopic, grace: User) -> Ticket:
    """Return a ticket in which there was something to tell by every mail, with all that a text can have."""
    Address.objects.filter(user=ada).update(verified_at=MONDAY)
    canned = CannedResponse(title="While you wait")
    canned.write("<p>While you wait:</p><ul><li>restart <strong>it</strong>,</li><li>look at the lights.</li></ul>")
    canned.save()
    HelpTopic.objects.filter(pk=topic.pk).update(thank_you="Thank you.\n\nInvoices take a day.", answer=canned)
    Preferences.objects.update_or_create(agent=grace, defaults={"signature": "Grace Hopper\nBilling, at your service"})
    topic.refresh_from_db()
    ticket = cast.make_ticket(ada, topic, subject="Entire mobile/online banking system is down")
    by, me, address = Principal.agent(grace), Principal.requester(ada), cast.address_for(ada)
    cast.run_clock(ticket, at=MONDAY + HOUR)
    actions.add_note(ticket=ticket, text="Looks like 4711.\nLinus knows.", html=RICH, by=by, at=MONDAY)
    actions.assign(ticket=ticket, to=grace, by=by, at=MONDAY, note="Yours.")
    words = "Any news? Branch staff are asking what to tell customers at the counter.\n\nSee https://example.org/log."
    actions.add_message(ticket=ticket, address=address, text=words, source="web", by=me, at=MONDAY)
    friend = cast.make_person("friend@example.org", "Friend")
    actions.add_collaborator(ticket=ticket, address=cast.address_for(friend), by=by, at=MONDAY)
    other = Department.objects.create(name="Networks")
    cast.give_access(grace, other)
    actions.transfer(ticket=ticket, to=other, by=by, at=MONDAY, note="The *network*, not the bill.")
    actions.reply(ticket=ticket, text="Sign-in works again.", html=RICH, by=by, at=TUESDAY)
    actions.resolve(ticket=ticket, by=by, at=TUESDAY)
    actions.close(ticket=ticket, by=me, at=TUESDAY + HOUR)
    ticket = Ticket.objects.get(pk=ticket.pk)
    Ticket.objects.filter(pk=ticket.pk).update(next_due_at=TUESDAY)
    ticket.refresh_from_db(fields=["next_due_at"])
    return ticket


def _letter(name: str, template: str) -> Shown:
    report = SimpleNamespace(
        name="Billing", mailbox=SimpleNamespace(name="support"), sentences=["It does not let us in.", "Since Monday."]
    )
    context = {
        "site": SiteSettings.load(),
        "person": SimpleNamespace(first_name="Ada"),
        "url": URL,
        "desk": "https://help.example.com/desk/",
        "days": 7,
        "hours": 2,
        "minutes": 15,
        "by": "Grace Hopper",
        "what": "The password was changed.",
        "at": MONDAY,
        "zone": "UTC",
        "client_ip": "192.0.2.17",
        "figures": SimpleNamespace(bounced_meanwhile=31),
        "percent": "12 %",
        "is_first": False,
        "is_red": True,
        "report": report,
        "named": [("ada@example.org", ""), ("", "192.0.2.17")],
        "more": 3,
        "count": 12,
        "breaker": SimpleNamespace(closes_at=MONDAY),
    }
    subject = " ".join(render_to_string(f"{template}.subject.txt", context).split())
    text, html = render_to_string(f"{template}.txt", context), mailhtml.rendered(f"{template}.html", context)
    return Shown(name, subject, text, html)
