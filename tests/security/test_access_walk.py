"""Every address, by every kind of visitor, answers as a hand-written table says. An address that the table does not
know fails: whoever adds one decides here who may use it."""

import re
import sys
from types import ModuleType

import pytest
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import path
from django.utils.timezone import now

from helpdesk import urls
from tests.security.routes import Route, routes
from tests.security.world import World
from tickets.models import Status, Ticket, TicketEvent

ROLES = ("nobody", "ada", "linus", "vera", "grace", "rosa", "gone")

# nobody: not signed in; ada: who asked, signed in; linus: an agent of another department; vera: may only view in the
# ticket's; grace: may do everything in it; rosa: an administrator, no agent; gone: an agent who was switched off and
# still has a session.
#
# An answer is a status, "sign-in" for being led there, "away" for being led elsewhere. A "+" says that something has
# happened to the ticket. Forms are sent empty, but for the number of the last event seen. Behind a "/" stands what is
# asked for: "reply" is the file of a reply, else it is that of a note; "forged" replaces what is signed.
TABLE = """
                                         nobody   ada      linus    vera     grace    rosa     gone
GET  healthz                             200      200      200      200      200      200      200
POST healthz                             405      405      405      405      405      405      405
GET  site-logo                           404      404      404      404      404      404      404
POST site-logo                           405      405      405      405      405      405      405
GET  favicon.ico                         away     away     away     away     away     away     away
POST favicon.ico                         405      405      405      405      405      405      405
GET  setup                               sign-in  sign-in  sign-in  sign-in  sign-in  sign-in  sign-in
POST setup                               sign-in  sign-in  sign-in  sign-in  sign-in  sign-in  sign-in

GET  account_login                       200      away     away     away     away     away     200
POST account_login                       422      away     away     away     away     away     422
GET  account_logout                      away     200      200      200      200      200      away
POST account_logout                      away     away     away     away     away     away     away
GET  account_change_password             sign-in  200      200      200      200      200      sign-in
POST account_change_password             sign-in  422      422      422      422      422      sign-in
GET  account_reset_password              200      200      200      200      200      200      200
POST account_reset_password              422      422      422      422      422      422      422
GET  account_reset_password_done         200      200      200      200      200      200      200
POST account_reset_password_done         405      405      405      405      405      405      405
GET  account_reset_password_from_key     200      200      200      200      200      200      200
POST account_reset_password_from_key     200      200      200      200      200      200      200
GET  account_reset_password_from_key_done  200    200      200      200      200      200      200
POST account_reset_password_from_key_done  405    405      405      405      405      405      405
GET  confirm_address                     200      200      200      200      200      200      200
POST confirm_address                     200      200      200      200      200      200      200
GET  confirm_address / forged            404      404      404      404      404      404      404
POST confirm_address / forged            404      404      404      404      404      404      404

GET  portal:home                         200      200      200      200      200      200      200
POST portal:home                         405      405      405      405      405      405      405
GET  portal:new                          200      200      200      200      200      200      200
POST portal:new                          422      422      422      422      422      422      422
GET  portal:topic                        200      200      200      200      200      200      200
POST portal:topic                        405      405      405      405      405      405      405
GET  portal:check                        200      200      200      200      200      200      200
POST portal:check                        422      422      422      422      422      422      422
GET  portal:check_sent                   200      200      200      200      200      200      200
POST portal:check_sent                   405      405      405      405      405      405      405
GET  portal:sent                         200      200      200      200      200      200      200
POST portal:sent                         405      405      405      405      405      405      405
GET  portal:sent / forged                404      404      404      404      404      404      404
GET  portal:ticket                       200      200      200      200      200      200      200
POST portal:ticket                       405      405      405      405      405      405      405
GET  portal:ticket / forged              404      404      404      404      404      404      404
GET  portal:message                      away     away     away     away     away     away     away
POST portal:message                      422      422      422      422      422      422      422
POST portal:message / forged             404      404      404      404      404      404      404
GET  portal:close                        away     away     away     away     away     away     away
POST portal:close                        409      409      409      409      409      409      409
POST portal:close / forged               404      404      404      404      404      404      404
GET  portal:add_person                   away     away     away     away     away     away     away
POST portal:add_person                   422      422      422      422      422      422      422
POST portal:add_person / forged          404      404      404      404      404      404      404
GET  portal:remove_person                away     away     away     away     away     away     away
POST portal:remove_person                404      404      404      404      404      404      404
GET  portal:leave                        away     away     away     away     away     away     away
POST portal:leave                        409      409      409      409      409      409      409
POST portal:leave / forged               404      404      404      404      404      404      404
GET  portal:file                         404      404      404      404      404      404      404
POST portal:file                         405      405      405      405      405      405      405
GET  portal:file / reply                 200      200      200      200      200      200      200
GET  portal:file / reply forged          404      404      404      404      404      404      404

GET  portal:tickets                      sign-in  200      200      200      200      200      sign-in
POST portal:tickets                      sign-in  405      405      405      405      405      sign-in
GET  portal:shared_tickets               sign-in  200      200      200      200      200      sign-in
POST portal:shared_tickets               sign-in  405      405      405      405      405      sign-in
GET  portal:my_ticket                    sign-in  200      404      404      404      404      sign-in
POST portal:my_ticket                    sign-in  405      404      404      404      404      sign-in
GET  portal:my_message                   sign-in  away     404      404      404      404      sign-in
POST portal:my_message                   sign-in  422      404      404      404      404      sign-in
GET  portal:my_close                     sign-in  away     404      404      404      404      sign-in
POST portal:my_close                     sign-in  409      404      404      404      404      sign-in
POST portal:my_close / resolved          sign-in  away+    404      404      404      404      sign-in
GET  portal:my_add_person                sign-in  away     404      404      404      404      sign-in
POST portal:my_add_person                sign-in  422      404      404      404      404      sign-in
GET  portal:my_remove_person             sign-in  away     404      404      404      404      sign-in
POST portal:my_remove_person             sign-in  404      404      404      404      404      sign-in
GET  portal:my_leave                     sign-in  away     404      404      404      404      sign-in
POST portal:my_leave                     sign-in  409      404      404      404      404      sign-in
GET  portal:my_file                      sign-in  404      404      404      404      404      sign-in
POST portal:my_file                      sign-in  405      404      404      404      404      sign-in
GET  portal:my_file / reply              sign-in  200      404      404      404      404      sign-in

GET  desk:home                           sign-in  403      away     away     away     403      sign-in
POST desk:home                           sign-in  403      405      405      405      403      sign-in
GET  desk:settings                       sign-in  403      200      200      200      403      sign-in
POST desk:settings                       sign-in  403      422      422      422      403      sign-in
GET  desk:agents                         sign-in  403      200      200      200      403      sign-in
POST desk:agents                         sign-in  403      405      405      405      403      sign-in
GET  desk:new                            sign-in  403      200      403      200      403      sign-in
POST desk:new                            sign-in  403      422      403      422      403      sign-in
GET  desk:queue                          sign-in  403      200      200      200      403      sign-in
POST desk:queue                          sign-in  403      405      405      405      403      sign-in
GET  desk:ticket                         sign-in  403      404      200      200      403      sign-in
POST desk:ticket                         sign-in  403      405      405      405      403      sign-in
GET  desk:history                        sign-in  403      404      200      200      403      sign-in
POST desk:history                        sign-in  403      405      405      405      403      sign-in
GET  desk:reply                          sign-in  403      away     away     away     403      sign-in
POST desk:reply                          sign-in  403      404      422      422      403      sign-in
GET  desk:note                           sign-in  403      away     away     away     403      sign-in
POST desk:note                           sign-in  403      404      422      422      403      sign-in
GET  desk:assign                         sign-in  403      404      403      200      403      sign-in
POST desk:assign                         sign-in  403      404      403      422      403      sign-in
GET  desk:claim                          sign-in  403      away     away     away     403      sign-in
POST desk:claim                          sign-in  403      404      away     away+    403      sign-in
GET  desk:release                        sign-in  403      away     away     away     403      sign-in
POST desk:release                        sign-in  403      404      away     away     403      sign-in
POST desk:release / assigned             sign-in  403      404      away     away+    403      sign-in
GET  desk:transfer                       sign-in  403      404      403      200      403      sign-in
POST desk:transfer                       sign-in  403      404      403      422      403      sign-in
GET  desk:priority                       sign-in  403      404      403      200      403      sign-in
POST desk:priority                       sign-in  403      404      403      422      403      sign-in
GET  desk:topic                          sign-in  403      404      403      200      403      sign-in
POST desk:topic                          sign-in  403      404      403      422      403      sign-in
GET  desk:plan                           sign-in  403      404      403      200      403      sign-in
POST desk:plan                           sign-in  403      404      403      422      403      sign-in
GET  desk:resolve                        sign-in  403      404      403      200      403      sign-in
POST desk:resolve                        sign-in  403      404      403      away+    403      sign-in
GET  desk:close                          sign-in  403      404      403      200      403      sign-in
POST desk:close                          sign-in  403      404      403      422      403      sign-in
GET  desk:reopen                         sign-in  403      away     away     away     403      sign-in
POST desk:reopen                         sign-in  403      404      away     away     403      sign-in
POST desk:reopen / resolved              sign-in  403      404      away     away+    403      sign-in
GET  desk:remove-referral                sign-in  403      away     away     away     403      sign-in
POST desk:remove-referral                sign-in  403      404      404      404      403      sign-in
GET  desk:add-collaborator               sign-in  403      404      403      200      403      sign-in
POST desk:add-collaborator               sign-in  403      404      403      422      403      sign-in
GET  desk:remove-collaborator            sign-in  403      away     away     away     403      sign-in
POST desk:remove-collaborator            sign-in  403      404      404      404      403      sign-in
GET  desk:undo                           sign-in  403      away     away     away     403      sign-in
POST desk:undo                           sign-in  403      404      404      404      403      sign-in
GET  desk:file                           sign-in  403      404      200      200      403      sign-in
POST desk:file                           sign-in  403      405      405      405      403      sign-in
GET  desk:file / reply                   sign-in  403      404      200      200      403      sign-in

GET  desk:people                         sign-in  403      200      200      200      403      sign-in
POST desk:people                         sign-in  403      405      405      405      403      sign-in
GET  desk:person-add                     sign-in  403      200      403      200      403      sign-in
POST desk:person-add                     sign-in  403      422      403      422      403      sign-in
GET  desk:people-export                  sign-in  403      away     403      away     403      sign-in
POST desk:people-export                  sign-in  403      200      403      200      403      sign-in
GET  desk:person                         sign-in  403      200      200      200      403      sign-in
POST desk:person                         sign-in  403      405      405      405      403      sign-in
GET  desk:person-edit                    sign-in  403      200      403      200      403      sign-in
POST desk:person-edit                    sign-in  403      away     403      away     403      sign-in
GET  desk:person-lock                    sign-in  403      away     403      away     403      sign-in
POST desk:person-lock                    sign-in  403      away     403      away     403      sign-in
GET  desk:person-unlock                  sign-in  403      away     403      away     403      sign-in
POST desk:person-unlock                  sign-in  403      away     403      away     403      sign-in
GET  desk:person-password                sign-in  403      away     403      away     403      sign-in
POST desk:person-password                sign-in  403      away     403      away     403      sign-in
GET  desk:person-revoke                  sign-in  403      away     403      away     403      sign-in
POST desk:person-revoke                  sign-in  403      away     403      away     403      sign-in
GET  desk:person-note                    sign-in  403      away     403      away     403      sign-in
POST desk:person-note                    sign-in  403      422      403      422      403      sign-in
GET  desk:person-note-delete             sign-in  403      away     403      away     403      sign-in
POST desk:person-note-delete             sign-in  403      away     403      away     403      sign-in
GET  desk:person-address                 sign-in  403      200      403      200      403      sign-in
POST desk:person-address                 sign-in  403      422      403      422      403      sign-in
GET  desk:person-address-primary         sign-in  403      away     403      away     403      sign-in
POST desk:person-address-primary         sign-in  403      away     403      away     403      sign-in
GET  desk:person-address-confirm         sign-in  403      away     403      away     403      sign-in
POST desk:person-address-confirm         sign-in  403      away     403      away     403      sign-in
GET  desk:person-address-remove          sign-in  403      away     403      away     403      sign-in
POST desk:person-address-remove          sign-in  403      away     403      away     403      sign-in
GET  desk:organizations                  sign-in  403      200      200      200      403      sign-in
POST desk:organizations                  sign-in  403      405      405      405      403      sign-in
GET  desk:organization-add               sign-in  403      200      403      200      403      sign-in
POST desk:organization-add               sign-in  403      422      403      422      403      sign-in
GET  desk:organization                   sign-in  403      200      200      200      403      sign-in
POST desk:organization                   sign-in  403      405      405      405      403      sign-in
GET  desk:organization-edit              sign-in  403      200      403      200      403      sign-in
POST desk:organization-edit              sign-in  403      422      403      422      403      sign-in
GET  desk:organization-archive           sign-in  403      away     403      away     403      sign-in
POST desk:organization-archive           sign-in  403      away     403      away     403      sign-in
GET  desk:organization-restore           sign-in  403      away     403      away     403      sign-in
POST desk:organization-restore           sign-in  403      away     403      away     403      sign-in
GET  desk:organization-delete            sign-in  403      away     403      away     403      sign-in
POST desk:organization-delete            sign-in  403      away     403      away     403      sign-in
GET  desk:organization-note              sign-in  403      away     403      away     403      sign-in
POST desk:organization-note              sign-in  403      422      403      422      403      sign-in
GET  desk:organization-note-delete       sign-in  403      away     403      away     403      sign-in
POST desk:organization-note-delete       sign-in  403      404      403      404      403      sign-in
"""
# The admin has one rule for all of it: only administrators enter.


def read_table(text: str) -> dict[tuple[str, str, str], dict[str, str]]:
    """Return (method, route, what is asked for) → role → answer."""
    table = {}
    for line in text.strip("\n").splitlines()[1:]:
        if not line.strip():
            continue
        method, name, variant, answers = re.fullmatch(r"(\w+) +(\S+)(?: / ([a-z ]*[a-z]))? {2,}(.+)", line).groups()
        table[method, name, variant or ""] = dict(zip(ROLES, answers.split(), strict=True))
    return table


ROWS = read_table(TABLE)
ROUTES = {route.name: route for route in routes()}


def is_admins(route: Route) -> bool:
    return route.pattern.startswith("admin/")


METHODS = ("GET", "POST")


def compare_with_table(found: list[Route]) -> tuple[set[str], set[str]]:
    """Return the addresses that the table does not know, and those that it knows and that are no more."""
    known = {f"{method} {name}" for method, name, variant in ROWS if not variant}
    there = {f"{method} {route.name}" for route in found if not is_admins(route) for method in METHODS}
    return there - known, known - there


def test_the_table_knows_every_address():
    assert compare_with_table(routes()) == (set(), set())


@pytest.mark.once
@pytest.mark.django_db
def test_everybody_gets_the_answer_of_the_table(world, subtests):
    for row, expected in ROWS.items():
        method, name, variant = row
        with subtests.test(" ".join(row)):
            assert {role: answer(world, role, method, ROUTES[name], variant) for role in ROLES} == expected


@pytest.mark.once
@pytest.mark.django_db
def test_only_administrators_enter_the_admin(world, subtests):
    inside = set()
    for name, route in ROUTES.items():
        if not is_admins(route):
            continue
        for method in METHODS:
            with subtests.test(f"{method} {name}"):
                for role in ("nobody", "ada", "grace", "gone"):
                    assert answer(world, role, method, route, "") in {"sign-in", "403", "404", "away"}, role
                inside.add(answer(world, "rosa", method, route, ""))
    # So that the walk says something: she does come in.
    assert "200" in inside
    assert inside <= {"200", "403", "404", "405", "422", "away"}


def answer(world: World, role: str, method: str, route: Route, variant: str) -> str:
    """Ask once, as `role`, and undo everything."""
    given: dict[str, object] = {}
    if "reply" in variant:
        given["pk"] = world.reply_file.pk
    if "forged" in variant:
        given["token"] = given["signed"] = "WzEsMSwwXQ:1xUfIp:B28ArXRnjbPvdNbYpUYx4fBomp2m1NKExm25aJSKvZs"
    with transaction.atomic():
        bring_to(world.ticket, variant, world.people["grace"])
        before = TicketEvent.objects.count()
        client, url = world.client(role), world.url(route, **given)
        # As after a look at the page: a button that was seen with everything there is.
        response = client.get(url) if method == "GET" else client.post(url, {"seen": before + 1})
        happened = "+" if TicketEvent.objects.count() > before else ""
        transaction.set_rollback(True)
    return in_words(response) + happened


def bring_to(ticket: Ticket, variant: str, grace: object) -> None:
    if variant == "assigned":
        Ticket.objects.filter(pk=ticket.pk).update(status=Status.ASSIGNED, assignee=grace)
    if variant == "resolved":
        Ticket.objects.filter(pk=ticket.pk).update(status=Status.RESOLVED, resolved_at=now())


def in_words(response: HttpResponseBase) -> str:
    if response.status_code not in {301, 302, 303, 307, 308}:
        return str(response.status_code)
    return "sign-in" if response["Location"].startswith("/accounts/login/") else "away"


# --- The tests of these tests ---------------------------------------------------------------------


def careless(request: HttpRequest, number: str) -> HttpResponse:
    """A view as it should never be: the ticket by its number, for whoever asks."""
    return HttpResponse(Ticket.objects.get(number=number).subject)


careless_urls = ModuleType("careless_urls")
careless_urls.urlpatterns = [path("desk/tickets/<str:number>/all/", careless, name="careless"), *urls.urlpatterns]


def test_a_new_address_would_be_unknown(monkeypatch, settings):
    monkeypatch.setitem(sys.modules, "careless_urls", careless_urls)
    settings.ROOT_URLCONF = "careless_urls"

    unknown, gone = compare_with_table(routes())

    assert unknown == {"GET careless", "POST careless"}
    assert not gone


def test_a_careless_view_would_not_answer_as_the_table_says(world, monkeypatch, settings):
    monkeypatch.setitem(sys.modules, "careless_urls", careless_urls)
    settings.ROOT_URLCONF = "careless_urls"
    (route,) = (route for route in routes() if route.name == "careless")

    answers = {role: answer(world, role, "GET", route, "") for role in ROLES}

    assert answers != ROWS["GET", "desk:ticket", ""]
    assert answers["linus"] == answers["nobody"] == "200"
