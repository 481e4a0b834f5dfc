"""Help topics in the administration, and the page on which they are arranged."""

import re
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Agent, Team
from core.changes import Change, record
from core.disabling import DisablingAdmin
from core.models import Numbering, SiteSettings
from core.models.settings import TopicOrder
from tickets import automatic
from tickets.department_admin import NestedForm, why_parent_stays
from tickets.models import CannedResponse, HelpTopic
from tickets.routing import Skipped, default_department, route

PREFIX = re.compile(r"[A-Z0-9][A-Z0-9-]*", re.ASCII)
# Between two topics, so that one more finds its place by its number as well.
STEP = 10


class TopicForm(NestedForm):
    needs_default = False

    class Meta:
        widgets = {"thank_you": forms.Textarea({"rows": 4}), "notes": forms.Textarea({"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "next_number" in self.fields:
            # It is counted on while the page is open: only what somebody typed is saved.
            self.fields["next_number"].show_hidden_initial = True

    def clean_number_prefix(self) -> str:
        prefix: str = self.cleaned_data["number_prefix"].upper()
        if prefix and not PREFIX.fullmatch(prefix):
            raise ValidationError(_("Use letters from A to Z, digits and hyphens, and no hyphen first, such as INV-."))
        return prefix

    def clean_answer(self) -> CannedResponse | None:
        """Refuse what could not be sent: that it does not hold tells nobody else."""
        answer: CannedResponse | None = self.cleaned_data["answer"]
        if answer is None or answer == self.instance.answer:
            return answer
        chosen = self.cleaned_data.get("department") or default_department()
        if chosen is not None and not automatic.is_usable(answer, chosen):
            raise ValidationError(
                _("It is not active, not offered in this topic's department, or says nothing but variables.")
            )
        return answer

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("answer") and not data.get("acknowledges", True):
            self.add_error(
                "answer", _("It goes in the place of the mail that confirms new tickets, which this topic leaves out.")
            )
        if data.get("assignee") and data.get("team"):
            self.add_error("team", _("Choose an agent or a team, not both."))
        if data.get("numbering") == Numbering.SEQUENCE and "number_prefix" in data:
            self._check_prefix(data["number_prefix"])
        return data

    def _check_prefix(self, prefix: str) -> None:
        """Numbers that topics count for themselves must not meet those of another topic or of the site."""
        if not prefix:
            self.add_error("number_prefix", _("Numbers that count for this topic alone have to begin with something."))
            return
        others = HelpTopic.objects.filter(number_prefix=prefix, numbering=Numbering.SEQUENCE)
        if other := others.exclude(pk=self.instance.pk).first():
            text = _("The numbers of “%(name)s” begin like this. Choose something else.") % {"name": other}
            self.add_error("number_prefix", text)


@admin.register(HelpTopic)
class HelpTopicAdmin(DisablingAdmin):
    about = _(
        "What requesters choose from when they ask. A topic says which department, priority and plan its tickets get."
    )
    form = TopicForm
    change_list_template = "admin/topics.html"
    list_display = ("path", "state", "is_public", "department", "priority", "sla_plan", "given_to", "is_default")
    list_select_related = (
        *("parent__parent", "department__parent__parent"),
        *("priority", "sla_plan", "assignee", "team"),
    )
    sortable_by = ()
    fieldsets = (
        (None, {"fields": ("name", "parent", "hint", "advice", "is_public", "make_default", "notes")}),
        (_("What its tickets get"), {"fields": ("department", "priority", "sla_plan", "assignee", "team")}),
        (_("Once a ticket is sent"), {"fields": ("thank_you", "answer", "acknowledges", "acknowledges_messages")}),
        (_("Ticket numbers"), {"fields": ("number_prefix", "numbering", "next_number")}),
    )
    autocomplete_fields = ("assignee", "team", "answer")
    search_fields = ("name", "parent__name", "parent__parent__name")
    audited_words: ClassVar[Any] = ("name", "number_prefix")

    def get_ordering(self, request: HttpRequest) -> Any:
        return HelpTopic.objects.arranged().query.order_by

    @admin.display(description=_("name"))
    def path(self, topic: HelpTopic) -> str:
        return topic.path

    @admin.display(description=_("assigned to"))
    def given_to(self, topic: HelpTopic) -> str:
        return str(topic.assignee or topic.team or "")

    def looked_up(self, field: str) -> QuerySet[Any] | None:
        if field == "assignee":
            return Agent.objects.agents().order_by("name", "pk")
        if field == "team":
            return Team.objects.filter(archived_at=None).order_by("name", "pk")
        if field == "answer":
            return CannedResponse.objects.active().in_order()
        return super().looked_up(field)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        with transaction.atomic():
            if change and "next_number" not in form.changed_data:
                # The row is locked from here on (core.bounded_admin), and numbers were reserved until now.
                counted = HelpTopic.objects.select_for_update(no_key=True).filter(pk=obj.pk)
                obj.next_number = counted.values_list("next_number", flat=True).get()
            if not change or "parent" in form.changed_data:
                obj.position = _last_position(obj.parent_id) + STEP
            super().save_model(request, obj, form, change)
        self._warn(request, HelpTopic.objects.get(pk=obj.pk))

    def _warn(self, request: HttpRequest, topic: HelpTopic) -> None:
        """Tell now what every ticket's history would tell later: that whom the topic names does not get it.

        And that its automatic answer does not hold: then a plain mail confirms tickets.
        """
        chosen = route(topic)
        reasons = chosen.reasons
        if topic.answer is not None and not automatic.is_usable(topic.answer, chosen.department):
            unused = _("“%(name)s” is not active or not offered in this department, so it answers nothing meanwhile.")
            self.message_user(request, unused % {"name": topic.answer}, messages.WARNING)
        skipped = next((reasons[field].get("skipped") for field in ("assignee", "team") if field in reasons), None)
        if skipped is None:
            return
        texts = {
            Skipped.GONE: _("“%(name)s” is not active, so tickets are not given to them."),
            Skipped.VACATION: _("“%(name)s” is on vacation, so tickets are not given to them meanwhile."),
            Skipped.NOT_IN_DEPARTMENT: _("“%(name)s” may not have tickets of the department, so they are not given."),
            Skipped.NOBODY_THERE: _("Nobody in “%(name)s” is there, so tickets are not given to them."),
        }
        text = texts[Skipped(skipped)] % {"name": topic.assignee or topic.team}
        self.message_user(request, text, messages.WARNING)

    def why_not_archived(self, row: Any) -> str | None:
        return super().why_not_archived(row) or why_parent_stays(row)

    # --- Arranging ---------------------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        arrange = path("arrange/", self.admin_site.admin_view(self.arrange), name="tickets_helptopic_arrange")
        return [arrange, *super().get_urls()]

    def arrange(self, request: HttpRequest) -> HttpResponse:
        """Show all topics that are not archived, and move one among those beside it: by buttons, or by dragging."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self._move(request)
        rows = list(HelpTopic.objects.active().with_path().in_order(by_position=True))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Arrange help topics"),
            "opts": self.opts,
            "topics": _tree(rows),
            "is_by_name": SiteSettings.load().topic_order == TopicOrder.NAME,
        }
        return TemplateResponse(request, "admin/arrange.html", context)

    @transaction.atomic
    def _move(self, request: HttpRequest) -> HttpResponse:
        """Put one topic where the button or the hand says: a step up or down, or to a place among those beside it."""
        back = reverse("admin:tickets_helptopic_arrange")
        # One at a time: places are counted anew.
        SiteSettings.objects.select_for_update().get(pk=1)
        wanted = _Move.read(request)
        topic = HelpTopic.objects.active().filter(pk=wanted.pk).first() if wanted else None
        if wanted is None or topic is None:
            self.message_user(request, gettext("This topic is not there any more. Here is how it stands."), "warning")
            return redirect(back)
        beside = list(HelpTopic.objects.active().filter(parent=topic.parent_id).order_by("position", "name", "pk"))
        old = next(place for place, other in enumerate(beside) if other.pk == topic.pk)
        new = min(max(wanted.place if wanted.place is not None else old + wanted.step, 0), len(beside) - 1)
        if new != old:
            beside.insert(new, beside.pop(old))
            for place, other in enumerate(beside, start=1):
                other.position = place * STEP
            HelpTopic.objects.bulk_update(beside, ["position"])
            record(Change.CHANGED, request=request, row=topic, changes={"place": (old + 1, new + 1)})
            text = gettext("“%(name)s” is number %(place)s of %(all)s now.")
            self.message_user(request, text % {"name": topic.name, "place": new + 1, "all": len(beside)})
        return redirect(f"{back}#topic-{topic.pk}")


class _Move:
    """What a client wants moved: a topic, by a step or to a place."""

    def __init__(self, pk: int, step: int = 0, place: int | None = None) -> None:
        self.pk, self.step, self.place = pk, step, place

    @classmethod
    def read(cls, request: HttpRequest) -> "_Move | None":
        for name, step in (("up", -1), ("down", 1)):
            if (pk := _number(request.POST.get(name, ""))) is not None:
                return cls(pk, step=step)
        pk, place = _number(request.POST.get("topic", "")), _number(request.POST.get("place", ""))
        return cls(pk, place=place) if pk is not None and place is not None else None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _last_position(parent_id: int | None) -> int:
    last = HelpTopic.objects.filter(parent=parent_id).aggregate(last=Max("position"))["last"]
    return min(last or 0, 32_000)


def _tree(rows: list[HelpTopic]) -> list[dict[str, Any]]:
    """Return the rows as lists within lists. What is below something archived stands at the top."""
    nodes = {row.pk: {"topic": row, "children": []} for row in rows}
    top: list[dict[str, Any]] = []
    for row in rows:
        above: Any = nodes.get(row.parent_id) if row.parent_id else None
        siblings = above["children"] if above else top
        siblings.append(nodes[row.pk])
    return top
