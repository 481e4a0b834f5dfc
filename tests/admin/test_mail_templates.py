"""Mail templates in the administration: written, looked at, tried, and taken back."""

from base64 import b64encode

import pytest

from accounts.models import AuditEvent
from accounts.principal import Principal
from core.files import store
from core.models.files import NewFile
from mail import composing
from mail.models import MailState, MailTemplate, OutgoingMail, OwnAddress, SendingAccount, Writer
from tests.cast import TUESDAY
from tests.mail.shown import PNG
from tickets import actions
from tickets.models import Attachment

pytestmark = pytest.mark.django_db

LIST = "/admin/mail/mailtemplate/"
ADD = LIST + "add/"


def given(**fields):
    words = {"subject": "Ours {{ ticket.number }}", "body": "<p>Hello {{ reader.name }}</p><p>{{ event.words }}</p>"}
    return {"template": "ticket_reply", "language": "en", "is_active": "on"} | words | fields


@pytest.fixture
def replied(ticket, ada_confirmed, grace):
    actions.reply(ticket=ticket, text="Here it is.", by=Principal.agent(grace), at=TUESDAY)
    return ticket


def test_a_template_is_written_and_its_words_are_cleaned(root):
    root.post(ADD, given(body="<p onclick=x>Hello {{ reader.name }}</p><script>x</script>"))

    row = MailTemplate.objects.get()
    assert row.body == "<p>Hello {{ reader.name }}</p>"
    assert row.text == "Hello {{ reader.name }}"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"body": "one\n{{ reader.nam }}"}, "Line 2, column 1: there is no variable “reader.nam”."),
        ({"subject": "{{ event.words }}"}, "more than one line can hold"),
        ({"body": "{{ ticket.plan }}"}, "cannot be used in this text"),
        ({"body": "<p> <br> </p>"}, "This says nothing."),
        ({"body": '<a href="{{ ticket.subject }}">x</a>'}, "Inside a tag only a link can stand"),
        ({"language": "tlh"}, "Select a valid choice"),
        ({"template": "account"}, "is not one of the available choices"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(root, fields, words):
    assert words in root.post(ADD, given(**fields)).content.decode()
    assert not MailTemplate.objects.exists()


def test_one_mail_has_one_template_in_a_language(root):
    root.post(ADD, given())

    assert "already" in root.post(ADD, given()).content.decode()


def test_the_preview_shows_what_the_form_says_on_a_real_ticket_and_saves_nothing(root, replied):
    sent = OutgoingMail.objects.count()

    answer = root.post(LIST + "preview/", given(ticket=f"#{replied.number}"))
    page = answer.content.decode()

    assert "Hello Ada" in page
    assert "Here it is." in page
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "/t/" not in page
    assert "Hello Ada" in root.post(LIST + "preview/", given(ticket=replied.number, as_text="1")).content.decode()
    assert not MailTemplate.objects.exists()
    assert OutgoingMail.objects.count() == sent


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"ticket": "000000"}, "Write the number of a ticket"),
        ({"template": "ticket_closed"}, "Nothing of this kind has happened"),
        ({"body": "{{ x }}"}, "is no variable"),
    ],
)
def test_the_preview_says_why_there_is_none(root, replied, fields, words):
    page = root.post(LIST + "preview/", given(**{"ticket": replied.number} | fields)).content.decode()

    assert words in page


def test_the_preview_of_a_text_that_says_nothing_here_is_the_delivered_mail(root, replied):
    page = root.post(LIST + "preview/", given(ticket=replied.number, body="<p>{{ ticket.closed }}</p>"))

    assert "Grace answered" in page.content.decode()


def test_a_picture_of_the_reply_stands_in_the_preview_and_in_the_mail_that_is_looked_at(root, ticket, grace):
    picture = NewFile(store([PNG]), "pink.png", "image/png", content_id="pink@desk")
    html = '<p>Look: <img src="cid:pink@desk" alt="pink.png"></p>'
    actions.reply(ticket=ticket, text="Look", html=html, files=[picture], by=Principal.agent(grace), at=TUESDAY)
    sent = OutgoingMail.objects.get(template="ticket_reply")

    preview = root.post(LIST + "preview/", given(ticket=ticket.number))
    shown = root.get(f"/admin/mail/outgoingmail/{sent.pk}/shown/")

    for answer in (preview, shown):
        assert f'src="data:image/png;base64,{b64encode(PNG).decode()}"' in answer.content.decode()
        assert "img-src data:;" in answer["Content-Security-Policy"]


def test_a_test_mail_goes_to_the_address_that_is_given(root, replied, settings):
    settings.EMAIL_BACKEND, settings.MAIL_URL = "mail.backend.OutboxBackend", "smtp://127.0.0.1:9"
    answer = root.post(LIST + "test/", given(ticket=replied.number, test_to="me@example.net"))

    assert "waits to be sent to me@example.net" in answer.content.decode()
    assert OutgoingMail.objects.get(recipient="me@example.net").template == "account"
    assert "valid email" in root.post(LIST + "test/", given(ticket=replied.number, test_to="no")).content.decode()


def test_a_test_mail_goes_the_way_of_the_ticket_s_mails_and_where_there_is_none_it_says_so(root, replied, settings):
    settings.EMAIL_BACKEND, settings.MAIL_URL = "mail.backend.OutboxBackend", ""
    form = given(ticket=replied.number, test_to="me@example.net")

    refused = root.post(LIST + "test/", form)
    account = SendingAccount.objects.create(name="Ours", host="smtp.example.com")
    address = OwnAddress.objects.create(email="billing@example.com", account=account)
    Writer.objects.create(address=address, department=replied.department)
    root.post(LIST + "test/", form)

    assert "no mail server is set" in refused.content.decode()
    mail = OutgoingMail.objects.get(recipient="me@example.net")
    assert (mail.account, mail.state) == (account, MailState.QUEUED)


def test_a_test_mail_has_the_pictures_and_the_sender_of_the_real_one(root, ticket, grace, settings):
    settings.EMAIL_BACKEND, settings.MAIL_URL = "mail.backend.OutboxBackend", ""
    account = SendingAccount.objects.create(name="Ours", host="smtp.example.com")
    OwnAddress.objects.create(email="first@example.com", account=account)
    address = OwnAddress.objects.create(email="billing@example.com", name="Billing", account=account)
    Writer.objects.create(address=address, department=ticket.department)
    picture = NewFile(store([PNG]), "pink.png", "image/png", content_id="pink@desk")
    other = NewFile(store([PNG + b"x"]), "not shown.png", "image/png")
    html = '<p>Look: <img src="cid:pink@desk" alt="pink.png"></p>'
    actions.reply(ticket=ticket, text="Look", html=html, files=[picture, other], by=Principal.agent(grace), at=TUESDAY)
    real = composing.compose(OutgoingMail.objects.get(template="ticket_reply"))

    root.post(LIST + "test/", given(ticket=ticket.number, test_to="me@example.net"))

    mail = OutgoingMail.objects.get(recipient="me@example.net")
    tested = composing.compose(mail)
    assert tested.from_email == real.from_email == "Billing <billing@example.com>"
    assert [_image(part) for part in tested.message().walk() if part.get_content_maintype() == "image"] == [
        _image(part) for part in real.message().walk() if part.get_content_maintype() == "image"
    ]
    [shown] = [part for part in tested.message().walk() if part.get_content_maintype() == "image"]
    assert shown.get_payload(decode=True) == PNG
    assert f"cid:{shown['Content-ID'].strip('<>')}" in str(tested.alternatives[0][0])
    assert tested.message().get_content_subtype() == "related"
    # What was taken out of the ticket meanwhile is not mailed after all.
    Attachment.objects.all().delete()
    assert not [part for part in composing.compose(mail).message().walk() if part.get_content_maintype() == "image"]


def _image(part):
    return part["Content-ID"], part.get_filename(), part.get_content_disposition(), part.get_payload(decode=True)


def test_a_new_one_begins_with_the_delivered_text_and_an_old_one_goes_back_to_it(root):
    page = root.get(ADD, {"template": "ticket_link", "language": "en"}).content.decode()
    assert "It opens the ticket, as often as you like" in page
    root.post(ADD, given(template="ticket_link"))
    row = MailTemplate.objects.get()

    fields = {"row": row.pk, "template": "ticket_link", "language": "en"}
    answer = root.post(LIST + "delivered/", fields, follow=True)

    assert "It holds once you save it." in answer.content.decode()
    body = answer.context["adminform"].form["body"].value()
    assert "It opens the ticket" in body
    assert "It opens the ticket" not in MailTemplate.objects.get().text
    root.post(answer.request["PATH_INFO"] + "?delivered=1", given(template="ticket_link", body=body))
    assert "It opens the ticket" in MailTemplate.objects.get().text


def test_its_variables_are_offered_to_the_field(root):
    page = root.get(ADD, {"template": "alert_new"}).content.decode()

    assert "data-variables" in page
    assert "ticket.facts" in page
    assert "ticket.facts" not in root.get(ADD, {"template": "ticket_reply"}).content.decode()


# --- Copying a set (PARITY L01) ------------------------------------------------------------------------------

COPY = LIST + "copy/"


def make(template="ticket_reply", language="en", department=None, body="<p>{{ event.words }}</p>", **fields):
    row = MailTemplate(template=template, language=language, department=department, subject="Ours", **fields)
    row.write(body)
    row.save()
    return row


def words(department, language):
    rows = MailTemplate.objects.filter(department=department, language=language).order_by("template")
    return [(row.template, row.subject, row.body, row.text, row.is_active) for row in rows]


def wanted(**fields):
    ends = {"from_department": "", "from_language": "en", "to_department": "", "to_language": "en"}
    return ends | fields


def test_a_set_is_copied_to_another_department_with_an_entry_for_each_template(root, billing, support):
    source = make(department=billing, notes="Ours since May.")
    make("ticket_closed", department=billing, is_active=False)
    make(department=billing, language="de", body="<p>Deutsch</p>")
    make("ticket_resolved")

    answer = root.post(COPY, wanted(from_department=billing.pk, to_department=support.pk), follow=True)

    assert "2 templates are copied." in answer.content.decode()
    assert words(support, "en") == words(billing, "en")
    assert [row[0] for row in words(support, "en")] == ["ticket_closed", "ticket_reply"]
    assert words(support, "de") == []
    made = MailTemplate.objects.get(department=support, template="ticket_reply")
    assert made.notes == "Ours since May."
    events = AuditEvent.objects.filter(target_model="mail.mailtemplate", kind="created")
    assert events.count() == 2
    told = events.get(target_id=made.pk).changes
    assert told["copied_from"] == [None, source.pk]
    assert told["department"] == [None, support.pk]
    # The words may name somebody.
    assert told["notes"] == [None, None]


def test_a_copy_in_another_language_waits_to_be_translated(root):
    make()

    answer = root.post(COPY, wanted(to_language="de"), follow=True)

    assert "They are not active" in answer.content.decode()
    assert words(None, "de") == [(*words(None, "en")[0][:4], False)]


@pytest.mark.parametrize("replaces", [True, False])
def test_what_is_there_stays_unless_it_is_to_be_replaced(root, billing, replaces):
    source = make(body="<p>New</p>")
    there = make(department=billing, body="<p>Old</p>", is_active=False)

    answer = root.post(COPY, wanted(to_department=billing.pk) | ({"replaces": "on"} if replaces else {}), follow=True)

    assert [row[2] for row in words(billing, "en")] == [f"<p>{'New' if replaces else 'Old'}</p>"]
    assert ("Nothing was copied" in answer.content.decode()) is not replaces
    told = AuditEvent.objects.filter(target_model="mail.mailtemplate", target_id=there.pk, kind="changed")
    changes = {"copied_from": [None, source.pk], "body": [None, None], "is_active": [False, True]}
    assert [event.changes for event in told] == ([changes] if replaces else [])


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Choose another department or another language"),
        ({"from_language": "fr"}, "There is no template of this department"),
        ({"from_department": "999999"}, "Select a valid choice"),
        ({"to_language": "tlh"}, "Select a valid choice"),
    ],
)
def test_a_copy_that_makes_no_sense_is_refused(root, fields, sentence):
    make()

    answer = root.post(COPY, wanted(**fields))

    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)
    assert MailTemplate.objects.count() == 1


def test_the_list_leads_to_the_page_and_looking_at_it_copies_nothing(root):
    make()

    assert COPY in root.get(LIST).content.decode()
    assert root.get(COPY).status_code == 200
    assert MailTemplate.objects.count() == 1
