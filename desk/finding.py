"""Choosing one among many: the first few are listed, and a box finds the others by a part of their name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from desk.sidebar import read_id

# How many are listed at once: of agents and of teams; of departments, topics, plans, which few help desks have more of.
PEOPLE_SHOWN = 50
ROWS_SHOWN = 200
LONGEST = 100


class FindSelect(forms.Select):
    """A list with, where `find` says so, a box above it.

    With script the list follows the typing; without, the button asks for it.
    """

    find: "Find | None" = None
    # The hint follows the typing as the list does.
    keeps_hint = True
    # What is listed and cannot be chosen.
    closed: frozenset[str] = frozenset()

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if str(value) in self.closed:
            option["attrs"]["disabled"] = True
        return option

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        listed = super().render(name, value, attrs, renderer)
        if self.find is None:
            return listed
        target = f"#{attrs['id']}"
        box = forms.TextInput(
            {
                "class": "input",
                "dir": "auto",
                "aria-label": _("Find"),
                "aria-describedby": attrs.get("aria-describedby", False),
                "autocomplete": "off",
                "maxlength": LONGEST,
                "hx-post": self.find.action,
                # `settled` is for what was typed before it listened (ui.js).
                "hx-trigger": "input changed delay:250ms, settled",
                "hx-vals": '{"refresh": "1"}',
                "hx-target": target,
                "hx-select": target,
                "hx-select-oob": f"{target}_helptext",
                "hx-swap": "outerHTML",
                "hx-sync": "this:replace",
            }
        )
        return format_html(
            '<div class="find">{}<button class="btn" name="refresh" value="1">{}</button></div>{}',
            box.render(self.find.box, self.find.text),
            _("Find"),
            listed,
        )


@dataclass(frozen=True, slots=True)
class Find:
    """What is typed into the box of that name; `action` answers the form with the list that fits it."""

    box: str
    text: str
    action: str

    @classmethod
    def of(cls, form: forms.BaseForm, action: str, box: str = "find") -> "Find":
        return cls(box, str(given(form).get(box) or "").replace("\x00", "").strip()[:LONGEST], action)

    def offer(self, field: Any, choices: Iterable[Any], *, shown: int, has_more: bool) -> None:
        """Let the field list these choices, `shown` of how many there are; the box comes with them if it is of use."""
        field.widget.choices = choices
        if self.text or has_more:
            field.widget.find = self
            field.help_text = f"{field.help_text} {self._hint(shown, has_more)}".strip()

    def choose_sole(self, form: forms.BaseForm, name: str, groups: Iterable[tuple[str, list[tuple[str, str]]]]) -> None:
        """Where one alone fits what was typed, let the form's field of that name start from it."""
        found = [value for _label, choices in groups for value, _name in choices]
        if self.text and not form.is_bound and len(found) == 1:
            form.initial[name] = found[0]

    def _hint(self, shown: int, has_more: bool) -> str:
        if has_more:
            return _("The list shows the first %(count)s. Type a part of a name to find others.") % {"count": shown}
        if not shown:
            return _("Nothing fits “%(text)s”.") % {"text": self.text}
        return _("The list shows all that fit “%(text)s”.") % {"text": self.text}


def given(form: forms.BaseForm) -> Mapping[str, Any]:
    """Return what the form was sent with, else what it starts from."""
    return form.data if form.is_bound else form.initial


def first(found: "QuerySet[Any]", count: int = PEOPLE_SHOWN) -> tuple[list[Any], bool]:
    """Return the first rows, and whether there are more."""
    rows = list(found[: count + 1])
    return rows[:count], len(rows) > count


def offer_rows(form: forms.BaseForm, name: str, rows: "QuerySet[Any]", *, action: str, box: str = "find") -> None:
    """Let the form's field of that name choose among named rows. What was chosen stays in the list, found or not."""
    field: Any = form.fields[name]
    field.queryset = rows
    find = Find.of(form, action, box)
    listed, has_more = first(_found(rows, find.text) if find.text else rows, ROWS_SHOWN)
    shown, chosen = len(listed), read_id(str(given(form).get(name) or ""))
    if chosen is not None and all(row.pk != chosen for row in listed):
        listed = [*rows.filter(pk=chosen), *listed]
    field.choices = [
        *([("", field.empty_label)] if field.empty_label is not None else []),
        *((row.pk, field.label_from_instance(row)) for row in listed),
    ]
    find.offer(field, field.choices, shown=shown, has_more=has_more)


def _found(rows: "QuerySet[Any]", text: str) -> "QuerySet[Any]":
    return rows.found_by(text) if hasattr(rows, "found_by") else rows.filter(name__icontains=text)
