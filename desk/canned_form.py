"""The form of a canned response at the desk: its words, and the files that go along."""

from collections.abc import Collection, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.uploads import MAX_FILES, FilesForm
from desk.forms import TOO_OLD
from tickets.models import CannedFile, CannedResponse, Department
from tickets.models.canned import LONGEST_BODY
from tickets.variable_fields import VariableTextarea, checked_html
from tickets.vocabulary import CANNED, EVERYTHING

# Of a list of keys: far more than files can go along.
MOST_KEYS = 200
KEY_DIGITS = 18


class CannedForm(FilesForm):
    """`department` becomes a Department, one of the agent's; `body` cleaned HTML.

    `removed` are the keys of the files that stood there to be ticked, and are not. `mark` is what the response was when
    the form was made (CannedResponse.mark).
    """

    title = forms.CharField(
        label=_("Title"), max_length=120, error_messages={"required": _("Write a title by which it is found.")}
    )
    department = forms.ModelChoiceField(
        Department.objects.none(),
        label=_("Department"),
        empty_label=None,
        help_text=_("Offered there and in what is part of it."),
        error_messages={"required": _("Choose a department.")},
    )
    body = forms.CharField(
        label=_("Text"),
        max_length=2 * LONGEST_BODY,
        widget=VariableTextarea,
        help_text=_("Plain text with a blank line between paragraphs, or HTML. Type {{ to choose a variable."),
        error_messages={"required": _("Write the answer that goes to requesters.")},
    )
    is_active = forms.BooleanField(label=_("Offered to agents"), required=False)
    mark = forms.RegexField(
        r"\A[0-9a-f]{32}\Z",
        required=False,
        widget=forms.HiddenInput(attrs={"autocomplete": "off"}),
        error_messages={"invalid": TOO_OLD},
    )

    field_order = ("title", "department", "body", "attachments", "is_active", "mark")

    def __init__(
        self, *args: Any, places: Collection[int], by: User, response: CannedResponse | None = None, **kwargs: Any
    ) -> None:
        if response is not None:
            kwargs["initial"] = {
                "title": response.title,
                "department": response.department_id,
                "body": response.body,
                "is_active": response.is_active,
                "mark": response.mark(),
            } | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        body: Any = self.fields["body"].widget
        body.vocabulary = CANNED
        field: Any = self.fields["department"]
        rows = Department.objects.active().filter(pk__in=places).select_related("parent__parent")
        field.queryset = rows.order_by("name", "pk")
        field.label_from_instance = lambda department: department.path
        self.owner = uploads_of(by)
        self.response = response
        self.there = _files_of(response)

    def see_again(self, response: CannedResponse) -> None:
        """Let the form, shown once more beside what the response is by now, be saved over that."""
        self.there = _files_of(response)
        self.data = self.data.copy()  # type: ignore[attr-defined]  # a QueryDict
        self.data["mark"] = response.mark()  # type: ignore[index]

    @property
    def removed(self) -> frozenset[int]:
        """Return the keys of the files that its writer saw and did not leave ticked; none that came since."""
        if not self.is_bound or not hasattr(self.data, "getlist"):
            return frozenset()
        return _keys(self.data.getlist("shown")) - _keys(self.data.getlist("stay"))

    @property
    def going_along(self) -> list[tuple[CannedFile, bool]]:
        """Return the files that go along now, and whether each is to stay."""
        return [(file, file.pk not in self.removed) for file in self.there]

    def clean_title(self) -> str:
        return " ".join(str(self.cleaned_data["title"]).split())

    def clean_body(self) -> str:
        return checked_html(self.cleaned_data["body"], CANNED, known=EVERYTHING, most=LONGEST_BODY)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.response is not None and not cleaned.get("mark"):
            self.errors.pop("mark", None)
            self.add_error(None, TOO_OLD)
        stay = sum(stays for _file, stays in self.going_along)
        if stay + len(cleaned.get("attachments") or ()) > MAX_FILES:
            text = _now("Only %(most)s files can go along. Remove some first.") % {"most": MAX_FILES}
            self.add_error("attachments", ValidationError(text))
        return cleaned


def _files_of(response: CannedResponse | None) -> Sequence[CannedFile]:
    return list(response.files.select_related("blob").order_by("position")) if response is not None else ()


def uploads_of(agent: User) -> str:
    """Return whose uploads they are, for core.uploads: they are files of canned responses, and of no ticket."""
    return f"desk:{agent.pk}:canned"


def _keys(texts: Sequence[str]) -> frozenset[int]:
    return frozenset(
        int(text) for text in texts[:MOST_KEYS] if text.isascii() and text.isdigit() and len(text) <= KEY_DIGITS
    )
