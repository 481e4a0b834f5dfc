"""Variables in texts of administrators: what they are, what becomes of them, who is told what."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from core.models import SiteSettings
from core.plaintext import text_of
from tests import cast
from tests.cast import TUESDAY
from tickets import actions, variables
from tickets import vocabulary as tickets_vocabulary
from tickets.models import Department, Ticket
from tickets.variables import Block, Facts, Shape, Values, Variable, vocabulary
from tickets.vocabulary import CANNED, EVERYTHING, INTERNAL, PARTS, PUBLIC

HOSTILE = "{{ ticket.number }} <b>&amp;\r\nBcc: evil@example.org"


def facts(ticket=None, **given):
    return Facts(ticket or Ticket(number="4711", subject="A question"), SiteSettings(name="Desk"), **given)


def values(*names, **given):
    """Return values of the variables that are named, with what they say."""
    made = [Variable(name, name, lambda facts, value=value: value, *rest) for name, value, *rest in names]
    return Values(vocabulary(made), facts(**given))


def places(text, known=CANNED):
    return [(problem.line, problem.column) for problem in variables.problems(text, known, known=EVERYTHING)]


@pytest.mark.parametrize(
    "text",
    [
        "{{ ticket.number }}",
        "{{ticket.number}}",
        "{{   ticket.number\t}}",
        "{{\nticket.number\n}}",
        "{{&nbsp;ticket.number }}",
        "{{\u00a0ticket.number }}",
    ],
)
def test_white_space_around_a_name_means_nothing(text):
    assert variables.problems(text, CANNED) == []
    assert variables.in_line(text, values(("ticket.number", "4711"))) == "4711"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("{{ ticket.numbr }}", (1, 1), "Did you mean “ticket.number”?"),
        ("one\ntwo {{ tiket.number }}", (2, 5), "Did you mean “ticket.number”?"),
        ("{{ nothing.of.the.kind.at.all }}", (1, 1), "there is no variable “nothing.of.the.kind.at.all”."),
        ("a {{ ticket.number", (1, 3), "does not end"),
        ("a ticket.number }} b", (1, 17), "does not begin"),
        ("{{ ticket.number|upper }}", (1, 1), "Did you mean “ticket.number”?"),
        ("{{ 1 + 1 }}", (1, 1), "is no variable"),
        ("{{ {{ ticket.number }} }}", (1, 1), "does not end"),
        ("{{ ticket.__class__ }}", (1, 1), "no variable"),
        ("{{ ticket.priority }}", (1, 1), "cannot be used in this text"),
        ("{{ }}", (1, 1), "is no variable"),
        ("{{ <b>ticket.number</b> }}", (1, 1), "Did you mean “ticket.number”?"),
    ],
)
def test_what_is_no_variable_is_told_with_its_place(text, place, words):
    found = variables.problems(text, CANNED, known=EVERYTHING)

    assert (found[0].line, found[0].column) == place
    assert words in str(found[0])


def test_many_mistakes_are_told_up_to_ten():
    assert len(variables.problems("{{ x }}" * 5000, CANNED)) == variables.MOST_PROBLEMS


def test_hostile_text_is_looked_through_in_time():
    for text in ("{" * 50_000, "{{" * 25_000, "{{ a" * 15_000, "}}" * 25_000, "{{" + " " * 50_000):
        assert variables.problems(text, CANNED)


def test_a_value_is_escaped_and_never_looked_at_for_variables():
    html = variables.in_html("<p>{{ a.b }}</p>", values(("a.b", HOSTILE)))

    assert html == "<p>{{ ticket.number }} &lt;b&gt;&amp;amp; Bcc: evil@example.org</p>"


def test_a_subject_stays_one_line_whatever_its_values_are():
    told = values(("a.b", HOSTILE), ("c.d", "x\ny\x00\u2028z", Shape.LINES))

    line = variables.in_line("Re: {{ a.b }} {{ c.d }}", told)

    assert "\n" not in line
    assert "\r" not in line
    assert line.startswith("Re: {{ ticket.number }} <b>")


def test_lines_keep_their_ends_in_html_and_in_text():
    told = values(("a.b", "one\ntwo & three", Shape.LINES))

    assert variables.in_html("<p>{{ a.b }}</p>", told) == "<p>one<br>two &amp; three</p>"
    assert variables.in_text("{{ a.b }}", told) == "one\ntwo & three"


def test_a_block_says_itself_in_html_and_in_text():
    told = values(("a.b", Block("<ul><li>x</li></ul>", "- x"), Shape.BLOCK))

    assert variables.in_html("{{ a.b }}", told) == "<ul><li>x</li></ul>"
    assert variables.in_text("{{ a.b }}", told) == "- x"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Hello {{ a.b }},", "Hello,"),
        ("<p>Hello {{ a.b }}</p>", "<p>Hello</p>"),
        ("<p>{{ a.b }}</p><p>Words</p>", "<p>Words</p>"),
        ("<p>{{ a.b }}<br></p>Words", "Words"),
        ("x {{ a.b }} y", "x y"),
    ],
)
def test_where_nothing_is_told_no_hole_stays(text, html):
    assert variables.in_html(text, values(("a.b", ""))) == html


def test_what_was_typed_is_left_out_for_unconfirmed_addresses_and_named():
    typed = Variable("a.b", "", lambda facts: "typed", typed=True)
    own = Variable("a.c", "", lambda facts: "own", personal=True)
    told = Values(vocabulary([typed, own]), facts())

    assert variables.in_line("{{ a.b }}{{ a.c }}", told) == ""
    assert told.left_out == {"a.b", "a.c"}
    assert variables.in_line("{{ a.b }}", Values(vocabulary([typed]), facts(tells_typed=True))) == "typed"


def test_no_text_for_requesters_knows_what_is_internal():
    assert not [one.name for one in CANNED.values() if one.internal]
    assert not [one.name for one in PUBLIC if one.internal]
    assert all(one.internal for one in INTERNAL)
    assert CANNED.keys() & {one.name for one in INTERNAL} == set()


def test_every_name_is_described_and_can_be_written():
    for name, variable in EVERYTHING.items():
        assert str(variable.description)
        assert variables.problems("{{ " + name + " }}", EVERYTHING) == []


@pytest.mark.parametrize(
    ("html", "is_good"),
    [
        ('<a href="{{ site.link }}">x</a>', True),
        ('<a href="{{ ticket.subject }}">x</a>', False),
        ('<a href="https://x.example/{{ ticket.number }}">x</a>', False),
        ('<p title="{{ ticket.number }}">x</p>', False),
    ],
)
def test_within_a_tag_only_a_link_of_ours_may_stand(html, is_good):
    assert (variables.problems_of_html(html, html, CANNED) == []) is is_good


def test_a_variable_that_appears_only_by_cleaning_is_looked_at_too():
    from core.cleaning import clean

    raw = "&#123;&#123; secret.word &#125;&#125;"
    assert variables.problems_of_html(raw, clean(raw), CANNED)


def test_a_subject_takes_no_lines():
    assert variables.problems_of_subject("{{ signature }}", CANNED)
    assert not variables.problems_of_subject("{{ ticket.subject }}", CANNED)


@pytest.mark.parametrize(
    ("language", "style", "words"),
    [
        ("en", "", "2 November 2026, 10:00 CET"),
        ("en", ".short", "2 Nov 2026"),
        ("de", "", "2. November 2026, 10:00 CET"),
        ("de", ".full", "Montag, 2. November 2026, 10:00 CET"),
        ("es", ".long", "2 de noviembre de 2026, 10:00 CET"),
        ("fr", ".full", "lundi 2 novembre 2026, 10:00 CET"),
    ],
)
def test_times_are_told_in_the_reader_s_language_and_zone(language, style, words):
    ticket = Ticket(opened_at=datetime(2026, 11, 2, 9, 0, tzinfo=UTC))

    with translation.override(language), timezone.override("Europe/Berlin"):
        told = variables.in_line("{{ ticket.created" + style + " }}", Values(CANNED, facts(ticket)))

    assert told.lower() == words.lower()


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Ada King Lovelace", ("Ada", "Lovelace", "Ada L.", "AL")),
        ("Ada", ("Ada", "Ada", "Ada", "A")),
    ],
)
def test_names_come_in_parts(name, parts):
    from accounts.models import User

    told = Values(CANNED, facts(agent=User(name=name)))

    found = tuple(
        variables.in_line(f"{{{{ agent.name.{part} }}}}", told) for part in ("first", "last", "short", "initials")
    )
    assert found == parts


def test_the_name_of_a_department_that_is_not_public_is_told_to_nobody_outside(db):
    ticket = Ticket(department=Department(name="Fraud squad", is_public=False))

    for name in CANNED:
        if "department" in name or "handler" in name:
            assert "Fraud" not in variables.in_line(
                "{{ " + name + " }}", Values(CANNED, facts(ticket, tells_typed=True))
            )


def test_html_becomes_text_by_its_blocks():
    html = (
        "<h2>Hello</h2><p>One <a href='https://x.example/'>here</a><br>two</p>"
        "<ul><li>a<ul><li>b</li></ul></li><li><p>c</p></li></ul><ol><li>d</li></ol>"
        "<blockquote><p>q</p><p>r</p></blockquote><table><tr><td>1</td><td>2</td></tr></table><pre>x\n  y</pre>end"
    )

    assert text_of(html) == (
        "Hello\n\nOne here (https://x.example/)\ntwo\n\n- a\n  - b\n- c\n\n1. d\n\n"
        "> q\n>\n> r\n\n1 | 2\n\nx\n  y\n\nend"
    )


# --- Parts, styles, and the thread ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "of_two", "of_one"),
    [
        ("first", "Ada", "ada"),
        ("last", "Lovelace", "ada"),
        ("short", "Ada L.", "ada"),
        ("initials", "AL", "A"),
        ("last_first", "Lovelace, Ada King", "ada"),
        ("legal", "A. Lovelace", "ada"),
    ],
)
def test_a_name_in_its_parts(part, of_two, of_one):
    of = PARTS[part][1]

    assert (of("Ada King Lovelace"), of("ada"), of("")) == (of_two, of_one, "")


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "3 days ago"), ("de", "3 Tage her"), ("es", "hace 3 días"), ("fr", "il y a 3 jours")],
)
def test_how_long_ago_it_is_is_told_as_each_language_says_it(language, words):
    at = timezone.now() - timedelta(days=3, minutes=5)
    with translation.override(language):
        told = Values(CANNED, facts(Ticket(opened_at=at))).get("ticket.created.relative")

    assert told == words


def test_the_whole_thread_is_told_without_notes_and_its_latest_entries_alone(ticket, grace, ada, monkeypatch):
    agent = cast.principal(grace)
    actions.add_note(ticket=ticket, text="Internal words.", by=agent, at=TUESDAY)
    actions.reply(ticket=ticket, text="An answer.", by=agent, at=TUESDAY)
    ticket.refresh_from_db()
    given = {"tells_typed": True, "agent": grace}

    whole = Values(CANNED, facts(ticket, **given)).get("thread.complete")
    last = Values(CANNED, facts(ticket, **given)).get("thread.last_reply")
    kept_back = Values(CANNED, facts(ticket))

    first = ticket.entries.get(number=1)
    assert [line.partition(",")[0] for line in whole.splitlines() if line.endswith(":")] == ["Ada", "Grace"]
    assert first.text in whole
    assert "Internal words" not in whole
    assert last == "An answer."
    assert (kept_back.get("thread.complete"), kept_back.left_out) == ("", {"thread.complete"})
    monkeypatch.setattr(tickets_vocabulary, "MOST_ENTRIES", 1)
    assert first.text not in Values(CANNED, facts(ticket, **given)).get("thread.complete")


def test_agents_are_told_who_takes_part_and_who_manages_and_requesters_are_not(ticket, grace):
    Department.objects.filter(pk=ticket.department_id).update(manager=grace)
    bob = cast.make_person("bob@example.org", "Bob")
    agent = cast.principal(grace)
    actions.add_collaborator(ticket=ticket, address=cast.address_for(bob), by=agent, at=TUESDAY)
    ticket = Ticket.objects.get(pk=ticket.pk)

    told = Values(EVERYTHING, facts(ticket, tells_typed=True))

    assert told.get("ticket.recipients") == "Ada, Bob"
    assert told.get("ticket.department.manager.first") == "Grace"
    assert told.get("ticket.team") == ""
    assert not {"ticket.recipients", "ticket.team", "ticket.department.manager"} & {*CANNED}
