"""What time could not do, in the administration: clocks set aside, and steps of escalation that wait or fail."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import now
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from core import wakeups
from core.bounded_admin import ReadOnlyAdmin
from tickets.models import AsideReason, Escalation, SetAside, TicketClock


@admin.register(SetAside)
class SetAsideAdmin(ReadOnlyAdmin):
    """Of tickets at work. Those of clocks that were stopped meanwhile are nobody's concern."""

    about = _("Clocks of open tickets whose deadlines could not be worked out.")
    list_display = ("clock", "reason", "plan", "attempts", "since", "due")
    list_filter = ("reason",)
    fields = ("clock", "reason", "plan", "attempts", "since", "due", "trace")
    search_fields = ("=clock__ticket__number",)
    search_help_text = _("A ticket's number.")
    ordering = ("-pk",)
    actions = ("try_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SetAside]:
        rows = super().get_queryset(request).filter(clock__stopped_at=None)
        return rows.select_related("clock__ticket", "clock__plan")

    @admin.display(description=_("SLA plan"))
    def plan(self, aside: SetAside) -> str:
        return str(aside.clock.plan)

    @admin.display(description=_("tried again"))
    def due(self, aside: SetAside) -> Any:
        return aside.clock.due_at

    @admin.display(description=_("error"))
    def trace(self, aside: SetAside) -> SafeString:
        return format_html("<pre>{}</pre>", aside.error)

    @admin.action(description=_("Try again"))
    def try_again(self, request: HttpRequest, queryset: QuerySet[SetAside]) -> None:
        """Make those due that failed. What cannot be reckoned is when somebody changes its hours or its plan."""
        failed = queryset.filter(reason=AsideReason.FAILED).values("clock")
        due = TicketClock.objects.running().filter(pk__in=failed).update(due_at=now(), claim=None)
        wakeups.wake()
        if not due:
            text = gettext("Nothing to try again: change the business hours or the plan of these.")
            self.message_user(request, text, messages.WARNING)
            return
        text = ngettext("%(count)s clock is tried again now.", "%(count)s clocks are tried again now.", due)
        self.message_user(request, text % {"count": due}, messages.SUCCESS)


@admin.register(Escalation)
class EscalationAdmin(ReadOnlyAdmin):
    """Steps that are still to be done; those that failed first of all by the filter."""

    about = _("Steps that are still to be taken for overdue tickets, and those that failed.")
    list_display = ("clock", "what", "planned_at", "attempts", "failed_at", "due_at")
    list_filter = (("failed_at", admin.EmptyFieldListFilter),)
    fields = ("clock", "what", "planned_at", "attempts", "failed_at", "due_at", "trace")
    search_fields = ("=clock__ticket__number",)
    search_help_text = _("A ticket's number.")
    ordering = ("-pk",)
    actions = ("try_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Escalation]:
        return super().get_queryset(request).select_related("clock__ticket", "step__plan")

    @admin.display(description=_("step"))
    def what(self, escalation: Escalation) -> str:
        return f"{escalation.step.plan}: {escalation.step}"

    @admin.display(description=_("error"))
    def trace(self, escalation: Escalation) -> SafeString:
        return format_html("<pre>{}</pre>", escalation.error)

    @admin.action(description=_("Try again"))
    def try_again(self, request: HttpRequest, queryset: QuerySet[Escalation]) -> None:
        due = queryset.filter(failed_at__isnull=False).update(due_at=now(), claim=None)
        wakeups.wake()
        if not due:
            self.message_user(request, gettext("Nothing to try again: none of these failed."), messages.WARNING)
            return
        text = ngettext("%(count)s step is tried again now.", "%(count)s steps are tried again now.", due)
        self.message_user(request, text % {"count": due}, messages.SUCCESS)
