"""Whether a domain takes mail, asked of a real name server on loopback that knows a few."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from functools import partial

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.forms import Form
from django.test import Client

from accounts.joining_forms import LinkForm, RegisterForm
from core import domains
from core.models import SiteSettings
from desk.person_forms import AddPersonForm, AddressForm
from desk.who import WhoForm
from portal import forms as portal_forms
from tickets.models import HelpTopic, Ticket

ZONE = {
    ("mail.example.", "MX"): "10 mx.mail.example.",
    ("xn--bcher-kva.example.", "MX"): "10 mx.mail.example.",
    ("none.example.", "MX"): "0 .",
    ("web.example.", "A"): "192.0.2.1",
    ("six.example.", "AAAA"): "2001:db8::1",
    ("text.example.", "TXT"): "nothing",
}


class Server(socketserver.UDPServer):
    allow_reuse_address = True
    asked: list[tuple[str, str]]
    is_broken = False


class Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data, socket = self.request
        query = dns.message.from_wire(data)
        (question,) = query.question
        name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
        self.server.asked.append((name, kind))
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if self.server.is_broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif value := ZONE.get((name, kind)):
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, value))
        elif name not in {known for known, _kind in ZONE}:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        socket.sendto(answer.to_wire(), self.client_address)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A name server, and our resolver told to ask it."""
    cache.clear()
    server = Server(("127.0.0.1", 0), Handler)
    server.asked = []
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def resolver() -> dns.resolver.Resolver:
        made = dns.resolver.Resolver(configure=False)
        made.nameservers, made.port = ["127.0.0.1"], server.server_address[1]
        return made

    monkeypatch.setattr(domains, "_resolver", resolver)
    yield server
    server.shutdown()
    server.server_close()


pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("domain", "takes"),
    [
        ("mail.example", True),
        ("MAIL.example.", True),
        ("bücher.example", True),
        ("web.example", True),
        ("six.example", True),
        ("none.example", False),
        ("text.example", False),
        ("gone.example", False),
        ("a..b", False),
        ("x" * 64 + ".example", False),
    ],
)
def test_a_domain_takes_mail_by_its_records(names: Server, domain: str, takes: bool) -> None:
    assert domains.takes_mail(domain) is takes


def test_what_the_name_servers_do_not_say_is_not_known_and_not_kept(names: Server) -> None:
    names.is_broken = True
    assert domains.takes_mail("mail.example") is None
    names.is_broken = False
    assert domains.takes_mail("mail.example") is True


def test_without_any_name_server_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()

    def nothing() -> dns.resolver.Resolver:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(domains, "_resolver", nothing)

    assert domains.takes_mail("mail.example") is None


def test_an_answer_is_remembered(names: Server) -> None:
    for _time in range(3):
        assert domains.takes_mail("gone.example") is False
    assert names.asked == [("gone.example.", "MX")]


def test_only_a_help_desk_that_is_told_to_looks(names: Server) -> None:
    domains.require_mail_domain("ada@gone.example")
    assert names.asked == []

    SiteSettings.objects.update(checks_domains=True)
    domains.require_mail_domain("ada@mail.example")
    with pytest.raises(ValidationError, match=r"No mail can be sent to gone\.example\."):
        domains.require_mail_domain("ada@gone.example")


@pytest.mark.parametrize(
    ("form", "says_no"),
    [
        (RegisterForm, True),
        (portal_forms.PersonForm, True),
        (WhoForm, True),
        (partial(AddPersonForm, action="/"), True),
        (AddressForm, True),
        (LinkForm, False),
        (portal_forms.CheckForm, False),
    ],
)
def test_forms_look_up_where_mail_is_to_go(names: Server, form: Callable[..., Form], says_no: bool) -> None:
    """And not where an address is looked for among those that are known."""
    SiteSettings.objects.update(checks_domains=True)
    filled_in = form(data={"email": "ada@gone.example"})

    filled_in.is_valid()

    assert ("No mail can be sent to gone.example." in str(filled_in.errors.get("email", ""))) is says_no
    assert bool(names.asked) is says_no


def test_a_request_by_the_form_keeps_what_was_typed(names: Server, client: Client, topic: HelpTopic) -> None:
    SiteSettings.objects.update(checks_domains=True)

    page = client.post("/new/", {"email": "ada@gone.example", "name": "Ada", "subject": "A summary", "text": "Help"})

    assert page.status_code == 422
    assert "No mail can be sent to gone.example. Is it written as it should be?" in page.content.decode()
    assert 'value="ada@gone.example"' in page.content.decode()
    assert not Ticket.objects.exists()
