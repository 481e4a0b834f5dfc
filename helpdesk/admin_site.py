"""The administration: who enters, how it is grouped, what it leaves out."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

# What other packages register. Role is the only permission system, and addresses are ours (accounts.Address).
LEFT_OUT = frozenset(
    {
        "auth.Group",
        "account.EmailAddress",
        "account.EmailConfirmation",
        "mfa.Authenticator",
        "usersessions.UserSession",
    }
)

# The groups of the start page, in the order in which a new help desk is set up.
GROUPS: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("people", _("People"), ("Agent", "Role", "Team", "User", "Address", "Organization", "Lock")),
    ("tickets", _("Tickets"), ("Department", "HelpTopic", "CannedResponse", "Ticket")),
    ("promises", _("Promises"), ("Priority", "SLAPlan", "BusinessHours", "SetAside", "Escalation")),
    (
        "mail",
        _("Mail"),
        (
            *("Mailbox", "OwnAddress", "SendingAccount", "IncomingMail", "OutgoingMail", "MailTemplate", "Breaker"),
            *("AlertRule", "BannedSender", "FailedHandler"),
        ),
    ),
    ("site", _("Site"), ("SiteSettings", "Page", "ApiKey", "AuditEvent")),
)


class CompletedNames(AutocompleteJsonView):
    """What fits the letters typed so far. The page with the field may name the rows to look among."""

    rows: "QuerySet[Any] | None" = None

    def process_request(self, request: HttpRequest) -> tuple[str, Any, Any, str]:
        term, page, field, key = super().process_request(request)
        site: Any = self.admin_site
        # All our pages are core.bounded_admin.BoundedAdmin, whose module needs this one to be there. A table within
        # a page has none of its own.
        asking: Any = site._registry.get(field.model)
        self.rows = asking.looked_up(field.name) if asking else None
        if self.rows is not None:
            page = site.get_model_admin(self.rows.model)
        return term, page, field, key

    def get_queryset(self) -> "QuerySet[Any]":
        if self.rows is None:
            return super().get_queryset()
        found, has_duplicates = self.model_admin.get_search_results(self.request, self.rows, self.term)
        return found.distinct() if has_duplicates else found


class HelpdeskAdminSite(AdminSite):
    site_title = _("Administration")
    index_title = _("Administration")
    empty_value_display = "–"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        # What was never used is deleted on its own page; the rest is archived.
        self.disable_action("delete_selected")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        models: Iterable[type[Model]] = (
            [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable
        )
        super().register([model for model in models if model._meta.label not in LEFT_OUT], admin_class, **options)

    def admin_view(  # type: ignore[override]  # the stubs know only how they write it
        self, view: Callable[..., HttpResponse], cacheable: bool = False
    ) -> Callable[..., HttpResponse]:
        """Send strangers to our sign-in page, and tell those who may not enter so: signing in again would not help."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if self.has_permission(request):
                return inner(request, *args, **kwargs)
            if request.user.is_authenticated:
                raise PermissionDenied(_("Only administrators open this page."))
            return redirect_to_login(request.get_full_path(), reverse("account_login"))

        return guarded

    def autocomplete_view(self, request: HttpRequest) -> HttpResponseBase:  # type: ignore[override]  # likewise
        return CompletedNames.as_view(admin_site=self)(request)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Lead to the one page where people sign in."""
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied(_("Only administrators open this page."))
        return redirect_to_login(reverse("admin:index"), reverse("account_login"))

    def logout(  # type: ignore[override]  # theirs answers with a page, ours leads to one
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseRedirect:
        return redirect("account_logout")

    def password_change(  # type: ignore[override]  # likewise
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseRedirect:
        return redirect("account_change_password")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the models by what they are for, not by the package they live in."""
        apps = super().get_app_list(request, app_label)
        if app_label is not None:
            return apps
        known = {model["object_name"]: model for app in apps for model in app["models"]}
        if "User" in known:
            # Its list leaves out agents, who have their own.
            known["User"]["name"] = _("Requesters")
        return [
            {
                "name": name,
                "app_label": label,
                "app_url": reverse("admin:index"),
                "has_module_perms": True,
                "models": [known[each] for each in names if each in known],
            }
            for label, name, names in GROUPS
        ]
