"""Servers that refuse, drop, dawdle and lie: nothing is lost, and nothing holds up what is behind it."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from core import files, secrets
from mail.fetching import fetcher, imap
from mail.fetching.fetcher import next_try
from mail.models import AfterFetch, IncomingMail, Mailbox, Reason
from mail.trouble import Trouble, plain_words
from tests.mail import samples
from tests.mail.fetching.scripted import DROP, HANG

pytestmark = pytest.mark.django_db


def letter(number):
    return samples.mail(subject=f"Question {number}", message_id=f"<{number}@example.org>").replace(b"\n", b"\r\n")


@pytest.fixture
def three(scripted):
    scripted.add(letter(1), letter(2), letter(3))
    return scripted


def stored():
    return sorted(int(place.rpartition("/")[2]) for place in IncomingMail.objects.values_list("place", flat=True))


def turns(fetch, box, count):
    for _turn in range(count):
        box = fetch(box)
    return box


def test_a_server_without_move_and_uidplus_moves_by_copy(three, scripted_mailbox, fetch):
    three.capabilities = "IMAP4rev1"
    Mailbox.objects.update(after_fetch=AfterFetch.MOVE, archive_folder="Archive")

    fetch(scripted_mailbox)

    assert (three.mails, len(three.folders["Archive"]), stored()) == ({}, 3, [1, 2, 3])


def test_without_uidplus_nothing_is_expunged_that_somebody_else_marked(three, scripted_mailbox, fetch):
    three.capabilities = "IMAP4rev1"
    Mailbox.objects.update(after_fetch=AfterFetch.DELETE)
    three.mails[1].seen = three.mails[1].deleted = True

    fetch(scripted_mailbox)

    assert set(three.mails) == {1, 2, 3}
    assert [mail.deleted for mail in three.mails.values()] == [True, True, True]


def test_a_copy_that_was_made_before_a_crash_is_not_made_again(three, scripted_mailbox, fetch):
    three.capabilities = "IMAP4rev1"
    three.answers["UID STORE"] = DROP
    Mailbox.objects.update(after_fetch=AfterFetch.MOVE, archive_folder="Archive")
    box = fetch(scripted_mailbox)
    assert (stored(), len(three.folders["Archive"])) == ([1, 2, 3], 3)

    for mail in three.mails.values():
        mail.deleted = True
    three.answers.clear()
    fetch(box)

    assert (three.mails, len(three.folders["Archive"])) == ({}, 3)


def test_a_folder_that_can_only_be_read_is_fetched_from_and_told(three, scripted_mailbox, fetch):
    three.readonly = True

    box = turns(fetch, scripted_mailbox, 2)

    assert stored() == [1, 2, 3]
    assert "can only be read" in box.last_error
    assert box.failing_since is None
    assert not any(command.startswith("UID STORE") for command in three.commands)


def test_a_mail_that_vanishes_between_search_and_fetch_is_nobodys(three, scripted_mailbox, fetch):
    three.answers["UID FETCH 2 (BODY.PEEK[]"] = "OK nothing"

    box = fetch(scripted_mailbox)

    assert (stored(), box.last_error, box.stumbled_over) == ([1, 3], "", {})


def test_a_mail_that_is_refused_holds_up_no_other_and_is_put_aside_with_its_head(three, scripted_mailbox, fetch):
    three.answers["UID FETCH 2 (BODY.PEEK[])"] = "NO internal error"

    box = turns(fetch, scripted_mailbox, 3)
    assert stored() == [1, 3]
    assert box.stumbled_over == {"7/2": 3}
    box = fetch(box)

    assert stored() == [1, 2, 3]
    aside = IncomingMail.objects.get(place="7/2")
    assert (aside.state, aside.reason, aside.subject) == ("quarantined", Reason.NOT_HANDED_OUT, "Question 2")
    assert box.stumbled_over == {}
    assert [mail.seen for mail in three.mails.values()] == [True, False, True]
    asked = len(three.commands)
    fetch(box)
    assert not any("2 (BODY" in command for command in three.commands[asked:])


def test_a_refused_mail_that_somebody_took_away_is_forgotten(three, scripted_mailbox, fetch):
    three.answers["UID FETCH 2 (BODY.PEEK[]"] = "NO busy"
    box = fetch(scripted_mailbox)
    assert box.stumbled_over
    del three.mails[2]

    box = turns(fetch, box, 2)

    assert (box.stumbled_over, box.looked_through_at is None) == ({}, False)


@pytest.mark.parametrize("head", ["also dropped", "given"])
def test_a_mail_at_which_the_connection_breaks_holds_up_no_other(three, scripted_mailbox, fetch, head):
    three.answers["UID FETCH 1 (BODY.PEEK[" + ("" if head == "also dropped" else "])")] = DROP

    box = fetch(scripted_mailbox)
    assert stored() == []
    box = fetch(box)
    assert stored() == [2, 3]
    box = turns(fetch, box, 5)

    assert stored() == [1, 2, 3]
    aside = IncomingMail.objects.get(place="7/1")
    assert aside.reason == Reason.NOT_HANDED_OUT
    assert aside.subject == ("" if head == "also dropped" else "Question 1")
    assert box.failing_since is None


def test_a_server_that_refuses_everything_fails_itself(scripted, scripted_mailbox, fetch):
    scripted.add(*map(letter, range(60)))
    scripted.answers["UID FETCH"] = "NO busy"

    box = turns(fetch, scripted_mailbox, 3)

    assert stored() == []
    assert "busy" in box.last_error
    assert box.failures == 3


def test_a_server_that_does_not_answer_is_left_in_time(three, scripted_mailbox, fetch, settings):
    settings.SOCKET_TIMEOUT = 0.3
    three.answers["UID FETCH"] = HANG

    box = fetch(scripted_mailbox)

    assert "does not answer in time" in box.last_error


def test_a_mail_larger_than_the_server_said_does_not_fill_the_disk(three, scripted_mailbox, fetch, settings):
    settings.MAIL_MOST_BYTES = 500
    three.mails[2].raw += b"x" * 5_000
    three.mails[2].says_size = 100

    turns(fetch, scripted_mailbox, 3)

    assert stored() == [1, 2, 3]
    assert IncomingMail.objects.get(place="7/2").reason == Reason.NOT_HANDED_OUT


def test_a_server_that_announces_more_than_the_memory_holds_is_left_at_once(three, scripted_mailbox, fetch):
    three.mails[2].says_literal = 10**12

    box = fetch(scripted_mailbox)

    assert f"{10**12} bytes at once" in box.last_error
    assert stored() == [1]


def test_pieces_that_come_short_are_asked_for_until_the_mail_is_whole(three, scripted_mailbox, fetch, monkeypatch):
    monkeypatch.setattr(imap, "PIECE", 200)
    three.mails[2].most_at_once = 70

    fetch(scripted_mailbox)

    row = IncomingMail.objects.select_related("raw").get(place="7/2")
    assert files.open_blob(row.raw).read() == letter(2)


def test_an_answer_about_another_mail_is_not_taken_for_this_one(three, scripted_mailbox, fetch):
    three.mails[2].says_uid = 77

    fetch(scripted_mailbox)

    row = IncomingMail.objects.select_related("raw").get(place="7/2")
    assert files.open_blob(row.raw).read() == letter(2)


@pytest.mark.parametrize("found_before", ["9" * 5_000, str(2**32), "0", " " * 1_200_000])
def test_what_a_server_finds_may_be_long_and_is_a_number_of_32_bits(three, scripted_mailbox, fetch, found_before):
    """A folder with more than 100,000 mails has longer answers than Python reads by itself."""
    three.found_before = found_before

    box = fetch(scripted_mailbox)

    assert (stored(), box.last_error, box.last_uid) == ([1, 2, 3], "", 3)


def test_numbers_of_a_folder_that_are_none_are_told(three, scripted_mailbox, fetch):
    three.validity = 2**40

    assert "UIDVALIDITY" in fetch(scripted_mailbox).last_error


def test_a_date_that_makes_no_sense_is_the_time_of_storing(three, scripted_mailbox, fetch):
    three.mails[1].date = "31-Feb-1970 25:00:00 nonsense"
    three.mails[2].date = "02-Nov-2090 09:00:00 +0000"

    fetch(scripted_mailbox)

    for row in IncomingMail.objects.exclude(place="7/3"):
        assert row.arrived_at == row.stored_at


def test_a_failing_mailbox_backs_off_alone_recovers_by_itself_and_is_logged_once(
    three, scripted_mailbox, fetch, caplog
):
    three.answers["LOGIN"] = "NO [AUTHENTICATIONFAILED] wrong password"

    box = turns(fetch, scripted_mailbox, 3)

    assert box.failures == 3
    assert "refuses user and password" in box.last_error
    assert timedelta(seconds=25) < box.due_at - now() < timedelta(seconds=50)
    since = box.failing_since
    assert since is not None
    assert len([one for one in caplog.records if "cannot be fetched" in one.getMessage()]) == 1

    three.answers.clear()
    box = fetch(box)
    assert (box.failures, box.failing_since, box.last_error, stored()) == (0, None, "", [1, 2, 3])


def test_the_wait_grows_to_ten_minutes_and_no_further():
    waits = [next_try(failures).total_seconds() for failures in (1, 2, 5, 100_000)]

    assert 8 <= waits[0] <= 12
    assert 16 <= waits[1] <= 24
    assert 128 <= waits[2] <= 192
    assert 480 <= waits[3] <= 720


def test_secrets_stand_in_no_message(three, scripted_mailbox, fetch, caplog):
    for answer in ("NO no", 'BAD what is LOGIN "support" "secret"?', 'NO LOGIN "support" "secret"'):
        three.answers["LOGIN"] = answer

        box = fetch(scripted_mailbox)

        assert "refuses" in box.last_error
        assert "secret" not in box.last_error + caplog.text


def test_what_cannot_be_written_is_not_repeated():
    with pytest.raises(Trouble) as trouble, plain_words("mail.example.com", 143):
        "PASS hunter\udc80".encode()

    assert "hunter" not in str(trouble.value)


def test_a_token_takes_the_place_of_the_password(three, scripted_mailbox, fetch):
    Mailbox.objects.update(
        authentication="google",
        access_token=secrets.encrypt(b"a token"),
        access_expires_at=now() + timedelta(hours=1),
    )

    fetch(scripted_mailbox)

    assert stored() == [1, 2, 3]
    assert "user=support\x01auth=Bearer a token\x01\x01" in three.commands


def test_a_missing_folder_names_those_there_are(three, scripted_mailbox, fetch):
    Mailbox.objects.update(folder="Support")

    assert fetch(scripted_mailbox).last_error == "There is no folder “Support”. There are: “INBOX”, “Archive”."


def test_a_mailbox_that_is_switched_off_is_not_fetched_from(three, scripted_mailbox, fetch):
    Mailbox.objects.update(is_active=False)

    box = fetch(scripted_mailbox)

    assert (box.due_at, box.claim, three.commands) == (None, None, [])


def test_mailboxes_that_hang_leave_threads_to_others(three, scripted_mailbox, fetch, monkeypatch):
    for _ in range(fetcher.SIDE_BY_SIDE):
        assert fetcher._free.acquire(blocking=False)
    try:
        box = fetch(scripted_mailbox)
    finally:
        fetcher._free.release(fetcher.SIDE_BY_SIDE)

    assert (box.claim, stored()) == (None, [])
    assert box.due_at < now() + timedelta(seconds=2)


def test_who_lost_the_claim_writes_nothing_of_how_it_went(three, scripted_mailbox, fetch, monkeypatch):
    real = fetcher.ImapFolder.letters

    def meanwhile(self, **given):
        Mailbox.objects.update(claim=None, last_error="changed")
        return real(self, **given)

    monkeypatch.setattr(fetcher.ImapFolder, "letters", meanwhile)

    box = fetch(scripted_mailbox)

    assert (box.last_error, box.fetched_at, box.last_uid) == ("changed", None, 3)
    # What it stored meanwhile is known by its place.
    assert stored() == [1, 2, 3]


def test_thirty_thousand_known_mails_cost_few_queries(
    scripted, scripted_mailbox, fetch, django_assert_max_num_queries, settings
):
    settings.SOCKET_TIMEOUT = 30.0
    scripted.add(*[b"Subject: old\r\n\r\n"] * 30_000, seen=True)
    box = fetch(scripted_mailbox)
    scripted.add(letter(1))

    with django_assert_max_num_queries(30):
        box = fetch(box)

    assert (stored(), box.on_server) == ([30_001], 30_001)
