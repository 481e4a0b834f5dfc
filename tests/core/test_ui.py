"""The tags that draw: what a reader sees, and what a screen reader says, for every state."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone
from lucide import IconDoesNotExist

from core.context import site
from core.glyphs import GLYPHS
from core.templatetags import times, ui
from sla.models import Glyph
from tickets.models import Status

NOW = datetime(2026, 11, 18, 12, 14, tzinfo=UTC)  # a Wednesday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def draw(source: str, **context: Any) -> str:
    return Template(source).render(Context(context))


def person(name: str, pk: int = 7) -> SimpleNamespace:
    return SimpleNamespace(pk=pk, name=name, display_name=name)


def ticket(status: str, awaiting: str = "agent", snoozed_until: datetime | None = None) -> SimpleNamespace:
    return SimpleNamespace(
        status=status,
        awaiting=awaiting,
        snoozed_until=snoozed_until,
        get_status_display=lambda: Status(status).label,
    )


def clock(*, left: timedelta, within: timedelta, took: timedelta | None = None, outcome: str = "") -> SimpleNamespace:
    """Return a clock with `left` to go at NOW; stopped `took` after its start, if given."""
    deadline = NOW + left
    started = deadline - within
    stopped = None if took is None else started + took
    return SimpleNamespace(
        time_left=lambda at: deadline - (stopped or at),
        started_at=started,
        deadline_at=deadline,
        warn_at=started + within * 0.75,
        warned_share=0,
        within=within,
        hours_id=None,
        is_manual=False,
        has_deadline=True,
        paused_by="",
        get_paused_by_display=lambda: "",
        stopped_at=stopped,
        outcome=outcome or ("" if took is None else "met"),
        get_target_display=lambda: "Resolution",
    )


# --- Icons ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*(f"st-{s}" for s in Status), *(f"pr-{g}" for g in Glyph), "st-awaiting"])
def test_every_status_and_priority_has_a_shape_of_its_own(name: str):
    drawing = GLYPHS[name].drawing

    assert [other for other, glyph in GLYPHS.items() if glyph.drawing == drawing] == [name]
    assert drawing in ui.icon(name)


def test_other_icons_come_from_the_package_and_are_silent_for_screen_readers():
    svg = ui.icon("flag", "muted")

    assert svg.startswith("<svg")
    assert 'class="icon muted"' in svg
    assert 'aria-hidden="true"' in svg
    assert "style=" not in svg


def test_a_misspelt_icon_fails_loudly():
    with pytest.raises(IconDoesNotExist):
        ui.icon("no-such-icon")


# --- People --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ken Tanaka", "KT"),
        ("mary anne okafor", "MO"),
        ("Madonna", "M"),
        ("Ann Arbor-Ash", "AA"),
        ("  ", "?"),
        ("🙂 !", "?"),
        ("(Dr.) عمر حداد", "Dح"),
    ],
)
def test_initials_are_the_first_letters_of_the_first_and_last_word(name: str, letters: str):
    assert ui.initials(name) == letters


def test_a_person_keeps_the_colour_when_the_name_changes():
    before, after = ui.avatar(person("Ada Berg")), ui.avatar(person("Ada Holm"))

    assert before.partition(" aria")[0] == after.partition(" aria")[0]


def test_people_get_different_colours():
    tones = {ui.avatar(person("Ada Berg", pk)).split()[2] for pk in range(60)}

    assert len(tones) == ui.TONES


def test_nobody_is_a_dashed_circle_that_says_so():
    drawn = ui.avatar(None, "sm")

    assert "avatar-none" in drawn
    assert '<span class="vh">Unassigned</span>' in drawn


def test_a_hostile_name_stays_text():
    drawn = ui.avatar(person('"><script>alert(1)</script>'), "", True)

    assert "<script" not in drawn
    assert "&lt;script&gt;" in drawn


# --- Status and priority -------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.OPEN, Status.ASSIGNED, Status.REOPENED])
def test_awaiting_the_requester_stands_beside_a_ticket_in_work(status: str):
    assert "Awaiting requester" in ui.status_badge(ticket(status, "requester"))
    assert "Awaiting requester" not in ui.status_badge(ticket(status, "agent"))


def test_a_third_party_and_a_snooze_stand_there_too():
    drawn = ui.status_badge(ticket(Status.OPEN, "third", NOW), chip=True)

    assert "Awaiting a third party" in drawn
    assert "Snoozed until" in drawn


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
def test_a_ticket_that_is_done_awaits_nobody(status: str):
    assert "Awaiting" not in ui.status_badge(ticket(status, "requester"), chip=True)


def test_a_requester_is_not_told_whom_the_ticket_awaits():
    assert "Awaiting" not in ui.status_chip(ticket(Status.ASSIGNED, "requester"))


def test_a_priority_says_its_name_beside_its_sign():
    drawn = ui.priority_badge(SimpleNamespace(glyph="emergency", name="P1 <now>"))

    assert "priority-emergency" in drawn
    assert "P1 &lt;now&gt;" in drawn


# --- Clocks --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "within", "state", "text"),
    [
        (3 * HOUR, 4 * HOUR, "ok", "3h"),
        (HOUR + MINUTE, 4 * HOUR, "ok", "1h 1m"),
        (HOUR, 4 * HOUR, "risk", "1h"),
        (48 * MINUTE, 4 * HOUR, "risk", "48m"),
        (6 * HOUR, DAY, "ok", "6h"),
        (6 * HOUR - MINUTE, DAY, "risk", "5h 59m"),
        (30 * timedelta(seconds=1), HOUR, "risk", "<1m"),
        (timedelta(), HOUR, "breached", "<1m over"),
        (-24 * MINUTE, HOUR, "breached", "24m over"),
        (-(HOUR + 12 * MINUTE), HOUR, "breached", "1h 12m over"),
    ],
)
def test_a_running_clock_says_what_is_left_or_over(left: timedelta, within: timedelta, state: str, text: str):
    reading = times.read_clock(clock(left=left, within=within), NOW)

    assert reading is not None
    assert (reading.state, reading.text) == (state, text)


def test_a_clock_met_in_time_says_how_long_it_took():
    reading = times.read_clock(clock(left=-2 * HOUR, within=HOUR, took=7 * MINUTE), NOW)

    assert reading is not None
    assert (reading.state, reading.text) == ("met", "Met in 7m")


def test_a_clock_met_too_late_never_reads_as_met():
    reading = times.read_clock(clock(left=-2 * HOUR, within=HOUR, took=HOUR + 24 * MINUTE), NOW)

    assert reading is not None
    assert (reading.state, reading.text) == ("late", "24m late")


def test_a_clock_met_on_the_very_deadline_is_met():
    reading = times.read_clock(clock(left=-2 * HOUR, within=HOUR, took=HOUR), NOW)

    assert reading is not None
    assert reading.state == "met"


def test_no_clock_and_a_cancelled_one_show_nothing():
    cancelled = clock(left=HOUR, within=2 * HOUR, took=MINUTE, outcome="cancelled")

    assert times.sla_chip(None, NOW) == ""
    assert times.sla_chip(cancelled, NOW) == ""
    assert times.clock_line(cancelled, NOW) == ""


def test_one_without_a_deadline_says_nothing():
    unreckoned = clock(left=HOUR, within=HOUR)
    unreckoned.has_deadline = False

    assert times.sla_chip(unreckoned, NOW) == ""


def test_a_paused_one_says_what_it_waits_for():
    paused = clock(left=HOUR, within=HOUR)
    paused.has_deadline, paused.paused_by, paused.get_paused_by_display = False, "requester", lambda: "Awaiting them"

    assert "sla-paused" in times.sla_chip(paused, NOW)
    assert "Paused: Awaiting them" in times.clock_line(paused, NOW)
    assert "due" not in times.clock_line(paused, NOW)


def test_a_deadline_that_was_set_by_hand_is_of_no_promise():
    by_hand = clock(left=20 * HOUR, within=4 * HOUR)
    by_hand.is_manual, by_hand.started_at = True, NOW - 20 * HOUR

    assert times.read_clock(by_hand, NOW).percent_left == 50
    assert "set by hand" in times.clock_line(by_hand, NOW)
    assert "of 4h" not in times.clock_line(by_hand, NOW)


def test_of_working_time_it_says_that_it_is_that():
    of_working_time = clock(left=65 * HOUR, within=40 * HOUR)
    of_working_time.hours_id = 1
    of_working_time.time_left = lambda at: 26 * HOUR + 30 * MINUTE

    assert "26h 30m left" in times.clock_line(of_working_time, NOW)
    assert "of 40h of working time, due" in times.clock_line(of_working_time, NOW)


def test_the_ring_shows_the_share_that_is_left():
    assert 'stroke-dasharray="20 100"' in times.sla_chip(clock(left=48 * MINUTE, within=4 * HOUR), NOW)


def test_a_chip_says_its_state_without_its_colour():
    drawn = times.sla_chip(clock(left=-24 * MINUTE, within=HOUR), NOW)

    assert '<span class="vh">Resolution breached, </span>' in drawn


def test_the_header_tells_what_was_promised_and_when_it_is_due():
    drawn = times.clock_line(clock(left=48 * MINUTE, within=4 * HOUR), NOW)

    assert "<dt>Resolution</dt>" in drawn
    assert "48m left" in drawn
    assert "of 4h, due 13:02" in drawn


# --- Times ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=59), "now"),
        (MINUTE, "1m"),
        (59 * MINUTE, "59m"),
        (HOUR, "1h"),
        (DAY - MINUTE, "23h"),
        (DAY, "1d"),
        (7 * DAY - MINUTE, "6d"),
        (7 * DAY, "11 Nov"),
        (400 * DAY, "14 Oct 2025"),
    ],
)
def test_lists_tell_how_long_ago(ago: timedelta, words: str):
    assert f">{words}</time>" in times.time_ago(NOW - ago, NOW)


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (NOW - 3 * HOUR, "09:14"),
        (NOW - DAY, "Tue 12:14"),
        (NOW - 7 * DAY, "11 Nov 2026, 12:14"),
        (NOW + 2 * DAY, "Fri 12:14"),
    ],
)
def test_threads_tell_the_time_of_day(moment: datetime, words: str):
    assert f">{words}</time>" in times.clock_time(moment, NOW)


def test_times_are_the_readers_own():
    late = datetime(2026, 11, 18, 23, 30, tzinfo=UTC)

    with timezone.override(ZoneInfo("Asia/Tokyo")):
        drawn = times.clock_time(late, late)

    assert 'datetime="2026-11-19T08:30:00+09:00"' in drawn
    assert ">08:30</time>" in drawn


def test_no_moment_shows_nothing():
    assert times.clock_time(None) == times.time_ago(None) == times.full_time(None) == ""


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=20), "<1m"),
        (72 * MINUTE, "1h 12m"),
        (4 * HOUR, "4h"),
        (3 * DAY + 2 * HOUR + MINUTE, "3d 2h"),
        (3 * DAY + MINUTE, "3d"),
        (-5 * MINUTE, "5m"),
        (None, ""),
    ],
)
def test_a_duration_has_its_two_largest_units(span: timedelta | None, words: str):
    assert times.duration(span) == words


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (12_288, "12 KB"),
        (188_416, "184 KB"),
        (1_048_500, "1 MB"),
        (1_468_006, "1.4 MB"),
        (20 * 1024 * 1024, "20 MB"),
        (None, ""),
    ],
)
def test_file_sizes_are_short(size: int | None, words: str):
    assert ui.filesize_short(size) == words


# --- Forms ---------------------------------------------------------------------------------------


class Sample(forms.Form):
    email = forms.EmailField(help_text="We answer <there>.")
    summary = forms.CharField()
    details = forms.CharField(required=False, widget=forms.Textarea(attrs={"class": "input-note"}))
    keep = forms.BooleanField(required=False)
    reason = forms.ChoiceField(choices=[("spam", "Spam"), ("other", "Other")], widget=forms.RadioSelect)
    key = forms.CharField(widget=forms.HiddenInput)


def drawn_field(name: str, form: forms.Form, arguments: str = "") -> str:
    return draw(f"{{% field form.{name} {arguments} %}}", form=form)


def test_a_field_is_tied_to_its_hint_and_its_error():
    html = drawn_field("email", Sample({"email": "jane"}))

    assert 'aria-describedby="id_email_error id_email_helptext"' in html
    assert 'id="id_email_error"' in html
    assert 'id="id_email_helptext"' in html
    assert 'aria-invalid="true"' in html
    assert '<label for="id_email">' in html


def test_a_field_without_hint_or_error_points_at_nothing():
    html = drawn_field("summary", Sample())

    assert "aria-describedby" not in html
    assert "aria-invalid" not in html


def test_a_hint_can_be_replaced_and_taken_away():
    assert "Or by phone." in drawn_field("email", Sample(), 'hint="Or by phone."')
    assert "hint" not in drawn_field("email", Sample(), 'hint=""')


def test_hints_and_typed_text_are_escaped():
    html = drawn_field("email", Sample({"email": '"><script>'}))

    assert "&lt;there&gt;" in html
    assert "<script>" not in html


def test_only_what_may_stay_empty_is_marked_optional():
    assert "optional" in drawn_field("details", Sample())
    assert "optional" not in drawn_field("summary", Sample())
    assert "optional" not in drawn_field("keep", Sample())


def test_people_may_write_from_right_to_left():
    assert 'dir="auto"' in drawn_field("summary", Sample())
    assert 'dir="auto"' in drawn_field("details", Sample())
    assert "dir=" not in drawn_field("email", Sample())


def test_a_note_field_says_that_only_agents_see_it():
    html = drawn_field("details", Sample())

    assert 'class="input input-note"' in html
    assert "Only agents can see this." in html
    assert 'aria-describedby="id_details_helptext"' in html


def test_choices_are_a_fieldset_that_the_error_belongs_to():
    html = drawn_field("reason", Sample({}))

    assert '<fieldset class="field" id="id_reason" aria-describedby="id_reason_error">' in html
    assert html.count('type="radio"') == 2


def test_further_arguments_become_attributes():
    html = drawn_field("summary", Sample(), 'autocomplete="off" data_x="1"')

    assert 'autocomplete="off"' in html
    assert 'data-x="1"' in html


def test_the_summary_names_and_links_each_field():
    html = draw("{% error_summary form %}", form=Sample({"email": "jane", "summary": "Printer"}))

    assert "3 things need a change" in html
    assert '<a href="#id_email">Email: ' in html
    assert '<a href="#id_reason">Reason: ' in html
    assert html.count("<li>") == 3
    assert "#id_key" not in html
    assert "data-error-summary" in html


def test_a_form_without_errors_has_no_summary():
    assert draw("{% error_summary form %}", form=Sample()).strip() == ""


def test_a_property_without_its_deed_is_plain_text():
    plain = draw('{% prop "Team" deeds.assign %}<b>Night</b>{% endprop %}', deeds={})
    linked = draw(
        '{% prop "Team" deeds.assign %}<b>Night</b>{% endprop %}', deeds={"assign": {"url": "/a/", "name": "assign"}}
    )

    assert "<a " not in plain
    assert '<a class="prop-value" href="/a/" data-dialog="assign"><b>Night</b></a>' in linked


# --- Toasts --------------------------------------------------------------------------------------


def drawn_toast(text: str, tags: str = "", level: int = constants.SUCCESS) -> str:
    return draw("{% toast message %}", message=Message(level, text, extra_tags=tags), csrf_token="token")


def test_a_toast_with_an_undo_posts_there():
    html = drawn_toast("#1 resolved", "undo:/desk/1/undo/ sent:7:1:reply")

    assert 'action="/desk/1/undo/"' in html
    assert 'name="csrfmiddlewaretoken" value="token"' in html
    assert 'data-sent="7:1:reply"' in html


@pytest.mark.parametrize("target", ["//evil.example/", "/\\evil.example", "https://evil.example/", "javascript:x", ""])
def test_an_undo_never_leaves_the_site(target: str):
    assert "<form" not in drawn_toast("Done", f"undo:{target}")


def test_a_toast_shows_text_only():
    html = drawn_toast("<img src=x onerror=alert(1)>", level=constants.ERROR)

    assert "<img" not in html
    assert "toast-error" in html


# --- Every page ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("cookie", "theme"), [("dark", "dark"), ("light", "light"), ('"><x', ""), ("", "")])
def test_the_theme_is_one_of_two_or_the_systems(cookie: str, theme: str):
    request = RequestFactory().get("/")
    request.COOKIES["theme"] = cookie

    assert site(request)["theme"] == theme
