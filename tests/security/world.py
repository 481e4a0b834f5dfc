"""A help desk in which every address has something to show, and everything internal carries a mark."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from uuid import uuid4

from django.conf import settings
from django.test import Client

from accounts import addresses, contacts
from accounts.models import Address, Members, Note, Organization, User
from accounts.principal import Principal
from core import files
from core.models import Blob, NewFile
from mail.models import Door, IncomingMail, IncomingState, Reason
from pages.models import Picture
from portal.views.sent import sent_token
from tests import cast
from tests.cast import ALL_ACCESS, EXPANDED, LIMITED, MONDAY, VIEW_ONLY
from tests.pages.making import own_page, with_picture
from tests.security.routes import Route
from tickets import actions, links
from tickets.models import Attachment, CannedResponse, Department, Participant, Referral, ThreadEntry, Ticket
from tickets.models.people import Part


@dataclass
class World:
    """Ada's ticket in Billing, with a note and a reply that both have a file; and who may come by.

    tests/security/test_access_walk.py tells who is who.
    """

    ticket: Ticket
    note_file: Attachment
    canned: CannedResponse
    reply_file: Attachment
    people: dict[str, User | None]
    # Ada's second address, not confirmed, and what Grace noted about her.
    address: Address
    note: Note
    organization: Organization
    # A picture in a page of its own, whose address is "open".
    picture: Picture
    # In every text that agents alone may read.
    mark: str = field(default_factory=lambda: f"mark{uuid4().hex}")
    _sessions: dict[str, str] = field(default_factory=dict)

    def client(self, role: str) -> Client:
        """Return a client with a session of this role, as it would be after signing in. They sign in once."""
        client = Client(raise_request_exception=True)
        if self.people[role] is not None:
            if role not in self._sessions:
                self._sessions[role] = self._sign_in(role)
            client.cookies[settings.SESSION_COOKIE_NAME] = self._sessions[role]
        return client

    def _sign_in(self, role: str) -> str:
        client, user = Client(), self.people[role]
        assert user is not None
        active, user.is_active = user.is_active, True
        user.save()
        client.force_login(user, backend="accounts.backends.AddressBackend")
        user.is_active = active
        user.save()
        if role == "watch":
            client.post(f"/admin/rights/see-as/{self.people['grace'].pk}/")
        return client.cookies[settings.SESSION_COOKIE_NAME].value

    @cached_property
    def _link(self) -> str:
        return links.token_for(self.ticket.participants.get(role=Part.REQUESTER))

    @cached_property
    def _sent(self) -> str:
        return sent_token(self.ticket)

    def url(self, route: Route, **given: object) -> str:
        """Return an address of the route that leads to something, `given` in the place of what usually stands there."""
        words = {
            "number": self.ticket.number,
            "slug": "open",
            "token": self._link,
            "person": self.ticket.requester_id,
            "other": self.people["cora"].pk,
            "address": self.address.pk,
            "note": self.note.pk,
            "organization": self.organization.pk,
            "signed": self._sent,
            "pk": self.note_file.pk,
            "response": self.canned.pk,
            "entry": self.note_file.entry.number,
            "mail": 0,
            "held": 0,
            "uidb36": "1",
            "key": "abc-def",
            "app_label": "tickets",
            "object_id": "1",
            "content_type_id": "1",
            "url": "no-such-page",
            "rest": "nothing/here",
            "form": "yaml",
            "service": "postmark",
            "kind": "inbound",
        } | given
        if route.name == "desk:resend" and "entry" not in given:
            words["entry"] = self.reply_file.entry.number
        if route.name == "pages:picture" and "pk" not in given:
            words["pk"] = self.picture.pk
        if route.name == "confirm_address" and "token" not in given:
            words["token"] = addresses.token_for(self.address)
        return "/" + fill(route.pattern, {name: str(word) for name, word in words.items()})


def fill(pattern: str, words: dict[str, str]) -> str:
    """Return a path that the pattern matches. Fails on an argument that nobody has thought about."""
    if pattern.count("^") and "(?P<" in pattern:
        pattern = pattern.replace("^", "").rstrip("$")
        return re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", lambda found: words[found[1]], pattern)
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: words[found[1]], pattern)


def make_world(ticket: Ticket, ada: User, grace: User, linus: User, admin_user: User, billing: Department) -> World:
    by = Principal.agent(grace)
    note = actions.add_note(ticket=ticket, text="Note.", by=by, at=MONDAY, files=[stored("note.txt", b"note")])
    reply = actions.reply(ticket=ticket, text="Reply.", by=by, at=MONDAY, files=[stored("reply.txt", b"reply")])
    came_by_mail(note, b"From: grace@example.com\nContent-Type: text/html\n\n<p>Note.</p>")
    acme = Organization.objects.create(name="Acme", sharing=Members.ALL)
    cleo = cast.make_person("cleo@example.org", "Cleo")
    Participant.objects.create(
        ticket=ticket, user=cleo, address=cast.address_for(cleo), role=Part.COLLABORATOR, added_at=MONDAY
    )
    kernel = Department.objects.get(access__agent=linus)
    # Their roles elsewhere count for what belongs to no department, such as people.
    ruth, mona, tina = (
        cast.make_agent(name, kernel, role=role)
        for name, role in (("Ruth", VIEW_ONLY), ("Mona", ALL_ACCESS), ("Tina", LIMITED))
    )
    Referral.objects.create(ticket=ticket, agent=ruth, created_at=MONDAY)
    Department.objects.filter(pk=billing.pk).update(manager=mona)
    cast.make_team("Night shift", tina)
    Ticket.objects.filter(pk=ticket.pk).update(organization=acme)
    return World(
        ticket=Ticket.objects.get(pk=ticket.pk),
        address=addresses.claim(ada, "ada@second.example"),
        note=contacts.add_note(ada, "Likes to be called.", by=grace, at=MONDAY),
        organization=Organization.objects.create(name="Analytical Engines"),
        note_file=note.attachments.get(),
        canned=CannedResponse.objects.create(title="Greeting", body="<p>Hello</p>", text="Hello", department=billing),
        reply_file=reply.attachments.get(),
        picture=with_picture(own_page("open", in_footer=True)),
        people={
            "nobody": None,
            "ada": ada,
            "cleo": cleo,
            "cora": cast.make_person("cora@example.org", "Cora", organization=acme),
            "linus": linus,
            "olaf": cast.make_agent("Olaf", billing, sees_only_assigned=True),
            "vera": cast.make_agent("Vera", billing, role=VIEW_ONLY),
            "ruth": ruth,
            "grace": grace,
            "eve": cast.make_agent("Eve", billing, role=EXPANDED),
            "mona": mona,
            "otto": cast.make_agent("Otto", billing, sees_only_assigned=True),
            "lou": cast.make_agent("Lou", billing, role=LIMITED),
            "tina": tina,
            "rosa": admin_user,
            "watch": admin_user,
            "gone": cast.make_agent("Gone", billing, is_active=False),
        },
    )


def came_by_mail(entry: ThreadEntry, raw: bytes, **fields: object) -> IncomingMail:
    """Say of an entry that it came as this mail."""
    return IncomingMail.objects.create(
        **{
            "door": Door.PIPE,
            "raw": files.store([raw]),
            "size": len(raw),
            "stored_at": MONDAY,
            "arrived_at": MONDAY,
            "taken_in_at": MONDAY,
            "state": IncomingState(entry.kind),
            "reason": Reason.REPLY_ADDRESS,
            "ticket": entry.ticket,
            "entry": entry,
        }
        | fields
    )


def stored(name: str, content: bytes, content_type: str = "text/plain") -> NewFile:
    blob: Blob = files.store([content])
    return NewFile(blob, name, content_type)
