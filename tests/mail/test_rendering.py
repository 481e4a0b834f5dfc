"""What mails say, to whom, and how they hang together in a mail client."""

import re
from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from accounts.models import Address, User
from accounts.principal import Principal
from core.models import SiteSettings
from mail import composing, notifications, rendering
from mail.models import MailState, OutgoingMail, Template
from mail.words import one_line
from tests import cast
from tests.cast import HOUR, MINUTE, MONDAY, TUESDAY
from tickets import actions, links
from tickets.models import Alert, AlertRule, Department, DepartmentAccess, HelpTopic, Participant, Ticket
from tickets.models.people import Part

TYPED = {"subject": "Kranzfuchs-Betreff", "text": "Kranzfuchs-Text"}
WORD = "Kranzfuchs"


@pytest.fixture
def typed(ada, topic):
    """Ada's ticket; what was typed carries one word that stands nowhere else. Her name does too."""
    User.objects.filter(pk=ada.pk).update(name=f"{WORD} Ada")
    ada.refresh_from_db()
    return cast.make_ticket(ada, topic, **TYPED)


def test_an_unconfirmed_address_gets_number_link_and_no_word_that_was_typed(typed):
    mail = OutgoingMail.objects.get(template=Template.TICKET_OPENED)

    raw, message = composed(mail)

    assert f"[#{typed.number}]" in message["Subject"]
    assert link_in(text_of(message))
    assert_untyped(raw, message)


@pytest.mark.parametrize("template", ["reply", "resolved", "closed", "link"])
def test_no_later_mail_tells_an_unconfirmed_address_what_was_typed(typed, grace, template):
    mail = later_mail(typed, grace, template)

    raw, message = composed(mail)

    assert_untyped(raw, message)
    if template == "reply":
        assert "We discovered a failed load balancer." in text_of(message)
        assert "We discovered a failed load balancer." in html_of(message)


def test_the_confirmation_of_a_message_echoes_nothing_and_tells_the_promise_that_runs(typed, ada, grace):
    SiteSettings.objects.update(acknowledges_messages=True)
    write(typed, ada, f"{WORD} again", at=MONDAY + MINUTE)

    raw, message = composed(OutgoingMail.objects.get(template=Template.MESSAGE_RECEIVED))

    assert_untyped(raw, message)
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["Subject"] == f"[#{typed.number}] We have your message"
    assert "You hear from us by" in text_of(message)
    assert link_in(text_of(message))


def test_a_promise_that_is_broken_already_is_not_told(typed, ada):
    SiteSettings.objects.update(acknowledges_messages=True)
    write(typed, ada, at=MONDAY + 2 * HOUR)

    _raw, message = composed(OutgoingMail.objects.get(template=Template.MESSAGE_RECEIVED))

    assert "You hear from us as soon as we can." in text_of(message)


def test_a_message_of_an_unconfirmed_collaborator_s_peer_is_not_told_either(typed, grace):
    """Bob's address is not confirmed: Ada's words are not for it, though hers is confirmed."""
    Address.objects.filter(email="ada@example.org").update(verified_at=MONDAY)
    bob = cast.make_person("bob@example.org", "Bob", confirmed=False)
    Participant.objects.create(
        ticket=typed, user=bob, address=cast.address_for(bob), role=Part.COLLABORATOR, added_at=MONDAY
    )
    actions.reply(ticket=typed, text="Here.", by=Principal.agent(grace), at=TUESDAY)

    raw, message = composed(OutgoingMail.objects.get(recipient="bob@example.org"))

    assert_untyped(raw, message)


def test_an_agent_s_unconfirmed_address_gets_no_word_that_was_typed_either(typed, ada, grace):
    Address.objects.filter(user=grace).update(verified_at=None)
    write(typed, ada, f"{WORD} again")

    raw, message = composed(OutgoingMail.objects.get(template=Template.ALERT_MESSAGE))

    assert_untyped(raw, message)


def test_a_confirmed_address_sees_subject_and_quote(ticket, ada_confirmed, grace):
    actions.reply(ticket=ticket, text="Here it is.", by=Principal.agent(grace), at=TUESDAY)

    _raw, message = composed(OutgoingMail.objects.get(template=Template.TICKET_REPLY))

    assert message["Subject"] == f"Re: [#{ticket.number}] The invoice of October is wrong"
    assert "Here it is." in text_of(message)
    assert "> We were billed twice." in text_of(message)
    assert "We were billed twice." in html_of(message)


def test_the_heading_says_who_did_what(ticket, grace):
    actions.reply(ticket=ticket, text="Wait.", by=Principal.agent(grace), at=TUESDAY)
    actions.reply_and_resolve(ticket=ticket, text="Fixed.", by=Principal.agent(grace), at=TUESDAY + HOUR)

    first, second = OutgoingMail.objects.filter(template=Template.TICKET_REPLY).order_by("pk")
    assert text_of(composed(first)[1]).startswith("Grace answered\n")
    assert text_of(composed(second)[1]).startswith("Grace answered and marked it as resolved\n")


def test_the_first_mail_says_thank_you_in_the_help_topic_s_words_even_to_an_unconfirmed_address(ada, topic):
    topic.thank_you = "Thanks <b>a lot</b>.\r\n\r\nInvoices take a day."
    topic.save()
    cast.make_ticket(ada, topic, **TYPED)

    raw, message = composed(OutgoingMail.objects.get(template=Template.TICKET_OPENED))

    assert "Thanks <b>a lot</b>.\n\nInvoices take a day." in text_of(message)
    assert "Thanks &lt;b&gt;a lot&lt;/b&gt;." in html_of(message)
    assert_untyped(raw, message)


@pytest.mark.parametrize(("is_public", "told"), [(True, "Secret Ring"), (False, "Help desk")])
def test_a_requester_reads_the_department_s_own_name_if_it_is_public(ticket, grace, billing, is_public, told):
    parent = Department.objects.create(name="Hidden Works")
    Department.objects.filter(pk=billing.pk).update(name="Secret Ring", is_public=is_public, parent=parent)
    actions.reply(ticket=ticket, text="Fixed.", by=Principal.agent(grace), at=TUESDAY)

    _raw, message = composed(OutgoingMail.objects.get(template=Template.TICKET_REPLY))

    for words in (text_of(message), html_of(message)):
        assert told in words
        assert "Hidden Works" not in words
        assert ("Secret Ring" in words) is is_public


def test_an_agent_reads_where_departments_and_topics_stand(ada, topic, grace, billing):
    parent = Department.objects.create(name="Money")
    Department.objects.filter(pk=billing.pk).update(parent=parent, is_public=False)
    HelpTopic.objects.filter(pk=topic.pk).update(parent=HelpTopic.objects.create(name="Payments"))
    cast.make_ticket(ada, HelpTopic.objects.get(pk=topic.pk))

    _raw, message = composed(OutgoingMail.objects.get(template=Template.ALERT_NEW))

    assert "Money / Billing" in text_of(message)
    assert "Payments / Invoices" in text_of(message)


def test_a_resolved_mail_says_when_it_closes_and_how_to_object(ticket, grace):
    SiteSettings.objects.update(close_after=timedelta(days=3), time_zone="Europe/Berlin")
    actions.resolve(ticket=ticket, by=Principal.agent(grace), at=TUESDAY, resolution="Secret refund.")

    text = text_of(composed(OutgoingMail.objects.get(template=Template.TICKET_RESOLVED))[1])

    assert "Friday 6 November, 10:00 CET" in text
    assert "to say no" in text
    assert "Secret refund" not in text


def test_a_requester_never_gets_a_note(ticket, ada_confirmed, grace, ken, support):
    token = "note-4711"
    for_all = {"by": Principal.agent(grace), "at": TUESDAY}
    actions.add_note(ticket=ticket, text=token, **for_all)
    actions.resolve(ticket=ticket, resolution=token, **for_all)
    write(ticket, ada_confirmed)
    actions.transfer(ticket=ticket, to=support, note=token, **for_all)
    actions.reply_and_resolve(ticket=ticket, text="Done.", by=Principal.agent(ken), at=TUESDAY + 2 * HOUR)

    mails = [composed(mail) for mail in OutgoingMail.objects.filter(recipient="ada@example.org")]

    assert len(mails) == 3
    assert not any(token in text_of(message) + html_of(message) for _raw, message in mails)


def test_a_transfer_tells_the_new_agents_the_note(ticket, grace, ken, support):
    actions.transfer(ticket=ticket, to=support, by=Principal.agent(grace), at=TUESDAY, note="Coordinating with you.")

    _raw, message = composed(OutgoingMail.objects.get(template=Template.ALERT_TRANSFER))

    assert text_of(message).startswith("Grace transferred a ticket to your department\n")
    assert "Internal note by Grace" in text_of(message)
    assert "Coordinating with you." in text_of(message)
    assert "Coordinating with you." in html_of(message)
    assert f"/desk/tickets/{ticket.number}" in text_of(message)


def test_every_template_renders_for_everybody_who_may_get_it(grace, ken, ticket, ada):
    """Also the ones no other test looks into: alerts of all kinds, in text and HTML."""
    by = {"by": Principal.agent(grace)}
    team = cast.make_team("Accountants", grace, ken)
    cast.give_access(ken, ticket.department)
    actions.assign(ticket=ticket, to=team, at=MONDAY, note="See the file.", **by)
    actions.assign(ticket=ticket, to=ken, at=MONDAY, **by)
    write(ticket, ada)
    mails = list(OutgoingMail.objects.all())
    rendered = {mail.template: composed(mail)[1] for mail in mails}

    assert set(rendered) == {
        Template.TICKET_OPENED,
        Template.ALERT_NEW,
        Template.ALERT_ASSIGNED,
        Template.ALERT_MESSAGE,
    }
    for message in rendered.values():
        assert "\n\n\n" not in text_of(message)
        assert "{{" not in text_of(message) + html_of(message)
        assert 'class="button"' in html_of(message)


def test_a_ticket_s_mails_to_one_person_form_a_thread(ticket, ada_confirmed, grace, ken):
    for hours, text in enumerate(["One.", "Two."]):
        actions.reply(ticket=ticket, text=text, by=Principal.agent(grace), at=TUESDAY + hours * HOUR)
    mails = list(OutgoingMail.objects.filter(recipient="ada@example.org").order_by("pk"))
    OutgoingMail.objects.filter(pk__in=[mail.pk for mail in mails]).update(state=MailState.SENT)
    root = composing.thread_root(ticket)

    messages = [composed(mail)[1] for mail in mails]

    assert [message["Message-ID"] for message in messages] == [mail.message_id for mail in mails]
    assert references(messages[0]) == [root]
    assert references(messages[2]) == [root, mails[0].message_id, mails[1].message_id]
    assert [message["In-Reply-To"] for message in messages] == [root, mails[0].message_id, mails[1].message_id]
    assert {message["Subject"].removeprefix("Re: ") for message in messages} == {
        f"[#{ticket.number}] The invoice of October is wrong"
    }


def test_references_name_only_what_was_sent_to_the_same_person_about_the_same_ticket(ticket, ada, grace, topic):
    cast.make_ticket(ada, topic)
    OutgoingMail.objects.exclude(ticket=ticket).update(state=MailState.SENT)
    OutgoingMail.objects.filter(recipient="grace@example.com").update(state=MailState.SENT)
    actions.reply(ticket=ticket, text="One.", by=Principal.agent(grace), at=TUESDAY)

    message = composed(OutgoingMail.objects.get(template=Template.TICKET_REPLY))[1]

    # The acknowledgement itself is still queued.
    assert references(message) == [composing.thread_root(ticket)]


def test_automatic_mails_say_so_and_an_agent_s_answer_does_not(grace, ticket):
    actions.reply(ticket=ticket, text="One.", by=Principal.agent(grace), at=TUESDAY)
    actions.resolve(ticket=ticket, by=Principal.agent(grace), at=TUESDAY)

    said = {mail.template: composed(mail)[1]["Auto-Submitted"] for mail in OutgoingMail.objects.all()}

    assert said == {
        Template.TICKET_OPENED: "auto-replied",
        Template.ALERT_NEW: "auto-generated",
        Template.TICKET_REPLY: None,
        Template.TICKET_RESOLVED: "auto-generated",
    }


def test_no_mail_has_a_list_id(ticket):
    message = composed(OutgoingMail.objects.first())[1]

    assert message["List-Id"] is None
    assert message["X-Auto-Response-Suppress"] == "All"


HOSTILE = [
    "Hello\r\nBcc: victim@example.net",
    "Hello\nX-Evil: 1\n\nbody",
    "\u202egpj.exe\u202c \u2066\u2069\u200e",
    "bell\x07 nul\x01 \x1b[31mred",
    "line\u2028separator\u2029x\x85y\x0bz\x0cw",
    "=?utf-8?q?=0ABcc:_victim=40example.net?=",
    '"><script>alert(1)</script>',
    "a" * 600,
    "💸" * 300 + " עברית العربية",
    "\ud83d".encode("utf-8", "replace").decode() + ", <x@y>; (comment) \\",
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_names_and_subjects_make_no_header_and_no_markup(hostile, grace, topic):
    ada = cast.make_person("ada@example.org", hostile[:120])
    SiteSettings.objects.update(name=hostile[:60])
    Ticket.objects.filter(pk=cast.make_ticket(ada, topic, text=hostile).pk).update(subject=hostile)

    for mail in OutgoingMail.objects.all():
        raw, message = composed(mail)

        # Only agents' mails can be switched off, by a link of ours.
        assert message.get("List-Unsubscribe", "<http://localhost").strip().startswith("<http://localhost")
        assert set(message.keys()) - {"List-Unsubscribe", "List-Unsubscribe-Post"} == {
            "Content-Type", "MIME-Version", "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted",
            "X-Auto-Response-Suppress", "References", "In-Reply-To", "Reply-To", "X-Helpdesk-Loop", "X-Helpdesk-Return",
        }  # fmt: skip
        assert message["To"] == mail.recipient
        assert message["From"].addresses[0].addr_spec == "helpdesk@localhost"
        assert len(message["From"].addresses) == 1
        assert not re.search("[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]", message["Subject"])
        assert max(len(line) for line in raw.splitlines()) <= 998
        assert "<script>" not in html_of(message)


def test_joiners_of_emoji_and_scripts_stay():
    assert one_line("👩‍💻 می‌خواهم") == "👩‍💻 می‌خواهم"


def test_the_message_is_seven_bit_clean(ada_confirmed, topic):
    cast.make_ticket(ada_confirmed, topic, subject="Überweisung 💸", text="Grüße\n.\nx" + "ä" * 3000)

    raw, message = composed(OutgoingMail.objects.first())

    assert raw.isascii()
    assert "Überweisung 💸" in message["Subject"]


def test_a_huge_text_is_cut_and_says_so(ada_confirmed, topic, grace):
    cast.make_ticket(ada_confirmed, topic, text="x" * 1_000_000)

    raw, message = composed(OutgoingMail.objects.get(template=Template.ALERT_NEW))

    assert len(raw) < 100_000
    assert "only its beginning" in text_of(message)


def test_the_link_is_fresh_and_opens_the_ticket_for_its_recipient(ticket):
    mail = OutgoingMail.objects.get(template=Template.TICKET_OPENED)

    token = link_in(text_of(composed(mail)[1]))

    assert links.read(token).ticket == ticket
    # Raising the epoch revokes what was mailed, not what is mailed from now on.
    Address.objects.filter(email=mail.recipient).update(link_epoch=1)
    mail.refresh_from_db()
    fresh = link_in(text_of(composed(OutgoingMail.objects.get(pk=mail.pk))[1]))
    assert links.read(fresh).ticket == ticket
    with pytest.raises(links.LinkInvalid):
        links.read(token)


def test_who_lost_sight_of_the_ticket_is_not_told_any_more(grace, ticket):
    mail = OutgoingMail.objects.get(template=Template.ALERT_NEW)
    DepartmentAccess.objects.filter(agent=grace).delete()

    with pytest.raises(rendering.NoLongerWanted):
        composing.compose(mail)


@pytest.mark.parametrize("field", ["trashed_at", "merged_into"])
def test_a_ticket_in_the_trash_or_merged_is_told_to_nobody(ticket, grace, ada, topic, field):
    other = cast.make_ticket(ada, topic)
    Ticket.objects.filter(pk=ticket.pk).update(**{field: TUESDAY if field == "trashed_at" else other})

    for mail in OutgoingMail.objects.filter(ticket=ticket):
        with pytest.raises(rendering.NoLongerWanted):
            composing.compose(OutgoingMail.objects.get(pk=mail.pk))


def test_an_administrator_reads_a_mail_as_it_looks_without_its_link(settings, ada_confirmed, topic):
    settings.MAIL_URL = ""
    ticket = cast.make_ticket(ada_confirmed, topic)

    seen = rendering.preview(OutgoingMail.objects.get(template=Template.TICKET_OPENED))

    assert seen.subject == f"[#{ticket.number}] The invoice of October is wrong"
    assert ticket.number in seen.text
    assert "<h1" in seen.html
    assert link_in(seen.text) is None


def test_times_are_those_of_the_reader(ticket, ada, grace):
    User.objects.filter(pk=ada.pk).update(time_zone="Asia/Tokyo")

    text = text_of(composed(OutgoingMail.objects.get(template=Template.TICKET_OPENED))[1])

    assert "Monday 2 November, 19:00 JST" in text


def test_html_carries_its_styles_in_its_elements_and_a_dark_theme(ticket):
    html = html_of(composed(OutgoingMail.objects.get(template=Template.TICKET_OPENED))[1])

    assert re.search(r'<a[^>]+style="[^"]*padding', html)
    assert "prefers-color-scheme" in html
    assert html.count("<link") == html.count("<img") == html.count("<script") == 0


# --- Helpers --------------------------------------------------------------------------------------


def composed(mail):
    raw = composing.compose(mail).message().as_bytes()
    return raw, message_from_bytes(raw, policy=policy.default)


def text_of(message):
    return message.get_body(("plain",)).get_content().replace("\r\n", "\n")


def html_of(message):
    return message.get_body(("html",)).get_content()


def references(message):
    return message["References"].split()


def link_in(text):
    found = re.search(r"http://localhost:8000/t/([^/\s]+)", text)
    return found and found[1]


def assert_untyped(raw, message):
    everything = raw.decode() + text_of(message) + html_of(message) + "".join(map(str, message.values()))
    assert WORD not in everything


def write(ticket, person, text="And now?", at=TUESDAY + HOUR):
    actions.add_message(
        ticket=ticket,
        address=cast.address_for(person),
        text=text,
        source="web",
        by=Principal.requester(person),
        at=at,
    )


def later_mail(ticket, agent, template):
    by = Principal.agent(agent)
    if template == "link":
        rendering_of = Template.TICKET_LINK
        notifications.send_link(ticket.participants.get(), at=TUESDAY)
    else:
        rendering_of = Template(f"ticket_{template}")
        if template == "reply":
            actions.reply_and_resolve(ticket=ticket, text="We discovered a failed load balancer.", by=by, at=TUESDAY)
        else:
            actions.resolve(ticket=ticket, by=by, at=TUESDAY, resolution="Refunded.")
        if template == "closed":
            actions.close(ticket=ticket, by=by, at=TUESDAY + HOUR)
    return OutgoingMail.objects.get(template=rendering_of)


# --- Alerts -----------------------------------------------------------------------------------------


def test_who_is_named_in_a_note_reads_it(ticket, grace, billing):
    cast.make_agent("Mia", billing)
    actions.add_note(ticket=ticket, text="@Mia: fraud?", by=Principal.agent(grace), at=TUESDAY)

    _raw, message = composed(OutgoingMail.objects.get(template=Template.ALERT_NOTE))

    assert "Grace wrote an internal note" in text_of(message)
    assert "@Mia: fraud?" in text_of(message)


def test_an_administrator_who_does_not_see_the_ticket_is_told_without_what_was_written(typed, ada, admin_user):
    AlertRule.objects.create(event=Alert.MESSAGE, administrators=True)
    write(typed, ada, "Kammerjaeger")

    _raw, message = composed(OutgoingMail.objects.get(recipient="root@example.com"))

    assert "Kammerjaeger" not in text_of(message) + html_of(message)
    assert f"/admin/tickets/ticket/{typed.pk}/change/" in text_of(message)
    assert "/desk/" not in text_of(message)
