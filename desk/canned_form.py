"""The form of a canned response at the desk."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.models import CannedResponse, Department
from tickets.models.canned import LONGEST_BODY
from tickets.variable_fields import VariableTextarea, checked_html
from tickets.vocabulary import CANNED, EVERYTHING


class CannedForm(forms.Form):
    """`department` becomes a Department, one of the agent's; `body` cleaned HTML."""

    title = forms.CharField(label=_("Title"), max_length=120)
    department = forms.ModelChoiceField(
        Department.objects.none(),
        label=_("Department"),
        empty_label=None,
        help_text=_("Offered there and in what is part of it."),
    )
    body = forms.CharField(
        label=_("Text"),
        max_length=2 * LONGEST_BODY,
        widget=VariableTextarea,
        help_text=_("Plain text with a blank line between paragraphs, or HTML. Type {{ to choose a variable."),
    )
    is_active = forms.BooleanField(label=_("Offered to agents"), required=False)

    def __init__(
        self, *args: Any, places: Collection[int], response: CannedResponse | None = None, **kwargs: Any
    ) -> None:
        if response is not None:
            kwargs["initial"] = {
                "title": response.title,
                "department": response.department_id,
                "body": response.body,
                "is_active": response.is_active,
            } | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        body: Any = self.fields["body"].widget
        body.vocabulary = CANNED
        field: Any = self.fields["department"]
        rows = Department.objects.active().filter(pk__in=places).select_related("parent__parent")
        field.queryset = rows.order_by("name", "pk")
        field.label_from_instance = lambda department: department.path

    def clean_title(self) -> str:
        return " ".join(str(self.cleaned_data["title"]).split())

    def clean_body(self) -> str:
        return checked_html(self.cleaned_data["body"], CANNED, known=EVERYTHING, most=LONGEST_BODY)
