"""The form of a page: what holds for it, and its texts in every language, each with a heading and rich text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import strip_tags
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from core import cleaning
from core.bounded_admin import ModelForm
from core.languages import mail_languages
from core.models import NewFile, SiteSettings
from core.uploads import MAX_FILES, receive
from core.written_images import WrittenImages
from pages.models import LONGEST_BODY, LONGEST_NOTICE, MOST_PAGES, SEVERAL, Page, PageKind, PageText, Picture
from pages.words import KNOWN, Placed, cid_of, pictures_in, vocabulary_of, with_pictures
from tickets import variables
from tickets.variable_fields import VariableInput, VariableTextarea, checked_html
from tickets.writing import NO_IMAGE

# An image that was stored for this form and is no picture of the page yet (core.written_images).
_NEW_IMAGE = re.compile(r'"cid:([0-9a-f]{32}@image)"')
_PICTURE_PATH = re.compile(r"/pages/pictures/([0-9]{1,18})/")
_FIELDS_OF_STATE = (
    *("name", "is_published", "slug", "in_footer", "position", "severity", "audience", "starts_at", "ends_at"),
    "notes",
)


@dataclass(frozen=True, slots=True)
class Draft:
    """What the form says in one language, cleaned."""

    language: str
    title: str
    body: str


class RichTextarea(VariableTextarea):
    """A field for HTML, in whose place an editor comes where scripts run (static/js/page-editor.js)."""

    uploads = ""

    class Media:
        js = (forms.Script("js/toolbar.js", defer=True), forms.Script("js/page-editor.js", defer=True))

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        context = {
            "area": super().render(name, value, attrs, renderer),
            "label": (attrs or {}).get("aria-label") or self.attrs.get("aria-label", ""),
            "uploads": self.uploads,
            "names": [(one.name, str(one.description)) for one in self.vocabulary.values()],
        }
        return render_to_string("admin/_rich_text.html", context)


class AddForm(ModelForm):
    """Where a page begins: its kind stays, and decides what the form of it asks for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slug"].help_text = _("Of a page of its own: what stands behind /pages/, such as opening-hours.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if Page.objects.count() >= MOST_PAGES:
            raise ValidationError(_("There are %(most)s pages. Delete one first."), params={"most": MOST_PAGES})
        return cleaned


class PageFormBase(ModelForm):
    """`drafts` are the texts as the form says them, `images` those that stand in them and are no pictures yet."""

    # What the page was when the form was shown.
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    drafts: tuple[Draft, ...] = ()
    images: tuple[NewFile, ...] = ()
    # Whose uploads the texts may show, and where these are stored.
    owner = ""

    class Meta:
        widgets = {"notes": forms.Textarea({"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._images = WrittenImages(self.owner)
        self._own_pictures = set(self.instance.pictures.values_list("pk", flat=True))
        self.initial["seen"] = state_of(self.instance)
        if "slug" in self.fields:
            self.fields["slug"].required = True
        vocabulary = vocabulary_of(self.instance.kind)
        for text in self.instance.texts.all():
            self.initial[f"title_{text.language}"] = text.title
            self.initial[f"body_{text.language}"] = with_pictures(text.body)
        for code, _name in mail_languages():
            body: Any = self.fields[f"body_{code}"]
            if self.instance.kind == PageKind.NOTICE:
                body.widget = VariableTextarea({"rows": 3, "cols": 80, "lang": code})
                body.help_text = _("Plain text; addresses become links.")
            else:
                body.widget.uploads = reverse("admin:pages_page_upload")
            for field in (body, self.fields[f"title_{code}"]):
                field.widget.vocabulary = vocabulary

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("seen") != state_of(self.instance):
            sentence = _(
                "Somebody else has changed this page since you opened it. Nothing was saved: open it again in another "
                "window, and bring the two together."
            )
            self.add_error(None, sentence)
        self.drafts = tuple(self._read(cleaned))
        self._take_images()
        if not self.errors and cleaned.get("is_published"):
            self._check_publishing(cleaned)
        return cleaned

    def draft_in(self, language: str) -> Draft | None:
        return next((draft for draft in self.drafts if draft.language == language), None)

    def new_images(self) -> list[Placed]:
        """Return the images that stand in the texts and are not saved yet, where whoever stored them can load them."""
        address = reverse("admin:pages_page_upload")
        found = self._images.found().items()
        return [Placed(content_id, f"{address}?{urlencode({'file': reference})}") for content_id, reference in found]

    def _read(self, cleaned: dict[str, Any]) -> Iterator[Draft]:
        for code, _name in mail_languages():
            title = " ".join(str(cleaned.get(f"title_{code}") or "").split())
            raw = str(cleaned.get(f"body_{code}") or "")
            try:
                body = self._body(raw)
            except ValidationError as error:
                self.add_error(f"body_{code}", error)
                continue
            if found := variables.problems_of_subject(title, vocabulary_of(self.instance.kind), known=KNOWN):
                self.add_error(f"title_{code}", [str(problem) for problem in found])
            if title and not body:
                self.add_error(f"body_{code}", _("A heading alone says little. Write the text, too."))
            if body and not title and self.instance.kind == PageKind.OTHER:
                self.add_error(f"title_{code}", _("A page of its own needs a heading: the footer says it."))
            if body:
                yield Draft(code, title, body)

    def _body(self, raw: str) -> str:
        """Return what somebody wrote, cleaned; "" where it says nothing. Raises ValidationError."""
        vocabulary = vocabulary_of(self.instance.kind)
        if self.instance.kind == PageKind.NOTICE:
            text = raw.replace("\x00", "").replace("\r\n", "\n").strip()
            if len(text) > LONGEST_NOTICE:
                told = {"count": len(text), "most": LONGEST_NOTICE}
                raise ValidationError(_("This is too long: %(count)s characters, of at most %(most)s."), params=told)
            if found := variables.problems(text, vocabulary, known=KNOWN):
                raise ValidationError([str(problem) for problem in found])
            return text
        html = checked_html(raw, vocabulary, known=KNOWN, most=LONGEST_BODY, clean=self._clean)
        says_something = strip_tags(html).replace("&nbsp;", " ").strip() or "<img" in html
        return html if says_something else ""

    def _clean(self, html: str) -> str:
        return NO_IMAGE.sub("", cleaning.clean_written(html, self._image, tags=cleaning.PAGE_TAGS))

    def _image(self, address: str) -> str | None:
        """Return by what the text is to show the image of that address: of this page's pictures, or a new upload."""
        try:
            own = _PICTURE_PATH.fullmatch(urlsplit(address.strip()).path)
        except ValueError:
            return None
        if own:
            return cid_of(int(own[1])) if int(own[1]) in self._own_pictures else None
        return self._images.content_id(address)

    def _take_images(self) -> None:
        found = dict.fromkeys(one for draft in self.drafts for one in _NEW_IMAGE.findall(draft.body))
        if len(found) > MAX_FILES:
            sentence = _("These are %(count)s new pictures; %(most)s can be saved at once.")
            self.add_error(None, ValidationError(sentence, params={"count": len(found), "most": MAX_FILES}))
            return
        received = receive([], self._images.named_by(found), owner=self.owner)
        for problem in received.problems:
            self.add_error(None, problem)
        self.images = tuple(self._images.placed(received.files))

    def _check_publishing(self, cleaned: dict[str, Any]) -> None:
        language = SiteSettings.load().language
        if self.draft_in(language) is None:
            name = dict(mail_languages())[language]
            sentence = _now(
                "Write it in the language of the help desk first, %(language)s: whoever reads none of the others gets "
                "that."
            )
            self.add_error("is_published", sentence % {"language": name})
        if self.instance.kind not in SEVERAL:
            others = Page.objects.filter(kind=self.instance.kind, is_published=True).exclude(pk=self.instance.pk)
            if other := others.first():
                sentence = _now("“%(name)s” is published there. Make that a draft first.")
                self.add_error("is_published", sentence % {"name": other})
        if self.instance.kind == PageKind.THANKS:
            self._check_thanks(set(cleaned.get("topics") or ()))

    def _check_thanks(self, topics: set[Any]) -> None:
        """A ticket has one thank-you: no topic may be named by two pages, and one page holds for the others."""
        others = Page.objects.filter(kind=PageKind.THANKS, is_published=True).exclude(pk=self.instance.pk)
        if not topics and (other := others.filter(topics=None).first()):
            sentence = _now("“%(name)s” holds for all help topics. Choose the topics that this one is for.")
            self.add_error("topics", sentence % {"name": other})
        if topics and (other := others.filter(topics__in=topics).first()):
            sentence = _now("“%(name)s” is for one of these help topics already.")
            self.add_error("topics", sentence % {"name": other})


def _text_fields() -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for code, name in mail_languages():
        heading, text = _("Heading"), _("Text")
        fields[f"title_{code}"] = forms.CharField(
            label=heading,
            max_length=120,
            required=False,
            widget=VariableInput({"size": 60, "lang": code, "aria-label": format_lazy("{} ({})", heading, name)}),
        )
        fields[f"body_{code}"] = forms.CharField(
            label=text,
            required=False,
            strip=False,
            widget=RichTextarea(
                {"rows": 12, "cols": 80, "lang": code, "aria-label": format_lazy("{} ({})", text, name)}
            ),
        )
    return fields


# With a heading and a text for each language in which anything is written.
PageForm: Any = type("PageForm", (PageFormBase,), _text_fields())


def state_of(page: Page) -> str:
    """Return what is another as soon as anything of the page is: by it a form knows that others changed it."""
    texts = sorted(page.texts.values_list("language", "title", "body"))
    topics = sorted(page.topics.values_list("pk", flat=True))
    fields = [str(getattr(page, name)) for name in _FIELDS_OF_STATE]
    return sha256(repr((fields, texts, topics)).encode()).hexdigest()[:32]


def write(page: Page, form: PageFormBase) -> None:
    """Keep the texts as the form says them, with their pictures, and let go of what is in none of them any more."""
    keys = {}
    for file in form.images:
        picture, _made = Picture.objects.get_or_create(
            page=page, blob=file.blob, defaults={"name": file.name, "content_type": file.content_type}
        )
        keys[file.content_id] = picture.pk
    for draft in form.drafts:
        body = _NEW_IMAGE.sub(lambda new: f'"cid:{cid_of(keys[new[1]])}"', draft.body)
        PageText.objects.update_or_create(
            page=page,
            language=draft.language,
            defaults={"title": draft.title, "body": body, "html_version": cleaning.VERSION},
        )
    page.texts.exclude(language__in=[draft.language for draft in form.drafts]).delete()
    shown = {key for body in page.texts.values_list("body", flat=True) for key in pictures_in(body)}
    page.pictures.exclude(pk__in=shown).delete()


def copy(page: Page) -> Page:
    """Return a draft that says the same, with pictures of its own."""
    made = Page.objects.get(pk=page.pk)
    made.pk, made._state.adding = None, True
    made.name = (_now("%(name)s (copy)") % {"name": page.name[:60]})[:80]
    made.slug, made.is_published = _free_slug(page.slug), False
    made.save()
    made.topics.set(page.topics.all())
    keys = {}
    for picture in page.pictures.all():
        old, picture.pk, picture.page, picture._state.adding = picture.pk, None, made, True
        picture.save()
        keys[old] = picture.pk
    for text in page.texts.all():
        text.pk, text.page, text._state.adding = None, made, True
        for old in sorted(pictures_in(text.body)):
            text.body = text.body.replace(f'"cid:{cid_of(old)}"', f'"cid:new-{cid_of(keys[old])}"')
        text.body = text.body.replace('"cid:new-', '"cid:')
        text.save()
    return made


def _free_slug(slug: str) -> str:
    if not slug:
        return ""
    tries = (f"{slug[:55].rstrip('-')}-{number}" for number in range(2, MOST_PAGES + 3))
    taken = set(Page.objects.exclude(slug="").values_list("slug", flat=True))
    return next(one for one in tries if one not in taken)
