"""The pages of agents and requesters among many: what each asks and sends, and no list that is as long as the crowd."""

import pytest

from tests.crowd.crowd import Crowd

pytestmark = pytest.mark.django_db

# Page, and at most so many queries, kilobytes and options to choose from. Deleting a person counts all kinds of rows
# that name them. Time zones are 500 options, the topics and organisations of a list 200, agents and teams 50 each.
# Where no MAIL_URL is set, forms that promise a mail ask whether some department has a way out of its own.
DESK = """
/desk/people/                                  10    80      0
/desk/people/?q=requester                      10    80      0
/desk/people/?q=nobody+known                    8    60      0
/desk/people/add/                               7    70    201
/desk/people/{ada}/                            13    70      0
/desk/people/{ada}/edit/                        8   110    806
/desk/people/{ada}/delete/                     60    60      0
/desk/people/{ada}/addresses/                   7    50      0
/desk/people/{ada}/merge/                       7    50      0
/desk/organizations/                            9    70      0
/desk/organizations/?q=company                  9    70      0
/desk/organizations/add/                        8    60    107
/desk/organizations/{organization}/            16    70      0
/desk/organizations/{organization}/edit/       10    60    107
/desk/agents/                                   8    80      0
/desk/agents/?find=agent                        8    80      0
/desk/settings/                                 6   100    550
/reports/attainment/                            8    90     57
/reports/attainment/promises/                   8    90      0
/desk/new/                                     15    70    207
/desk/queues/open/                              7   100      0
/desk/queues/mine/                              6    50      0
/desk/queues/unassigned/                        7   100      0
/desk/queues/overdue/                           7   100      0
/desk/queues/awaiting-requester/                7   100      0
/desk/queues/handed-over/                       6    50      0
/desk/queues/resolved/                          7   100      0
/desk/queues/closed/                            7   100      0
/desk/queues/open/?department={department}      7   110      0
/desk/tickets/{ticket}/                        18   260      7
/desk/tickets/{ticket}/?queue=open             18   260      7
/desk/tickets/{ticket}/history/                 8    90      0
/desk/tickets/{ticket}/clocks/                 12    90      0
/desk/tickets/{ticket}/assign/                 11    60    101
/desk/tickets/{ticket}/transfer/                9    60     52
/desk/tickets/{ticket}/refer/                  11    60    160
/desk/tickets/{ticket}/priority/                9    50      4
/desk/tickets/{ticket}/topic/                  10    70    201
/desk/tickets/{ticket}/plan/                    9    50     12
/desk/tickets/{ticket}/resolve/                 8    50      0
/desk/tickets/{ticket}/close/                   9    60      0
/desk/tickets/{ticket}/add-collaborator/       11    60     51
"""
PORTAL = """
/                                               5    20      0
/new/                                          13    90      0
/new/?topic={topic}                            13    90      0
/new/topic/?topic={topic}                      11    10      0
/check/                                         4    10      0
/tickets/                                       9    40     60
/tickets/?q=Question                            9    40     60
/tickets/organisation/                          8    40     60
/tickets/organisation/?q=Question               8    40     60
/tickets/{ticket}/                             14    80      0
/profile/                                       6    50    550
"""
# Dialogs that follow the typing: what is sent, and what must be among what is found.
FOLLOWING = {
    "assign": ({"find": "Agent 04"}, "Agent 042"),
    "transfer": ({"department": "{elsewhere}", "find": "Agent 0"}, "Agent 049"),
    "refer": ({"find": "Agent 04"}, "Agent 042"),
    "topic": ({"find": "Part 17"}, "Part 178"),
    "add-collaborator": ({"find": "Requester 101"}, "Requester 101"),
}


def rows(table: str) -> list[tuple[str, int, int, int]]:
    found = [line.split() for line in table.strip().splitlines()]
    return [(path, int(queries), int(kilobytes), int(options)) for path, queries, kilobytes, options in found]


def filled_in(text: str, crowd: Crowd) -> str:
    return text.format(
        ada=crowd.ada.pk,
        organization=crowd.organization.pk,
        department=crowd.department.pk,
        elsewhere=crowd.elsewhere.pk,
        ticket=crowd.ticket.number,
        topic=crowd.topic.pk,
    )


@pytest.mark.parametrize(("path", "queries", "kilobytes", "options"), rows(DESK))
def test_a_page_of_the_desk_keeps_its_budget(crowd, visit, path, queries, kilobytes, options):
    cost = visit(crowd.olga, filled_in(path, crowd))

    assert cost.queries <= queries
    assert cost.kilobytes <= kilobytes
    assert cost.options <= options


@pytest.mark.parametrize(("path", "queries", "kilobytes", "options"), rows(PORTAL))
def test_a_page_of_the_portal_keeps_its_budget(crowd, visit, path, queries, kilobytes, options):
    cost = visit(crowd.ada, filled_in(path, crowd))

    assert cost.queries <= queries
    assert cost.kilobytes <= kilobytes
    assert cost.options <= options


@pytest.mark.parametrize("name", FOLLOWING)
def test_a_dialog_finds_one_among_many_and_keeps_its_budget(crowd, sign_in, django_assert_max_num_queries, name):
    given, wanted = FOLLOWING[name]
    olga = sign_in(crowd.olga)
    path = f"/desk/tickets/{crowd.ticket.number}/{name}/"
    olga.get(path)
    data = {field: filled_in(value, crowd) for field, value in given.items()} | {"refresh": "1"}

    with django_assert_max_num_queries(12):
        answer = olga.post(path, data)

    assert wanted in answer.text
    assert answer.text.count("<option") <= 101
    assert len(answer.content) < 60_000


def test_a_ticket_page_names_so_many_of_its_collaborators_and_no_more(crowd, visit):
    shown = visit(crowd.olga, f"/desk/tickets/{crowd.ticket.number}/").answer

    assert crowd.ticket.participants.count() == 50
    assert "Requester 48" in shown.text
    assert "Requester 150" not in shown.text
