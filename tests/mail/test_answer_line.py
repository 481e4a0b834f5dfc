"""The line that answers are written above: on mails to requesters if the site says so, and known again in answers."""

import pytest

from core.models import SiteSettings
from mail import composing
from mail.models import OutgoingMail, Template
from mail.parsing import parse
from mail.parsing.quotes import split_quote
from mail.rendering import _answer_line

LANGUAGES = {
    "en": "Please write your answer above this line",
    "de": "Bitte antworten Sie über dieser Zeile",
    "es": "Escriba su respuesta por encima de esta línea",
    "fr": "Veuillez écrire votre réponse au-dessus de cette ligne",
    "ar": "يرجى كتابة ردك فوق هذا السطر",
}


def composed(template):
    return composing.compose(OutgoingMail.objects.filter(template=template).latest("pk"))


@pytest.fixture
def with_line(db):
    SiteSettings.objects.update(mail_says_where_to_answer=True)


def test_mails_to_requesters_begin_with_it_and_those_to_agents_do_not(with_line, grace, ticket):
    mail = composed(Template.TICKET_OPENED)

    assert mail.body.startswith("##- Please write your answer above this line -##\n")
    assert "answer-above" in mail.alternatives[0][0]
    assert "##-" not in composed(Template.ALERT_NEW).body


def test_without_the_setting_there_is_none(ticket):
    assert "##-" not in composed(Template.TICKET_OPENED).body


@pytest.mark.parametrize("words", ["Answer here\r\nBcc: eve", "##- Answer -##", "Schreib <b>oben</b>"])
def test_its_words_stay_one_line_within_the_marks(with_line, words):
    SiteSettings.objects.update(answer_line=words)

    line = _answer_line()

    assert line.count("##") == 2
    assert "\n" not in line
    assert "\r" not in line


@pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)
@pytest.mark.parametrize("quoted", ["", "> ", ">> "])
def test_nothing_below_it_is_new_in_any_language(words, quoted):
    text = (
        f"My answer.\n\n{quoted}##- {words} -##\n{quoted}\n{quoted}What was said before\n{quoted}without a sign of it\n"
    )

    assert split_quote(text).reply == "My answer."


def test_the_introduction_above_it_goes_along():
    text = f"My answer.\n\nOn Mon, 2 Nov 2026 at 10:00, Acme <a@b.example> wrote:\n\n##- {LANGUAGES['de']} -##\n\nOld\n"

    assert split_quote(text).reply == "My answer."


def test_it_is_known_in_html_whatever_the_program_made_of_the_rest():
    html = (
        "<html><body><div>My answer.</div><div><p class='x_small x_answer-above'>##- Oben antworten -##</p>"
        "<p>Old words</p></div></body></html>"
    )
    raw = f"From: ada@example.org\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}".encode()

    assert parse(raw).reply_text.strip() == "My answer."


@pytest.mark.parametrize("line", ["##- -##", "## Heading ##", "##-no space-##", "# - x - #"])
def test_what_only_looks_a_little_like_it_is_kept(line):
    assert split_quote(f"My answer.\n\n{line}\n\nMore of it\n").reply.endswith("More of it")
