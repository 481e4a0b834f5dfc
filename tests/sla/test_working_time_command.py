"""manage.py working_time: one line of JSON, or one sentence about the file and exit code 65."""

import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.once

BERLIN = {
    "zone": "Europe/Berlin",
    "weekly": {day: [["09:00", "12:30"], ["13:30", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
    "holidays": ["2026-12-25"],
    "exceptions": {"2026-12-24": [["09:00", "12:00"]]},
}


@pytest.fixture
def told(tmp_path):
    """`told(file, "--add", "90")` returns what is printed: the line read as JSON."""

    def told(content, *options, start="2026-12-24T11:00+01:00"):
        out = io.StringIO()
        call_command("working_time", str(written(tmp_path, content)), "--from", start, *options, stdout=out)
        assert out.getvalue().count("\n") == 1
        return json.loads(out.getvalue())

    return told


@pytest.fixture
def refused(tmp_path):
    """`refused(content)` returns the sentence that is said about such a file."""

    def refused(content):
        err = io.StringIO()
        path = written(tmp_path, content)
        with pytest.raises(SystemExit) as left:
            call_command("working_time", str(path), "--from", "2026-12-24T11:00Z", "--add", "1", stderr=err)
        assert left.value.code == 65
        (sentence,) = err.getvalue().splitlines()
        assert sentence.endswith(".")
        assert len(sentence) < 200
        return sentence

    return refused


def written(folder, content):
    path = folder / "calendar.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def test_it_says_when_time_is_used_up_and_which_hours_it_took(told):
    assert told(BERLIN, "--add", "90") == {
        "due": "2026-12-28T09:30:00+01:00",
        "minutes": 90,
        "segments": [
            ["2026-12-24T11:00:00+01:00", "2026-12-24T12:00:00+01:00"],
            ["2026-12-28T09:00:00+01:00", "2026-12-28T09:30:00+01:00"],
        ],
    }


def test_it_says_how_much_lies_between(told):
    assert told(BERLIN, "--until", "2026-12-28T10:00:30+01:00") == {
        "due": None,
        "minutes": 120.5,
        "segments": [
            ["2026-12-24T11:00:00+01:00", "2026-12-24T12:00:00+01:00"],
            ["2026-12-28T09:00:00+01:00", "2026-12-28T10:00:30+01:00"],
        ],
    }
    nothing = {"due": None, "minutes": 0, "segments": []}
    assert told(BERLIN, "--until", "2026-12-01T00:00Z") == nothing


def test_nothing_is_used_up_at_once(told):
    assert told(BERLIN, "--add", "0", start="2026-12-27T10:00Z") == {
        "due": "2026-12-27T11:00:00+01:00",
        "minutes": 0,
        "segments": [],
    }


def test_what_is_never_used_up_has_no_due_time_and_the_minutes_there_are(told):
    once = {"zone": "UTC", "exceptions": {"2026-12-31": [["22:00", "01:00"]]}}

    assert told(once, "--add", "181") == {
        "due": None,
        "minutes": 180,
        "segments": [["2026-12-31T22:00:00+00:00", "2027-01-01T01:00:00+00:00"]],
    }


def test_a_hundred_years_are_printed_window_by_window(told):
    found = told(BERLIN, "--until", "2126-12-24T11:00+01:00")

    opened = [datetime.fromisoformat(opens) for opens, _closes in found["segments"]]
    assert len(opened) > 50_000
    assert opened == sorted(opened)
    assert opened[-1].astimezone(UTC) > datetime(2126, 12, 23, tzinfo=UTC) - timedelta(days=3)


def test_the_last_hours_of_all_dates_are_told_in_utc_where_the_zone_is_past_them(told):
    always = {"zone": "Pacific/Kiritimati", "weekly": {day: [["00:00", "24:00"]] for day in BERLIN["weekly"]}}

    found = told(always, "--until", "9999-12-31T23:00Z", start="9999-12-31T01:00Z")

    assert found["segments"] == [["9999-12-31T15:00:00+14:00", "9999-12-31T10:00:00+00:00"]]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"zone": "Europe/Atlantis"}, "no time zone “Europe/Atlantis”"),
        ({"zone": "../../etc/passwd"}, "no time zone"),
        ({"zone": "localtime"}, "no time zone"),
        ({"zone": "Europe"}, "no time zone"),
        ({"zone": "E" * 5000}, "no time zone"),
        ({"zone": "\ud800\n"}, "no time zone"),
        ({"zone": None}, "no time zone"),
        ({"zone": []}, "no time zone"),
        ({"colour": "red"}, "not “colour”"),
        ({"weekly": []}, "weekly is an object"),
        ({"weekly": None}, "weekly is an object"),
        ({"weekly": {"monday": []}}, "not “monday”"),
        ({"weekly": {"mon": {}}}, "mon is a list"),
        ({"weekly": {"mon": [["09:00"]]}}, "is a pair"),
        ({"weekly": {"mon": ["09:00", "10:00"]}}, "is a pair"),
        ({"weekly": {"mon": [[9, 10]]}}, "“9” is no time"),
        ({"weekly": {"mon": [[1e400, 10]]}}, "Infinity is no number"),
        ({"weekly": {"mon": [["9:00", "10:00"]]}}, "“9:00” is no time"),
        ({"weekly": {"mon": [["09:00", "24:01"]]}}, "“24:01” is no time"),
        ({"weekly": {"mon": [["09:00", "٠٩:٠٠"]]}}, "is no time"),
        ({"weekly": {"mon": [["09:00\n", "10:00"]]}}, "is no time"),
        ({"weekly": {"mon": [["24:00", "06:00"]]}}, "does not begin on its day"),
        ({"weekly": {"mon": [["09:00", "09:00"]]}}, "has no length"),
        ({"weekly": {"mon": [["09:00", "11:00"], ["10:00", "12:00"]]}}, "overlap"),
        ({"holidays": {}}, "holidays is a list"),
        ({"holidays": "2026-12-25"}, "holidays is a list"),
        ({"holidays": [20261225]}, "“20261225” is no date"),
        ({"holidays": ["2026-02-29"]}, "“2026-02-29” is no date"),
        ({"holidays": ["0000-01-01"]}, "is no date"),
        ({"holidays": ["2026-W52-5"]}, "is no date"),
        ({"holidays": ["10000-01-01"]}, "is no date"),
        ({"exceptions": []}, "exceptions is an object"),
        ({"exceptions": {"christmas": []}}, "“christmas” is no date"),
        ({"exceptions": {"2026-12-24": None}}, "2026-12-24 is a list"),
        ({"weekly": {}, "exceptions": {}}, "never open"),
    ],
)
def test_a_calendar_that_is_none_is_refused_in_one_sentence(refused, change, sentence):
    assert sentence in refused(BERLIN | change)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"[]", "is an object"),
        (b'{"zone": NaN}', "NaN is no number"),
        (b'{"zone": "UTC", "zone": "UTC"}', "“zone” stands there twice"),
        (b'{"zone": "UTC", "exceptions": {"2026-12-24": [], "2026-12-24": []}}', "stands there twice"),
        (b'{"zone": ' + b"9" * 5000 + b"}", "a number of thousands of digits"),
        (b'{"zone": ' + b"9" * 4000 + b"}", "no time zone"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"zone":' * 100_000, "nested too deeply"),
        (b'{"weekly": {}}', "needs a zone"),
        (b" " * 10_000_000, "larger than 1,000,000 bytes"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value,
)
def test_a_file_that_holds_no_calendar_is_refused_in_one_sentence(refused, content, sentence):
    assert sentence in refused(content)


@pytest.mark.parametrize("name", ["nowhere.json", "", "nul\0.json"])
def test_a_file_that_is_not_there_is_refused(tmp_path, name):
    err = io.StringIO()

    with pytest.raises(SystemExit) as left:
        call_command("working_time", str(tmp_path / name), "--from", "2026-12-24T11:00Z", "--add", "1", stderr=err)

    assert left.value.code == 65
    assert err.getvalue() == "The file cannot be read.\n"


@pytest.mark.parametrize(
    "options",
    [
        ["--from", "2026-12-24T11:00", "--add", "1"],
        ["--from", "2026-12-24", "--add", "1"],
        ["--from", "yesterday", "--add", "1"],
        ["--from", "0001-01-01T00:00+14:00", "--add", "1"],
        ["--from", "2026-12-24T11:00Z", "--until", "9999-12-31T23:59-01:00"],
        ["--from", "2026-12-24T11:00Z", "--add", "-1"],
        ["--from", "2026-12-24T11:00Z", "--add", "1e9"],
        ["--from", "2026-12-24T11:00Z", "--add", "9" * 5000],
        ["--from", "2026-12-24T11:00Z", "--add", "NaN"],
        ["--from", "2026-12-24T11:00Z", "--add", "1", "--until", "2026-12-25T11:00Z"],
        ["--from", "2026-12-24T11:00Z"],
    ],
)
def test_options_that_say_nothing_are_refused(tmp_path, options):
    with pytest.raises(CommandError):
        call_command("working_time", str(written(tmp_path, BERLIN)), *options)
