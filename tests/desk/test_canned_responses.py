"""Canned responses written at the desk, by those whose role in their department includes it (PARITY C01)."""

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, AuditKind, Permission, Role
from tests import cast
from tests.cast import EXPANDED, MONDAY
from tests.desk.conftest import toasts
from tickets import actions
from tickets.errors import NotAllowed
from tickets.models import CannedResponse

LIST = "/desk/canned/"


def canned(title, department, text="Words.", **given):
    return CannedResponse.objects.create(title=title, department=department, body=f"<p>{text}</p>", text=text, **given)


def form(place, **given):
    body = "About {{ ticket.number }}."
    return {"title": "Refund", "department": place.pk, "body": body, "is_active": "on"} | given


def at(name, response):
    return reverse(f"desk:canned-{name}", args=[response.pk])


def test_one_is_added_with_variables_and_offered_in_the_composer(desk, ticket, billing, grace):
    answer = desk.client.post("/desk/canned/add/", form(billing, body="Hello,\n\nit is <paid>: {{ ticket.number }}."))

    assert answer.url == LIST
    assert toasts(answer) == ["“Refund” saved"]
    row = CannedResponse.objects.get()
    assert row.body == "<p>Hello,</p><p>it is &lt;paid&gt;: {{ ticket.number }}.</p>".replace("</p><p>", "</p>\n\n<p>")
    assert row.text == "Hello,\n\nit is <paid>: {{ ticket.number }}."
    assert "Refund" in desk.client.get(reverse("desk:canned", args=[ticket.number])).content.decode()
    event = AuditEvent.objects.get(target_model="tickets.cannedresponse")
    assert (event.kind, event.by_id, event.target_id) == (AuditKind.CREATED, grace.pk, row.pk)
    assert event.changes == {
        "title": [None, "Refund"],
        "department": [None, billing.pk],
        "is_active": [None, True],
        "body": [None, None],
    }


def test_it_is_changed_and_what_runs_is_cleaned_away(desk, billing):
    row = canned("Refund", billing)
    assert "&lt;p&gt;Words.&lt;/p&gt;" in desk.client.get(at("edit", row)).content.decode()

    desk.client.post(at("edit", row), form(billing, title="Refunds", body="<p onclick=x()>New</p><script>1</script>"))

    row.refresh_from_db()
    assert (row.title, row.body, row.text) == ("Refunds", "<p>New</p>", "New")
    changes = AuditEvent.objects.get(kind=AuditKind.CHANGED).changes
    assert changes == {"title": ["Refund", "Refunds"], "body": [None, None]}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"title": " "}, "This field is required."),
        ({"title": "x" * 121}, "at most 120 characters"),
        ({"body": ""}, "This field is required."),
        ({"body": "About {{ ticket.nubmer }}."}, "ticket.nubmer"),
        ({"body": "x" * 50_001}, "This is too long"),
        ({"department": ""}, "This field is required."),
        ({"department": "999999"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(desk, billing, wrong, told):
    answer = desk.client.post("/desk/canned/add/", form(billing, **wrong))

    assert answer.status_code == 422
    assert told in answer.text
    assert all(value in answer.text for name, value in wrong.items() if name == "body")
    assert not CannedResponse.objects.exists()


def test_archived_it_is_not_offered_and_can_be_brought_back(desk, ticket, billing):
    row = canned("Refund", billing)
    offered = reverse("desk:canned", args=[ticket.number])

    assert desk.client.post(at("archive", row)).url == LIST
    desk.client.post(at("archive", row))

    assert "Refund" not in desk.client.get(offered).content.decode()
    assert "Refund" in desk.client.get(f"{LIST}?archived=yes").content.decode()
    desk.client.post(at("restore", row))
    assert "Refund" in desk.client.get(offered).content.decode()
    assert [one.kind for one in AuditEvent.objects.order_by("pk")][-2:] == [AuditKind.ARCHIVED, AuditKind.RESTORED]


def test_other_departments_and_what_is_for_all_are_not_theirs(desk, billing, elsewhere):
    own, others, all_s = canned("Own", billing), canned("Others", elsewhere), canned("All", None)

    shown = desk.client.get(LIST).content.decode()

    assert "Own" in shown
    assert "Others" not in shown
    for row in (others, all_s):
        assert desk.client.get(at("edit", row)).status_code == 404
        assert desk.client.post(at("archive", row)).status_code == 404
    assert desk.client.post(at("edit", own), form(elsewhere)).status_code == 422


def test_without_the_right_nothing_is_shown_and_nothing_done(at_desk, billing, ticket):
    eve = cast.make_agent("Eve", billing, role=EXPANDED)
    row, desk = canned("Refund", billing), at_desk(eve)

    assert desk.client.get(LIST).status_code == 403
    assert LIST not in desk.look(ticket).text
    given = {"by": cast.principal(eve), "at": MONDAY}
    with pytest.raises(NotAllowed, match="Add and change canned responses"):
        actions.archive_canned(response=row, is_archived=True, **given)
    with pytest.raises(NotAllowed):
        actions.write_canned(response=row, title="X", html="X", department=billing, is_active=True, **given)


def test_a_role_elsewhere_allows_nothing_here(at_desk, billing, elsewhere):
    eve = cast.make_agent("Eve", billing, role=EXPANDED)
    cast.give_access(eve, elsewhere)
    row = canned("Refund", billing)

    with pytest.raises(NotAllowed):
        actions.write_canned(
            response=row,
            title="X",
            html="X",
            department=elsewhere,
            is_active=True,
            by=cast.principal(eve),
            at=MONDAY,
        )
    assert at_desk(eve).client.get(at("edit", row)).status_code == 404


def test_they_are_found_by_words_and_read_by_title_in_pages(desk, billing):
    for number in range(30):
        canned(f"Answer {number:02}", billing, text="late" if number == 7 else "soon")

    first = desk.client.get(LIST)
    titles = [row.title for row in first.context["rows"]]

    assert titles == [f"Answer {number:02}" for number in range(25)]
    second = desk.client.get(first.context["older_url"])
    assert [row.title for row in second.context["rows"]] == [f"Answer {number:02}" for number in range(25, 30)]
    assert [row.title for row in desk.client.get(f"{LIST}?q=answer+late").context["rows"]] == ["Answer 07"]
    assert "None found" in desk.client.get(f"{LIST}?q=never").text


def test_many_cost_no_more_queries_than_few(desk, billing, django_assert_max_num_queries):
    for number in range(40):
        canned(f"Answer {number:02}", billing)
    desk.client.get(LIST)

    with django_assert_max_num_queries(9):
        desk.client.get(LIST)


def test_who_could_do_everything_before_has_the_right(db):
    having = {role.name for role in Role.objects.all() if role.allows(Permission.CANNED_EDIT)}

    assert having == {"All access"}
