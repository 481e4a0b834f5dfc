"""Whatever comes, nothing fails, nothing stays stuck, and what no person wrote opens nothing and answers nobody."""

from io import BytesIO

import pytest

from core.models import SiteSettings
from mail.management.commands.receive_mail import receive, told
from mail.models import DONE, IncomingMail, IncomingState, Mailbox, OutgoingMail, Reason
from tests.mail.parsing import corpus
from tests.mail.parsing.samples import SAMPLES
from tests.mail.parsing.test_mutated import mutated
from tests.mail.samples import SUPPORT
from tickets.models import Ticket

FEW, MANY = 200, 10_000
# Every so many of the corpus in the ordinary run.
EACH = 5
# Called bounces by their sources, and written by a person to whoever reads them: mails to answer.
PERSONAL = {
    # A long link, from somebody whose address is postmaster@.
    "flanker/long-links.eml",
    # Somebody passes on, from their own mail program, a mail that came back to them.
    "sisimai/maildir/err/make-test-36.eml",
}

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture(autouse=True)
def mailbox(db: None) -> Mailbox:
    SiteSettings.objects.update(most_mails_an_hour=30_000)
    return Mailbox.objects.create(name="support", address=SUPPORT)


def take_in(raw: bytes) -> IncomingMail:
    row = receive(BytesIO(raw), mailbox_name="support")
    assert row.state in (*DONE, IncomingState.QUARANTINED)
    assert row.reason != Reason.FAILED, row.last_error
    line = told(row)
    assert (line["ticket"] is None) == (line["entry"] is None)
    return row


@pytest.mark.parametrize("number", [str(number) for number in range(len(SAMPLES))])
def test_every_kind_of_mail_becomes_something(number: str) -> None:
    take_in(SAMPLES[int(number)])


@pytest.mark.timeout(1800)
def test_damaged_mails_become_something(long_run: bool) -> None:
    for seed in range(MANY if long_run else FEW):
        raw = mutated(seed)
        if raw.strip():
            take_in(raw)


@pytest.mark.timeout(600)
@pytest.mark.skipif(not corpus.FOLDER.is_dir(), reason=f"no mail corpus at {corpus.FOLDER} (MAIL_CORPUS)")
def test_mails_of_others_become_something(long_run: bool) -> None:
    """What is a bounce or an automatic answer opens no ticket and sends no mail."""
    mails = [sample for sample in corpus.samples() if sample.kind == "mail" and sample.raw.strip()]
    assert len(mails) > 400
    wrong = {}
    for sample in mails[:: 1 if long_run else EACH]:
        before = Ticket.objects.count(), OutgoingMail.objects.count()
        row = take_in(sample.raw)
        is_a_machines = {"bounce/DSN", "auto-reply"} & set(sample.categories) and sample.name not in PERSONAL
        if is_a_machines and (Ticket.objects.count(), OutgoingMail.objects.count()) != before:
            wrong[sample.name] = (str(row.state), row.subject)
    assert wrong == {}
