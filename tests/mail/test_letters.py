"""Mails about accounts in an administrator's words: which holds, what they may say, who reads the link."""

import re

import pytest
from django.core import mail

from accounts import letters, passwords, registration, sign_in_links
from accounts.models import AuditEvent, User
from core import mailhtml
from core.models import SiteSettings
from mail import delivered
from mail.letters import LETTERS, PASSWORDS, kinds_of
from mail.models import Letter, MailTemplate, OutgoingMail
from tests import cast
from tests.cast import MONDAY

pytestmark = pytest.mark.django_db

LIST = "/admin/mail/mailtemplate/"
ADD = LIST + "add/"
BODY = "<p>Welcome to {{ site.name }}.</p><p>{{ account.button }}</p>"


@pytest.fixture
def root(sign_in, admin_user: User):
    return sign_in(admin_user)


def template(letter: str = Letter.SIGN_IN, language: str = "en", body: str = BODY, **fields: object) -> MailTemplate:
    row = MailTemplate(template=letter, language=language, **{"subject": "Come in to {{ site.name }}"} | fields)
    row.write(body)
    row.save()
    return row


def given(**fields: object) -> dict[str, object]:
    return {
        "template": Letter.SIGN_IN,
        "language": "en",
        "subject": "Come in",
        "body": BODY,
        "is_active": "on",
    } | fields


# --- What is sent --------------------------------------------------------------------------------------


def test_a_link_to_sign_in_is_mailed_in_the_administrators_words(grace):
    template()

    sign_in_links.mail_link("grace@example.com")

    [sent] = mail.outbox
    assert sent.subject == "Come in to Help desk"
    [link] = re.findall(r"http://localhost:8000/accounts/link/with/\S+", sent.body)
    assert sent.body.startswith("Welcome to Help desk.")
    html = sent.alternatives[0][0]
    assert f'href="{link}"' in html
    assert "Welcome to Help desk." in html


def test_the_longest_link_comes_whole():
    template(Letter.REGISTRATION, body="<p>{{ account.link }}</p>")

    registration.ask(name="Ada " * 20, email="ada@example.org", password=cast.PASSWORD, browser="x", at=MONDAY)

    link = re.search(r"/accounts/register/with/(\S+)/", mail.outbox[0].body)
    assert link is not None
    assert len(link[1]) > 250
    assert registration.read(link[1], at=MONDAY).email == "ada@example.org"


@pytest.mark.parametrize(("language", "subject"), [("de", "Herein"), ("fr", "Come in"), ("en", "Come in")])
def test_a_reader_gets_their_language_else_the_sites(grace, language, subject):
    template(subject="Come in")
    template(language="de", subject="Herein")
    User.objects.filter(pk=grace.pk).update(language=language)
    person = User.objects.get(pk=grace.pk)

    letters.send("sign_in_link", "grace@example.com", person=person, url="https://x.example/1", minutes=15)

    assert mail.outbox[0].subject == subject


def test_setting_a_password_has_one_for_the_first_and_one_for_every_other(ada_confirmed):
    template(Letter.PASSWORD, subject="Another", body="<p>Hello {{ reader.name.first }}</p>{{ account.button }}")
    template(Letter.FIRST_PASSWORD, subject="The first")
    passwords.mail_link(ada_confirmed)
    # Who came by a link so far.
    ada_confirmed.set_unusable_password()
    ada_confirmed.last_login = MONDAY
    ada_confirmed.save()
    passwords.mail_link(ada_confirmed)

    assert [one.subject for one in mail.outbox] == ["Another", "The first"]
    assert "Hello Ada" in mail.outbox[0].body


@pytest.mark.parametrize("is_first", [True, False])
def test_agents_read_of_their_desk_unless_only_one_for_everybody_was_written(grace, is_first):
    if is_first:
        grace.set_unusable_password()
        grace.save()
    for_all, for_agents = (
        (Letter.FIRST_PASSWORD, Letter.AGENT_FIRST_PASSWORD) if is_first else (Letter.PASSWORD, Letter.AGENT_PASSWORD)
    )
    passwords.mail_link(grace)
    template(for_all, subject="For all")
    passwords.mail_link(grace)
    row = template(for_agents, subject="For agents", body="<p>{{ desk.link }} {{ account.link }}</p>")
    passwords.mail_link(grace)
    MailTemplate.objects.filter(pk=row.pk).update(text="No link")
    passwords.mail_link(grace)

    delivered_one, *written = mail.outbox
    assert "desk of Help desk" in delivered_one.subject
    assert "http://localhost:8000/desk/" in delivered_one.body
    assert [one.subject for one in written] == ["For all", "For agents", "For all"]
    assert written[1].body.startswith("http://localhost:8000/desk/ http://localhost:8000/accounts/")


@pytest.mark.parametrize("fields", [{"is_active": False}, {"body": "<p>Nothing to open</p>"}])
def test_one_that_is_off_or_has_no_link_gives_way_to_the_delivered_text(grace, fields):
    row = template(**fields)

    sign_in_links.mail_link("grace@example.com")

    assert mail.outbox[0].subject == "Sign in at Help desk"
    assert "/accounts/link/with/" in mail.outbox[0].body
    row.refresh_from_db()
    assert (row.silent_at is None) is ("is_active" in fields)


def test_what_tells_of_changes_to_an_account_stays_ours(grace):
    assert kinds_of("notice", {}) == kinds_of("letter", {}) == []
    passwords = {kind for name in PASSWORDS for first in (True, False) for kind in kinds_of(name, {"is_first": first})}
    assert set(LETTERS.values()) | passwords == set(Letter)


# --- What administrators write ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"body": "<p>Come in</p>"}, "needs the link"),
        ({"body": "<p>{{ account.link }}</p>", "subject": "{{ account.link }}"}, "cannot be used in this text"),
        ({"body": "<p>{{ account.link }} {{ ticket.number }}</p>"}, "cannot be used in this text"),
        ({"body": "<p>{{ account.link }} {{ reader.name }}</p>"}, "cannot be used in this text"),
        ({"body": "<p>{{ account.lnk }}</p>"}, "Did you mean “account.link”?"),
    ],
)
def test_what_would_be_useless_or_tell_too_much_is_refused(root, fields, words):
    assert words in root.post(ADD, given(**fields)).content.decode()
    assert not MailTemplate.objects.exists()


def test_a_mail_about_an_account_is_of_no_department(root, billing):
    assert "holds everywhere" in root.post(ADD, given(department=billing.pk)).content.decode()
    assert root.post(ADD, given()).status_code == 302


@pytest.mark.parametrize("letter", Letter.values)
@pytest.mark.parametrize("language", ["en", "de", "es", "fr"])
def test_a_template_begins_with_what_is_delivered(letter, language, grace):
    SiteSettings.objects.update(name="Ours")
    subject, body = delivered.delivered(letter, language)
    row = template(letter, language, body, subject=subject)
    password = PASSWORDS["agent" in letter]
    name = next((one for one, kind in LETTERS.items() if kind == letter), password)
    grace.language = language
    context = {"url": "https://x.example/1", "person": grace, "by": "Rosa", "minutes": 15, "hours": 24, "days": 7}
    context["desk"] = "http://localhost:8000/desk/"

    for active in (True, False):
        MailTemplate.objects.filter(pk=row.pk).update(is_active=active)
        letters.send(name, "grace@example.com", **context, is_first="first" in letter)

    own, ours = ([line for line in sent.body.split("\n") if line.strip()] for sent in mail.outbox)
    # What the button says in plain text is all that the delivered mail does not.
    own = [line for line in own if not line.endswith(":") or line in ours]
    assert " ".join(own) == " ".join(ours)
    assert mail.outbox[0].subject == mail.outbox[1].subject


# --- Looked at ---------------------------------------------------------------------------------------------


def test_a_preview_needs_no_ticket_and_its_link_leads_nowhere(root):
    page = root.post(LIST + "preview/", given()).content.decode()

    assert "Welcome to Help desk." in page
    assert 'href="http://localhost:8000/#"' in page
    assert "Welcome" in root.post(LIST + "preview/", given(as_text="1")).content.decode()


def test_a_test_mail_has_no_link_that_opens_anything(root, settings):
    settings.EMAIL_BACKEND, settings.MAIL_URL = "mail.backend.OutboxBackend", "smtp://127.0.0.1:9"

    answer = root.post(LIST + "test/", given(test_to="me@example.net"))

    assert "waits to be sent to me@example.net" in answer.content.decode()
    assert OutgoingMail.objects.get().recipient == "me@example.net"


def test_the_link_stands_in_the_mail_alone(root, grace, caplog):
    root.post(ADD, given())
    sign_in_links.mail_link("grace@example.com")
    [token] = re.findall(r"/accounts/link/with/(\S+)/", mail.outbox[0].body)

    assert token not in str([event.changes for event in AuditEvent.objects.all()])
    assert token not in caplog.text
    assert token not in root.get("/admin/accounts/auditevent/").content.decode()


def test_a_set_is_copied_to_another_language_and_never_to_a_department(root, billing):
    template()
    fields = {"from_language": "en", "to_language": "de"}

    root.post(LIST + "copy/", fields)
    root.post(LIST + "copy/", fields | {"to_language": "en", "to_department": billing.pk})

    assert set(MailTemplate.objects.values_list("language", "department", "is_active")) == {
        ("en", None, True),
        ("de", None, False),
    }


def test_it_is_drawn_as_all_mails_are(grace):
    template()
    sign_in_links.mail_link("grace@example.com")

    html = mail.outbox[0].alternatives[0][0]

    frame = mailhtml.rendered("account/mail/sign_in_link.html", {"url": "x", "minutes": 1})
    assert html[: html.index("<body")].count("<style") == frame[: frame.index("<body")].count("<style")
    assert "bgcolor" in html
