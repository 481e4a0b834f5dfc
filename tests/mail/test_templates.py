"""Mails in an administrator's words: which template holds, what it says to whom, and what if it says nothing."""

import re

import pytest
from django.utils.translation import override

from accounts.models import Address, User
from accounts.principal import Principal
from core.models import SiteSettings
from mail import rendering, sampling, wording
from mail.common import Common
from mail.composing import compose
from mail.delivered import delivered
from mail.models import ABOUT_TICKETS, MailTemplate, OutgoingMail, Template
from tests import cast
from tests.cast import DAY, MONDAY, TUESDAY
from tickets import actions, variables
from tickets.models import CannedResponse, Department, Ticket

pytestmark = pytest.mark.django_db

WORD = "Kranzfuchs"


def make(template=Template.TICKET_REPLY, body="<p>Words of the house</p>", language="en", **fields):
    row = MailTemplate(template=template, language=language, **{"subject": "Ours: {{ ticket.number }}"} | fields)
    row.write(body)
    row.save()
    return row


def reply_mail(ticket, grace, text="Here it is."):
    actions.reply(ticket=ticket, text=text, by=Principal.agent(grace), at=TUESDAY)
    return OutgoingMail.objects.get(template=Template.TICKET_REPLY)


def shown(mail):
    return rendering.rendered_for(mail, Common([mail]))[0]


def test_a_mail_is_said_in_the_words_of_the_house(ticket, ada_confirmed, grace):
    make(body="<p>Dear {{ reader.name.first }},</p><p>{{ event.words }}</p><p>{{ ticket.button }}</p>")

    told = shown(reply_mail(ticket, grace, "Here & there."))

    assert told.subject == f"Ours: {ticket.number}"
    assert "Dear Ada," in told.text
    assert "Here & there." in told.text
    assert "Here &amp; there." in told.html
    assert "You get this because the ticket is yours." in told.text
    assert re.search(r"https?://\S+", told.text)[0] in told.html
    assert "<p><div" not in told.html


@pytest.mark.parametrize(
    ("reads", "holds"),
    [("de", "department de"), ("en", "department en"), ("fr", "department en"), ("es", "department en")],
)
def test_the_department_comes_before_the_site_and_the_reader_s_language_before_the_default(
    ticket, ada_confirmed, grace, reads, holds
):
    User.objects.filter(pk=ticket.requester_id).update(language=reads)
    for language in ("de", "fr", "en"):
        make(language=language, body=f"<p>site {language}</p>")
        if language != "fr":
            make(language=language, department=ticket.department, body=f"<p>department {language}</p>")

    assert holds in shown(reply_mail(ticket, grace)).text


def test_what_a_department_is_part_of_comes_next_then_the_site_then_the_delivered_text(ticket, ada_confirmed, grace):
    above = Department.objects.create(name="Money")
    Department.objects.filter(pk=ticket.department_id).update(parent=above)
    mail = reply_mail(ticket, grace)
    rows = [make(department=above, body="<p>above</p>"), make(body="<p>site</p>")]
    make(department=Department.objects.create(name="Other"), body="<p>foreign</p>")

    assert "above" in shown(fresh(mail)).text
    MailTemplate.objects.filter(pk=rows[0].pk).update(is_active=False)
    assert "site" in shown(fresh(mail)).text
    rows[1].delete()
    assert "Grace answered" in shown(fresh(mail)).text


def test_which_one_holds_costs_one_query(ticket, django_assert_num_queries):
    for language in ("de", "en"):
        make(language=language)
        make(language=language, department=ticket.department)

    with django_assert_num_queries(1):
        assert MailTemplate.objects.fitting(Template.TICKET_REPLY, ticket.department, ["de", "en"]).language == "de"


def test_a_template_with_nothing_to_say_gives_way_to_the_delivered_text_and_is_remembered(
    ticket, ada_confirmed, grace, caplog
):
    row = make(body="<p>{{ ticket.closed }}</p>")

    told = shown(reply_mail(ticket, grace))

    assert "Here it is." in told.text
    assert MailTemplate.objects.get(pk=row.pk).silent_at is not None
    assert "says nothing" in caplog.text


@pytest.mark.parametrize(
    ("body", "is_shared"), [("<p>{{ event.words }}</p>", True), ("<p>{{ reader.name }}</p>", False)]
)
def test_what_names_its_reader_is_written_for_each_of_them(ticket, ada, grace, ken, body, is_shared):
    cast.give_access(ken, ticket.department)
    Address.objects.filter(user__in=[grace, ken]).update(verified_at=MONDAY)
    make(Template.ALERT_MESSAGE, body)
    me, address = Principal.requester(ada), cast.address_for(ada)
    actions.add_message(ticket=ticket, address=address, text="More.", source="web", by=me, at=TUESDAY)
    mails = [sampling.sample(Template.ALERT_MESSAGE, ticket, agent) for agent in (grace, ken)]
    common = Common(mails)

    one, other = (rendering.rendered_for(mail, common)[0] for mail in mails)

    assert (one is other) is is_shared
    if not is_shared:
        assert "Ken" in other.text
        assert "Grace" in one.text


def test_a_hostile_subject_makes_no_header(ticket, ada_confirmed, grace):
    ticket.subject = "x\r\nBcc: evil@example.org {{ ticket.status }}"
    ticket.save(update_fields=["subject"])
    make(subject="{{ ticket.subject }}")

    message = compose(reply_mail(ticket, grace)).message()

    assert message["Bcc"] is None
    assert "{{ ticket.status }}" in shown(OutgoingMail.objects.get(template="ticket_reply")).subject


# --- Nothing is told that the delivered texts would not tell ------------------------------------------------


def everything(template):
    """Return a body and a subject that use all that this mail may use."""
    names = list(wording.vocabulary_of(template))
    return "".join(f"<p>{name}: {{{{ {name} }}}}</p>" for name in names)


@pytest.mark.parametrize("template", [name for name, _label in ABOUT_TICKETS if name not in wording.ALERTS])
def test_with_every_variable_an_unconfirmed_address_hears_no_word_that_was_typed(ada, topic, grace, template):
    ticket = lived(ada, topic, grace)
    Address.objects.filter(user=ada).update(verified_at=None)
    make(template, everything(template), subject="{{ ticket.subject }} {{ requester.name }} {{ event.heading }}")

    mail = sampling.sample(template, ticket, grace)
    told = rendering.preview_in(mail, MailTemplate.objects.get())

    assert f"ticket.number: {ticket.number}" in told.text
    for part in (told.subject, told.text, told.html):
        assert WORD not in part
        assert "ada@example.org" not in part


@pytest.mark.parametrize("template", [name for name, _label in ABOUT_TICKETS if name not in wording.ALERTS])
def test_with_every_variable_a_requester_hears_nothing_internal(ada, topic, grace, template):
    ticket = lived(ada, topic, grace)
    make(template, everything(template))

    told = rendering.preview_in(sampling.sample(template, ticket, grace), MailTemplate.objects.get())

    assert WORD in told.text
    for part in (told.subject, told.text, told.html):
        assert "Innenfuchs" not in part


@pytest.mark.parametrize("template", sorted(wording.ALERTS - {Template.ALERT_CLOCK}))
def test_agents_hear_what_is_internal_so_that_the_search_is_one(ada, topic, grace, template):
    ticket = lived(ada, topic, grace)
    mail = sampling.sample(template, ticket, grace)
    make(template, everything(template))

    assert "Innenfuchs" in rendering.preview_in(mail, MailTemplate.objects.get()).text


def lived(ada, topic, grace):
    """Return Ada's ticket with all that can happen in it; what is internal, and what was typed, carry a word each."""
    User.objects.filter(pk=ada.pk).update(name=f"{WORD} Ada", phone="+49 1")
    ada.refresh_from_db()
    Address.objects.filter(user=ada).update(verified_at=MONDAY)
    canned = CannedResponse(title="Innenfuchs")
    canned.write("<p>{{ requester.name }}: restart it.</p>")
    canned.save()
    topic.answer = canned
    topic.save()
    department = topic.department
    department.name, department.is_public = "Innenfuchs Betrug", False
    department.save()
    ticket = cast.make_ticket(ada, topic, subject=f"{WORD} subject", text=f"{WORD} text")
    topic.name, topic.is_public = "Innenfuchs Thema", False
    topic.save()
    by, me = Principal.agent(grace), Principal.requester(ada)
    actions.change_plan(ticket=ticket, to=cast.make_plan("Innenfuchs Plan", resolution=DAY), by=by, at=MONDAY)
    actions.add_note(ticket=ticket, text="Innenfuchs Notiz", by=by, at=MONDAY)
    actions.assign(ticket=ticket, to=grace, by=by, at=MONDAY, note="Innenfuchs assign")
    address = cast.address_for(ada)
    actions.add_message(ticket=ticket, address=address, text=f"{WORD} more", source="web", by=me, at=MONDAY)
    friend = cast.make_person("friend@example.org", "Friend")
    actions.add_collaborator(ticket=ticket, address=cast.address_for(friend), by=by, at=MONDAY)
    other = Department.objects.create(name="Innenfuchs Ziel", is_public=False)
    cast.give_access(grace, other)
    actions.transfer(ticket=ticket, to=other, by=by, at=MONDAY, note="Innenfuchs transfer")
    actions.reply(ticket=ticket, text="An answer.", by=by, at=TUESDAY)
    actions.resolve(ticket=ticket, by=by, at=TUESDAY, resolution="Innenfuchs Lösung")
    actions.close(ticket=ticket, by=me, at=TUESDAY)
    return Ticket.objects.get(pk=ticket.pk)


# --- The delivered texts as a beginning ----------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "de", "es", "fr"])
@pytest.mark.parametrize("template", [name for name, _label in ABOUT_TICKETS])
def test_every_delivered_text_is_a_template_without_a_mistake(template, language):
    subject, body = delivered(template, language)
    known = wording.vocabulary_of(template)

    assert variables.problems_of_subject(subject, known) == []
    assert variables.problems_of_html(body, body, known) == []


def test_the_delivered_text_as_a_template_says_what_the_delivered_mail_says(ticket, ada_confirmed, grace):
    mail = reply_mail(ticket, grace)
    before = shown(fresh(mail))
    subject, body = delivered(Template.TICKET_REPLY, "en")
    make(body=body, subject=subject)

    after = shown(fresh(mail))

    assert after.subject == before.subject
    for line in before.text.splitlines():
        if line and "http" not in line:
            assert line in after.text


# --- Languages ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reader", "department", "site", "spoken"),
    [
        ("fr", "de", "es", "fr"),
        ("", "de", "es", "de"),
        ("", "", "es", "es"),
        ("tlh", "", "de", "de"),
        ("", "", "en", "en"),
    ],
)
def test_a_mail_speaks_the_reader_s_language_else_the_department_s_else_the_site_s(
    ticket, ada_confirmed, grace, reader, department, site, spoken
):
    User.objects.filter(pk=ticket.requester_id).update(language=reader)
    Department.objects.filter(pk=ticket.department_id).update(language=department)
    SiteSettings.objects.update(language=site)

    assert f'<html lang="{spoken}"' in shown(fresh(reply_mail(ticket, grace))).html


def test_rendering_variables_is_cheap(ticket):
    """A text is taken apart once: what is left is putting strings together."""
    from time import process_time

    told = variables.Values(wording.FOR_REQUESTERS, variables.Facts(ticket, SiteSettings.load()))
    body = "<p>Hello {{ site.name }}, {{ ticket.number }} {{ ticket.created.full }}</p>" * 10
    with override("en"):
        variables.in_html(body, told)
        before = process_time()
        for _ in range(200):
            variables.in_html(body, told)

    assert (process_time() - before) / 200 < 0.001


def fresh(mail):
    return OutgoingMail.objects.select_related("ticket__department__parent__parent").get(pk=mail.pk)
