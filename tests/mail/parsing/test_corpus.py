"""Mails that nobody here wrote: all are read, and what their own tests expect of them is mostly what we find."""

import pytest

from tests.mail.parsing import corpus

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not corpus.FOLDER.is_dir(), reason=f"no mail corpus at {corpus.FOLDER} (MAIL_CORPUS)"),
]

# In percent of what is asked. Below 90 stands why.
FLOORS = {
    "attachment": 90,
    # Notifications that a service sends as JSON are no bounces here; times out and rejections in words have no number.
    "auto-reply": 90,
    "bounce/DSN": 90,
    "empty body": 100,
    "forwarded": 100,
    # One fragment of HTML is to be cut at a rule, two are to come out as Markdown or with entities left as they are.
    "html only": 80,
    "inline image": 100,
    # A list's mail that its source calls automatic is bulk here.
    "list mail": 75,
    "malformed header": 85,
    # A delivery status that tells its number in its free text alone, against its own field.
    "malformed mime": 85,
    "multipart": 90,
    "not English": 85,
    "plain": 85,
    # Quotes below answers: some sources keep what is quoted above an answer, which are no new words here.
    "reply with quote": 85,
    "winmail.dat/TNEF": 100,
}


def test_every_mail_is_read_without_a_fault():
    found = {sample.name: [one.code for one in corpus.read(sample).warnings] for sample in corpus.samples()}

    assert len(found) > 500
    assert [name for name, codes in found.items() if "fault" in codes] == []


def test_no_text_has_a_character_that_stands_for_bytes_not_read():
    for sample in corpus.samples():
        mail = corpus.read(sample)

        assert "\ufffd" not in mail.text or b"\xef\xbf\xbd" in sample.raw, sample.name
        (mail.subject + mail.text + mail.html).encode()


def test_it_agrees_with_others_by_category():
    agreed = {category: agrees * 100 // asked for category, (agrees, asked) in corpus.agreement().items()}

    assert {
        category: agreed.get(category, 0) for category, floor in FLOORS.items() if agreed.get(category, 0) < floor
    } == {}
