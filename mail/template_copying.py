"""Copying a set of mail templates: all that one department has in one language, to another (PARITY L01)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.languages import mail_languages
from mail.models import Letter, MailTemplate
from tickets.models import Department

EVERYWHERE = _("Everywhere")
COPIED = ("subject", "body", "text", "html_version", "notes")


@dataclass(frozen=True, slots=True)
class TemplateSet:
    """The templates of one department, None for those that hold everywhere, in one language."""

    department: Department | None
    language: str

    def rows(self) -> Any:
        return MailTemplate.objects.filter(department=self.department, language=self.language)


@dataclass(frozen=True, slots=True)
class Copy:
    """One template that was copied. `before` are the words that stood there, None where there was none."""

    source: MailTemplate
    row: MailTemplate
    before: Mapping[str, Any] | None


class CopyForm(forms.Form):
    """`cleaned_data["source"]` and `["target"]` are TemplateSets, and differ."""

    from_department = forms.ModelChoiceField(
        label=_("From the department"), queryset=Department.objects.none(), required=False, empty_label=EVERYWHERE
    )
    from_language = forms.ChoiceField(label=_("In the language"), choices=mail_languages)
    to_department = forms.ModelChoiceField(
        label=_("To the department"), queryset=Department.objects.none(), required=False, empty_label=EVERYWHERE
    )
    to_language = forms.ChoiceField(label=_("Into the language"), choices=mail_languages)
    replaces = forms.BooleanField(
        label=_("Replace what is there"),
        required=False,
        help_text=_("Off: a mail that has a template there already keeps it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("from_department", "to_department"):
            field: Any = self.fields[name]
            field.queryset = Department.objects.active().with_path().in_order()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        for name, end in (("source", "from"), ("target", "to")):
            cleaned[name] = TemplateSet(cleaned[f"{end}_department"], cleaned[f"{end}_language"])
        if cleaned["source"] == cleaned["target"]:
            raise ValidationError(_("Choose another department or another language to copy to."))
        if not cleaned["source"].rows().exists():
            self.add_error("from_language", _("There is no template of this department in this language."))
        return cleaned


@transaction.atomic
def copy(source: TemplateSet, target: TemplateSet, *, replaces: bool) -> list[Copy]:
    """Copy every template of the set, and return what was copied. What the target has stays unless `replaces`.

    In another language a copy is not active, for it still says everything in the old one.
    """
    there = {row.template: row for row in target.rows().select_for_update(of=("self",))}
    done = []
    for one in source.rows().order_by("pk"):
        if one.template in Letter and target.department is not None:
            # Mails about accounts are no department's.
            continue
        row = there.get(one.template)
        if row is not None and not replaces:
            continue
        before = None if row is None else {name: getattr(row, name) for name in (*COPIED, "is_active")}
        row = row or MailTemplate(template=one.template, department=target.department, language=target.language)
        for name in COPIED:
            setattr(row, name, getattr(one, name))
        row.is_active = one.is_active and source.language == target.language
        row.silent_at = None
        row.save()
        done.append(Copy(one, row, before))
    return done
