"""Mails in four languages: nothing is left in English, and each mail says what the snapshot keeps of it.

`SNAPSHOTS=write` makes the snapshots anew; read what changed before it is committed.
"""

import ast
import gettext
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation import template as templates

from accounts.models import Address, User
from core.plaintext import text_of
from mail import rendering, sampling
from mail.models import ABOUT_TICKETS
from tests.mail.test_templates import lived

LANGUAGES = ("de", "es", "fr")
SNAPSHOTS = Path(__file__).parent / "snapshots"
# What mails say: all words of these templates, and of this code but what it says to administrators.
SPOKEN = ("templates/mail", "templates/account/mail")
CODE = (
    "mail/rendering/__init__.py",
    "mail/rendering/heading.py",
    "mail/rendering/parts.py",
    "mail/rendering/reader.py",
    "mail/delivered.py",
    "mail/wording.py",
    "accounts/notices.py",
    "mail/watchdog.py",
    "mail/confirmation.py",
)
NOT_IN_MAILS = {
    "%(name)s may not see this ticket any more.",
    "%(email)s takes no part in this ticket any more.",
    "What this mail was about, or the address it was for, is not kept any more.",
}
_QUOTED = r"u?('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|'''.*?'''|\"\"\".*?\"\"\")"
_CALL = re.compile(rf"\bn?gettext\({_QUOTED}", re.DOTALL)


def words_of_templates() -> Iterator[str]:
    for folder in SPOKEN:
        for path in sorted((settings.BASE_DIR / folder).iterdir()):
            code = templates.templatize(path.read_text(), origin=str(path))
            yield from (ast.literal_eval(found[1]) for found in _CALL.finditer(code))


def words_of_code() -> Iterator[str]:
    for name in CODE:
        for node in ast.walk(ast.parse((settings.BASE_DIR / name).read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                # What wording.py says lazily describes variables, for administrators.
                lazily = node.func.id == "gettext_lazy"
                if node.func.id in {"_", "gettext", "ngettext"} and not lazily:
                    first = node.args[0]
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        yield first.value


def folder_of(language: str) -> Path:
    return settings.BASE_DIR / "locale" / language / "LC_MESSAGES"


def catalog(language: str) -> dict[str, str]:
    with (folder_of(language) / "django.mo").open("rb") as file:
        known = gettext.GNUTranslations(file)._catalog
    return {key[0] if isinstance(key, tuple) else key: value for key, value in known.items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_that_a_mail_says_is_left_in_english(language):
    said = {*words_of_templates(), *words_of_code()} - NOT_IN_MAILS

    assert len(said) > 100
    assert sorted(said - catalog(language).keys()) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_same_places_for_values_as_the_original(language):
    for words, translated in catalog(language).items():
        if words:
            places = re.findall(r"%\(\w+\)s|<[^<>]+>", words)
            assert sorted(places) == sorted(re.findall(r"%\(\w+\)s|<[^<>]+>", translated)), words


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_stands_in_the_source(language):
    """Nobody needs msgfmt to start the help desk, so what it makes is kept; this says when it was forgotten."""
    source = (folder_of(language) / "django.po").read_text()
    strings = [ast.literal_eval(found) for found in re.findall(r"^msgstr(?:\[.\])? (\".+\")$", source, re.MULTILINE)]
    with (folder_of(language) / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog

    assert sorted(filter(None, strings)) == sorted(value for key, value in compiled.items() if key)


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_each_mail_says_what_its_snapshot_keeps(ada, topic, grace, language):
    ticket = lived(ada, topic, grace)
    User.objects.filter(pk__in=[ada.pk, grace.pk]).update(language=language)
    told = "\n".join(_told(name, ticket, grace) for name, _label in ABOUT_TICKETS)
    path = SNAPSHOTS / f"{language}.txt"
    if os.environ.get("SNAPSHOTS") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(told)

    assert told == path.read_text()


def _told(name: str, ticket, grace) -> str:
    """Return subject, text, and what stands in the HTML; without what differs from run to run."""
    mail = sampling.sample(name, ticket, grace)
    if mail is None:
        return f"=== {name}: nothing happened\n"
    mail.address = Address.objects.select_related("user").get(pk=mail.address_id)
    shown = rendering.preview(mail)
    words = text_of(re.sub(r"(?s)<head>.*?</head>|<!--.*?-->", "", shown.html))
    told = f"=== {name}\nSubject: {shown.subject}\n--- text\n{shown.text}--- html\n{words}\n"
    return told.replace(ticket.number, "4711")
