"""Pages of what clocks are reckoned by: they say beforehand how many open tickets a change moves, and have it done."""

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.formats import number_format
from django.utils.timezone import now
from django.utils.translation import gettext, ngettext

from accounts.models import User
from core.configuration_admin import ConfigurationAdmin
from core.moments import full_moment
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
            url = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_moves", args=[row.pk])
            context |= {"moves": list(self.beforehand(row)), "moves_url": url}
        return super().render_change_form(request, context, *args, **kwargs)

    def beforehand(self, row: Any) -> Iterator[str]:
        """Yield what saving would move, and what the last change did."""
        count = reckoning.concerned(self.scope, row.pk)
        yield (
            self.what_moves(row) % {"tickets": in_words(count)} if count else gettext("It concerns no open ticket now.")
        )
        if last := reckoning.last(self.scope, row.pk):
            yield told(last)

    def get_urls(self) -> list[Any]:
        page = self.admin_site.admin_view(self.see_moves)
        name = f"{self.opts.app_label}_{self.opts.model_name}_moves"
        return [path("<path:object_id>/moves/", page, name=name), *super().get_urls()]

    def see_moves(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say how many open tickets get another due time by what the form says now; nothing is saved.

        It is saved to be reckoned by, and taken back.
        """
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        things: list[reckoning.Thing] = []
        # What `have_reckoned` is asked for meanwhile.
        request.reckoned_things = things  # type: ignore[attr-defined]
        with transaction.atomic():
            answer = self.changeform_view(request, object_id)
            is_saved = answer.status_code == HTTPStatus.NO_CONTENT
            words = (
                moves_in_words(things)
                if is_saved
                else gettext("Something on this page cannot be saved yet. Press “Save” to see what.")
            )
            transaction.set_rollback(True)
        if not is_saved and not hasattr(answer, "context_data"):
            # Gone, or not theirs to change.
            return answer
        context = {**self.admin_site.each_context(request), "title": gettext("What would move"), "words": words}
        return TemplateResponse(request, "admin/moves.html", context, status=200 if is_saved else 422)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        if hasattr(request, "reckoned_things"):
            return HttpResponse(status=HTTPStatus.NO_CONTENT)
        return super().response_change(request, obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        rows = any(formset.has_changed() for formset in formsets if formset.model in self.reckoned_rows)
        if change and (rows or self.reckoned_by & set(form.changed_data)):
            self.have_reckoned(request, self.scope, form.instance.pk)

    def have_reckoned(self, request: HttpRequest, scope: Scope, number: int = 0) -> None:
        assert isinstance(request.user, User)
        things: list[reckoning.Thing] | None = getattr(request, "reckoned_things", None)
        if things is not None:
            things.append((scope, number))
        reckoning.ask(scope, number, at=now(), by=request.user)


def moves_in_words(things: Sequence[reckoning.Thing]) -> str:
    """Return how many open tickets move now that these have changed, in a sentence."""
    if not things:
        return gettext("Nothing that moves a deadline was changed.")
    found = reckoning.foresee(things, at=now())
    values = {
        "moved": number_format(found.moved),
        "looked_at": number_format(found.looked_at),
        "tickets": in_words(found.concerned),
    }
    if not found.concerned:
        return gettext("It concerns no open ticket now.")
    if found.is_all and not found.moved:
        return gettext("It concerns %(tickets)s, and gives none of them another due time.") % values
    if found.is_all:
        words = ngettext(
            "%(moved)s of %(tickets)s gets another due time.",
            "%(moved)s of %(tickets)s get another due time.",
            found.moved,
        )
        return words % values
    words = gettext(
        "At least %(moved)s of %(tickets)s get another due time: only %(looked_at)s were reckoned beforehand."
    )
    return words % values


def in_words(count: int) -> str:
    """Return so many open tickets, or that they are more than are counted."""
    if count > reckoning.MOST_COUNTED:
        return gettext("more than %(count)s open tickets") % {"count": number_format(reckoning.MOST_COUNTED)}
    return ngettext("%(count)s open ticket", "%(count)s open tickets", count) % {"count": number_format(count)}


def told(last: Reckoning) -> str:
    """Return what the last change moved, or how far it has come."""
    values = {
        "moment": full_moment(last.finished_at or last.asked_at),
        "moved": number_format(last.moved),
        "looked_at": number_format(last.looked_at),
        "failed": number_format(last.failed),
    }
    if last.finished_at is None:
        return gettext("Since %(moment)s deadlines are being reckoned anew: %(looked_at)s tickets so far.") % values
    done = gettext("Last reckoned anew until %(moment)s: clocks of %(moved)s of %(looked_at)s tickets changed.")
    if last.failed:
        done += " " + gettext("%(failed)s could not be reckoned; the log says why.")
    return done % values
