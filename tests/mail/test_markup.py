"""The HTML of every mail: what the worst programs understand, light and dark; and what became of it, by a snapshot.

`SNAPSHOTS=write script/test tests/mail/test_markup.py` makes the snapshot anew; look at the mails before it is
committed: `MAILS=folder` with the same command writes them there.
"""

import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings

from tests.mail.every import LETTERS, TO_ADMINISTRATORS, every_mail

SNAPSHOT = Path(__file__).parent / "snapshots" / "markup.html"
SHARED = {"base", "frame", "own", "letter"}

TAGS = frozenset(
    re.findall(
        r"\S+",
        "html head meta title style body table tbody tr td div p h1 a strong em b i u s code pre blockquote ul ol li "
        "br span bdi img",
    )
)
# What Word knows, or passes over without harm. No flex, grid, float or position.
PROPERTIES = frozenset(
    re.findall(
        r"\S+",
        "background border border-color border-left border-radius border-top color color-scheme display font "
        "font-family font-size font-weight height line-height margin max-height max-width mso-hide mso-padding-alt "
        "overflow overflow-wrap padding supported-color-schemes text-align text-decoration white-space word-break "
        "-webkit-text-size-adjust",
    )
)
DISPLAYS = {"none", "inline-block"}
VOID = {"meta", "br", "img"}
WORD_ALONE = re.compile(r"<!--\[if mso\]>(.*?)<!\[endif\]-->", re.DOTALL)


@pytest.fixture
def mails(ada, topic, grace):
    return list(every_mail(ada, topic, grace))


class Reader(HTMLParser):
    """Collects elements as (tag, attributes, tags around it); a mistake in nesting fails at once."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.around = [], []
        self.feed(html)
        self.close()
        assert self.around == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), [one for one, _attrs in self.around]))
        if tag not in VOID:
            self.around.append((tag, attrs))

    def handle_endtag(self, tag):
        assert self.around.pop()[0] == tag

    def all(self, tag):
        return [attrs for one, attrs, _around in self.elements if one == tag]


def styles_of(attrs):
    return dict(re.findall(r"([\w-]+):\s*([^;]+)", attrs.get("style") or ""))


def classes_of(attrs):
    return {f".{name}" for name in (attrs.get("class") or "").split()}


@pytest.mark.django_db
def test_every_template_is_among_the_mails(mails):
    """A new template that is not, stands in none of the tests below."""
    folders = [settings.BASE_DIR / "templates" / folder for folder in ("mail", "account/mail")]
    names = {path.stem for folder in folders for path in folder.glob("*.html") if not path.stem.startswith("_")}

    assert {mail.name for mail in mails} == names - SHARED
    assert {*LETTERS, *TO_ADMINISTRATORS} < names


@pytest.mark.django_db
def test_mails_are_made_of_what_every_program_shows(mails):
    for mail in mails:
        page = Reader(mail.html)
        assert {tag for tag, _attrs, _around in page.elements} <= TAGS, mail.name
        for tag, attrs, _around in page.elements:
            styles = styles_of(attrs)
            assert styles.keys() <= PROPERTIES, (mail.name, tag, styles.keys() - PROPERTIES)
            assert styles.get("display", "none") in DISPLAYS, (mail.name, tag)
            assert not any(name.startswith("on") for name in attrs), (mail.name, tag)
        assert not re.search(r"url\(|@import|@font-face", mail.html), mail.name
        assert all(attrs["src"].startswith("cid:") for attrs in page.all("img")), mail.name


@pytest.mark.django_db
def test_what_is_laid_out_is_laid_out_by_tables_with_attributes(mails):
    for mail in mails:
        page = Reader(mail.html)
        for attrs in page.all("table"):
            assert attrs["role"] == "presentation", mail.name
            assert attrs["cellpadding"] == attrs["cellspacing"] == attrs["border"] == "0", mail.name
        # Words that stand in no table would be as wide as the window, in the program's own font.
        assert all("td" in around for tag, _attrs, around in page.elements if tag in {"p", "h1", "a", "li"}), mail.name
        # Word knows no max-width: it alone is told a width, by a table around the one that has a max-width.
        assert [bool(attrs.get("style")) for attrs in page.all("td")] == [True] * len(page.all("td")), mail.name
        wide = "".join(WORD_ALONE.findall(mail.html))
        assert '<td width="600">' in wide, mail.name
        assert [wide.count(f"<{tag}") for tag in ("table", "tr", "td")] == [1, 1, 1], mail.name
        assert [wide.count(f"</{tag}>") for tag in ("table", "tr", "td")] == [1, 1, 1], mail.name


@pytest.mark.django_db
def test_a_button_is_a_cell_with_a_colour(mails):
    for mail in mails:
        page = Reader(mail.html)
        [cell] = [attrs for attrs in page.all("td") if ".action-cell" in classes_of(attrs)]
        [link] = [attrs for attrs in page.all("a") if ".button" in classes_of(attrs)]

        assert cell["bgcolor"] == styles_of(cell)["background"], mail.name
        assert "mso-padding-alt" in styles_of(cell), mail.name
        assert link["href"].startswith(("http://", "https://")), mail.name


@pytest.mark.django_db
def test_nothing_depends_on_the_head_but_the_dark_theme_and_small_screens(mails):
    for mail in mails:
        [style] = re.findall(r"<style>(.*?)</style>", mail.html, re.DOTALL)
        outside = re.sub(r"@media[^{]+\{(?:[^{}]+\{[^{}]*\})*\s*\}", "", style)
        assert outside.strip() == "", mail.name
        # A rule without it loses against the attribute.
        for declaration in re.findall(r"[\w-]+:[^;{}]+;", style):
            assert declaration.endswith("!important;"), (mail.name, declaration)


@pytest.mark.django_db
def test_each_colour_has_another_one_in_the_dark_theme(mails):
    for mail in mails:
        assert '<meta name="color-scheme" content="light dark">' in mail.html, mail.name
        dark = mail.html.partition("(prefers-color-scheme: dark) {")[2].partition("</style>")[0]
        named = {one.split()[-1] for rule in re.findall(r"([^{}]+)\{", dark) for one in rule.split(",")}
        for tag, attrs, _around in Reader(mail.html).elements:
            if {"color", "background", "border-top", "border-left"} & styles_of(attrs).keys():
                assert {tag, *classes_of(attrs)} & named, (mail.name, tag, attrs)


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_mail_says_in_which_language_it_is(ada, topic, grace, language):
    for mail in every_mail(ada, topic, grace, language=language):
        assert f'<html lang="{language}"' in mail.html, mail.name


@pytest.mark.django_db
def test_each_mail_keeps_its_markup(mails):
    """Without styles, which the rest of this file is about; those of one mail are kept."""
    if folder := os.environ.get("MAILS"):
        _write_all(Path(folder), mails)
    told = "\n".join(f"<!-- === {mail.name}: {mail.subject} -->\n{_bare(mail.html)}" for mail in mails)
    told += f"\n<!-- === with its styles -->\n{mails[2].html}"
    if os.environ.get("SNAPSHOTS") == "write":
        SNAPSHOT.write_text(told)

    assert told == SNAPSHOT.read_text()


def _bare(html):
    """Return what stands in the card and below it."""
    inner = html.partition('<table class="page"')[2].partition(">")[2].partition("<!--[if mso]>")[0]
    return re.sub(r"\n\s*\n+", "\n", re.sub(r' style="[^"]*"', "", inner)).strip() + "\n"


def _write_all(folder, mails):
    folder.mkdir(parents=True, exist_ok=True)
    for mail in mails:
        (folder / f"{mail.name}.html").write_text(mail.html)
        (folder / f"{mail.name}.txt").write_text(f"Subject: {mail.subject}\n\n{mail.text}")
