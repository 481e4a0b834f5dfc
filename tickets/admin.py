"""What only tickets know of the administration: its pages, of which tickets and failed handlers stand here."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import now
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.principal import Principal
from core import wakeups
from core.bounded_admin import FindsWhole, ReadOnlyAdmin
from tickets import (  # noqa: F401 - they register their pages
    agent_admin,
    alerts_admin,
    aside_admin,
    canned_admin,
    department_admin,
    plan_admin,
    role_admin,
    topic_admin,
)
from tickets.models import Department, FailedHandler, Ticket


class DepartmentFilter(admin.RelatedFieldListFilter):
    """All departments by their paths: to find those that have tickets would read every ticket."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[Any]:
        return [(department.pk, department.path) for department in Department.objects.with_path().in_order()]


@admin.register(Ticket)
class TicketAdmin(FindsWhole, ReadOnlyAdmin):
    """What a ticket is and where it stands. What was written in it is the desk's."""

    about = _("What tickets are and where they stand. What was written in them is read at the desk.")
    list_display = ("number", "shortened", "status", "department", "priority", "requester", "opened_at")
    list_select_related = ("department__parent__parent", "priority", "requester")
    list_filter = ("status", ("department", DepartmentFilter))
    fieldsets = (
        (None, {"fields": ("number", "subject", "status", "awaiting", "source", "close_reason")}),
        (_("Who"), {"fields": ("requester", "organization", "department", "assignee", "team")}),
        (_("What was set"), {"fields": ("topic", "priority", "sla_plan", "follow_up_of", "merged_into")}),
        (
            _("When"),
            {
                "fields": (
                    "opened_at",
                    "first_response_at",
                    "resolved_at",
                    "closed_at",
                    "closes_at",
                    "last_activity_at",
                    "reopened_count",
                )
            },
        ),
    )
    search_fields = ("number", "requester__addresses__email")
    finds_address, finds_number = "requester__addresses__email", "number"
    search_help_text = _("A ticket's number, or its requester's e-mail address, whole.")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ticket]:
        assert isinstance(request.user, User)
        seen = Ticket.objects.visible_to(Principal.administrator(request.user))
        return seen.select_related(
            "requester",
            "organization",
            "department__parent__parent",
            "assignee",
            "team",
            "topic__parent__parent",
            "priority",
            "sla_plan",
            "follow_up_of",
            "merged_into",
        ).order_by("-pk")

    @admin.display(description=_("subject"))
    def shortened(self, ticket: Ticket) -> SafeString:
        text = ticket.subject if len(ticket.subject) <= 80 else f"{ticket.subject[:79]}…"
        return format_html("<bdi>{}</bdi>", text)


@admin.register(FailedHandler)
class FailedHandlerAdmin(ReadOnlyAdmin):
    """What should have followed from an event, and did not. The ticket itself is as it should be."""

    about = _("What should have followed from a deed, and did not. The tickets themselves are as they should be.")
    list_display = ("event", "handler", "attempts", "failed_at", "succeeded_at", "due_at")
    list_select_related = ("event__ticket",)
    list_filter = (("succeeded_at", admin.EmptyFieldListFilter),)
    fields = ("event", "handler", "attempts", "failed_at", "succeeded_at", "due_at", "trace")
    search_fields = ("=event__ticket__number",)
    search_help_text = _("A ticket's number.")
    ordering = ("-pk",)
    actions = ("try_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[FailedHandler]:
        return super().get_queryset(request).select_related("event__ticket")

    @admin.display(description=_("error"))
    def trace(self, failed: FailedHandler) -> SafeString:
        return format_html("<pre>{}</pre>", failed.error)

    @admin.action(description=_("Try again"))
    def try_again(self, request: HttpRequest, queryset: QuerySet[FailedHandler]) -> None:
        """Make them due; a worker does them. One that succeeded meanwhile is left alone."""
        due = queryset.filter(succeeded_at=None).update(due_at=now(), claim=None)
        wakeups.wake()
        if not due:
            self.message_user(request, gettext("Nothing to try again: these have succeeded."), messages.WARNING)
            return
        text = ngettext("%(count)s handler is tried again now.", "%(count)s handlers are tried again now.", due)
        self.message_user(request, text % {"count": due}, messages.SUCCESS)
