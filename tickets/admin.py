"""Departments, help topics, agents' access to departments; tickets and failed handlers, to look at."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import now
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts import admin as accounts
from accounts.models import Agent, User
from accounts.principal import Principal
from core import wakeups
from core.admin import ConfigurationAdmin, FindsWhole, OffersActiveInline, OneDefaultAdmin, ReadOnlyAdmin
from tickets.models import Department, DepartmentAccess, FailedHandler, HelpTopic, Ticket
from tickets.models.ticket import WORKING


class AccessInline(OffersActiveInline):
    """In which departments an agent works, in which role."""

    model = DepartmentAccess
    fields = ("department", "role", "alerts")

    def get_queryset(self, request: HttpRequest) -> QuerySet[DepartmentAccess]:
        rows = super().get_queryset(request).select_related("agent", "department")
        return rows.order_by("department__name", "pk")


@admin.register(Agent)
class AgentAdmin(accounts.AgentAdmin):
    list_display = ("named", "email", "works_in", "is_administrator", "is_active", "last_login")
    inlines = (AccessInline, accounts.AddressInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        access = DepartmentAccess.objects.select_related("department").order_by("department__name")
        return super().get_queryset(request).prefetch_related(Prefetch("department_access", queryset=access))

    @admin.display(description=_("departments"))
    def works_in(self, agent: User) -> str:
        return ", ".join(str(access.department) for access in agent.department_access.all())


@admin.register(Department)
class DepartmentAdmin(OneDefaultAdmin):
    list_display = ("name", "sla_plan", "agents", "is_default")
    list_select_related = ("sla_plan",)
    fieldsets = (
        (None, {"fields": ("name", "sla_plan", "make_default")}),
        (_("A ticket's end"), {"fields": ("close_after", "reopen_within")}),
    )
    search_fields = ("name",)
    ordering = ("name", "pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        works = Q(access__agent__is_agent=True, access__agent__is_active=True)
        departments: QuerySet[Any] = super().get_queryset(request).annotate(agent_count=Count("access", filter=works))
        return departments

    @admin.display(description=_("agents"))
    def agents(self, department: Any) -> int | SafeString:
        if department.agent_count or department.archived_at:
            return int(department.agent_count)
        return format_html('<span class="is-warning">{}</span>', gettext("None: nobody sees its tickets"))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        department = kwargs.get("obj")
        if request.method == "GET" and department and not department.archived_at and not department.agent_count:
            text = gettext(
                "No agent works in “%(name)s”, so nobody at the desk would see its tickets. "
                "Give an agent access to it, on the agent's page."
            )
            self.message_user(request, text % {"name": department}, messages.WARNING)
        return super().render_change_form(request, context, *args, **kwargs)

    def why_not_archived(self, row: Any) -> str | None:
        if reason := super().why_not_archived(row):
            return reason
        if Ticket.objects.live().filter(department=row, status__in=WORKING).exists():
            return gettext("“%(name)s” still has tickets that are worked on. Transfer or close them first.") % {
                "name": row
            }
        topic = HelpTopic.objects.active().filter(department=row).order_by("position", "pk").first()
        if topic is not None:
            return gettext("The help topic “%(topic)s” leads to “%(name)s”. Change or archive the topic first.") % {
                "topic": topic,
                "name": row,
            }
        return None


@admin.register(HelpTopic)
class HelpTopicAdmin(ConfigurationAdmin):
    list_display = ("name", "position", "department", "priority", "sla_plan", "is_public")
    list_select_related = ("department", "priority", "sla_plan")
    fieldsets = (
        (None, {"fields": ("name", "hint", "advice", "is_public", "position")}),
        (_("What its tickets get"), {"fields": ("department", "priority", "sla_plan")}),
    )
    search_fields = ("name",)
    ordering = ("position", "name", "pk")


@admin.register(Ticket)
class TicketAdmin(FindsWhole, ReadOnlyAdmin):
    """What a ticket is and where it stands. What was written in it is the desk's."""

    list_display = ("number", "shortened", "status", "department", "priority", "requester", "opened_at")
    list_select_related = ("department", "priority", "requester")
    # All departments: to find those that have tickets would read every ticket.
    list_filter = ("status", "department")
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
            "department",
            "assignee",
            "team",
            "topic",
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
