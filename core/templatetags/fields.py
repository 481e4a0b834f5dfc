"""Tags that draw forms: a field with its label and errors, and what is wrong with a form. Loaded in every template."""

from typing import Any

from django import forms, template
from django.forms import BaseForm, BoundField
from django.utils.translation import ngettext

register = template.Library()


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, label: str = "", hint: str | None = None, css: str = "", **attrs: Any) -> dict[str, Any]:
    """Draw a form field: label, hint, error, input, tied together for screen readers.

    `label` and `hint` replace the form's own; further arguments become attributes of the input
    (`rows=6 autocomplete="email"`; an underscore stands for a hyphen). A widget of the class
    `input-note` is amber and says that only agents see it. A field that `is_one_of` several to choose between
    is not called optional. A widget that `keeps_hint` has a place for one though there is none now.
    """
    widget = bound.field.widget
    kind = _kind_of(widget)
    own_css = str(widget.attrs.get("class", ""))
    hint = str(bound.help_text) if hint is None else hint
    is_note = "input-note" in own_css
    attrs = {name.replace("_", "-"): value for name, value in attrs.items()}
    described_by = [f"{bound.auto_id}_error"] if bound.errors else []
    if hint or is_note:
        described_by.append(f"{bound.auto_id}_helptext")
    if described_by:
        attrs["aria-describedby"] = " ".join(described_by)
    if kind == "input":
        attrs["class"] = f"input {own_css} {css}".strip()
        if isinstance(widget, forms.Textarea) or getattr(widget, "input_type", "") == "text":
            attrs.setdefault("dir", "auto")
    return {
        "bound": bound,
        "kind": kind,
        "label": label or bound.label,
        "hint": hint,
        "is_note": is_note,
        "is_optional": not bound.field.required and kind != "check" and not getattr(bound.field, "is_one_of", False),
        "keeps_hint": getattr(widget, "keeps_hint", False),
        "described_by": attrs.get("aria-describedby", ""),
        "widget": "" if kind == "choices" else bound.as_widget(attrs=attrs),
    }


def _kind_of(widget: forms.Widget) -> str:
    if widget.is_hidden:
        return "hidden"
    if isinstance(widget, forms.CheckboxInput):
        return "check"
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "choices"
    return "input"


@register.inclusion_tag("components/error_summary.html")
def error_summary(form: BaseForm) -> dict[str, Any]:
    """Draw what is wrong with a form above it, each with a link to its field. Gets the focus."""
    problems = [("", str(error)) for error in form.non_field_errors()]
    for bound in form:
        target = "" if bound.is_hidden else bound.id_for_label or bound.auto_id
        # A question already ends in its own mark.
        mark = "" if str(bound.label).endswith("?") else ":"
        problems += [(target, f"{bound.label}{mark} {error}" if target else str(error)) for error in bound.errors]
    title = ngettext("One thing needs a change", "%(count)s things need a change", len(problems))
    return {"problems": problems, "title": title % {"count": len(problems)}}
