"""Pages of what clocks are reckoned by: they say beforehand how many open tickets a change moves, and have it done."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime, now
from django.utils.translation import gettext, ngettext

from accounts.models import User
from core.configuration_admin import ConfigurationAdmin
from sla import reckoning
from sla.models import Reckoning, Scope


class ReckonsAdmin(ConfigurationAdmin):
    """A row that open clocks are reckoned by."""

    scope: ClassVar[Scope]
    # Fields, and rows within the page, of which another value moves deadlines.
    reckoned_by: ClassVar[frozenset[str]] = frozenset()
    reckoned_rows: ClassVar[tuple[type[Model], ...]] = ()

    def what_moves(self, row: Any) -> str:
        """Return how a change is called, as the beginning of a sentence goes on."""
        raise NotImplementedError

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if row := kwargs.get("obj"):
            context |= {"moves": list(self.beforehand(row))}
        return super().render_change_form(request, context, *args, **kwargs)

    def beforehand(self, row: Any) -> Iterator[str]:
        """Yield what saving would move, and what the last change did."""
        count = reckoning.concerned(self.scope, row.pk)
        yield (
            self.what_moves(row) % {"tickets": in_words(count)} if count else gettext("It concerns no open ticket now.")
        )
        if last := reckoning.last(self.scope, row.pk):
            yield told(last)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        rows = any(formset.has_changed() for formset in formsets if formset.model in self.reckoned_rows)
        if change and (rows or self.reckoned_by & set(form.changed_data)):
            self.have_reckoned(request, self.scope, form.instance.pk)

    def have_reckoned(self, request: HttpRequest, scope: Scope, number: int = 0) -> None:
        assert isinstance(request.user, User)
        reckoning.ask(scope, number, at=now(), by=request.user)


def in_words(count: int) -> str:
    """Return so many open tickets, or that they are more than are counted."""
    if count > reckoning.MOST_COUNTED:
        return gettext("more than %(count)s open tickets") % {"count": number_format(reckoning.MOST_COUNTED)}
    return ngettext("%(count)s open ticket", "%(count)s open tickets", count) % {"count": number_format(count)}


def told(last: Reckoning) -> str:
    """Return what the last change moved, or how far it has come."""
    values = {
        "moment": date_format(localtime(last.finished_at or last.asked_at), "j M Y, H:i"),
        "moved": number_format(last.moved),
        "looked_at": number_format(last.looked_at),
        "failed": number_format(last.failed),
    }
    if last.finished_at is None:
        return gettext("Since %(moment)s deadlines are being reckoned anew: %(looked_at)s tickets so far.") % values
    done = gettext("Last reckoned anew until %(moment)s: the deadlines of %(moved)s of %(looked_at)s tickets moved.")
    if last.failed:
        done += " " + gettext("%(failed)s could not be reckoned; the log says why.")
    return done % values
