"""Requesters and addresses in the administration, and what all pages of people share."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import F, Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import invitations
from accounts.models import Address, User
from accounts.people import set_active
from core.bounded_admin import BoundedAdmin, DeletesUnusedAdmin, FindsWhole, ReadOnlyAdmin, TabularInline
from core.changes import Change, record
from core.configuration_admin import OffersActiveAdmin
from core.mailing import if_mailed


class AddressInline(TabularInline):
    """The person's addresses, to look at: what leads to whom is never typed in by hand."""

    model = Address
    fields = readonly_fields = ("email", "is_primary", "verified_at", "bouncing_at")
    extra = 0
    can_delete = False
    # An address that changed shows by the person's own.
    audited = False
    ordering = ("-is_primary", "email")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PersonAdmin(FindsWhole, DeletesUnusedAdmin, OffersActiveAdmin):
    """What the pages of requesters and agents share."""

    ordering = ("name", "pk")
    search_fields = ("name",)
    finds_address = "addresses__email"
    search_help_text = _("Part of the name, or the whole e-mail address.")
    inlines: ClassVar[Any] = (AddressInline,)
    autocomplete_fields: ClassVar[Any] = ("organization",)
    actions: Any = ("revoke_links",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        primary = Prefetch("addresses", queryset=Address.objects.filter(is_primary=True), to_attr="primary_addresses")
        return super().get_queryset(request).select_related("organization").prefetch_related(primary)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if "is_active" in form.changed_data:
            set_active(obj, obj.is_active)

    @admin.display(description=_("name"), ordering="name")
    def named(self, person: Any) -> str:
        return str(person.display_name)

    @admin.display(description=_("e-mail"))
    def address(self, person: Any) -> str:
        return ", ".join(address.email for address in person.primary_addresses)

    @admin.action(description=_("Revoke ticket links"), permissions=["change"])
    @transaction.atomic
    def revoke_links(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        people = list(queryset.order_by())
        Address.objects.filter(user__in=people).update(link_epoch=F("link_epoch") + 1)
        for person in people:
            record(Change.CHANGED, request=request, row=person, changes={"ticket_links": (None, "revoked")})
        tell_revoked(self, request, len(people))


def tell_revoked(page: BoundedAdmin, request: HttpRequest, count: int) -> None:
    text = ngettext(
        "Every ticket link mailed to %(count)s person or address until now is invalid.",
        "Every ticket link mailed to %(count)s people or addresses until now is invalid.",
        count,
    )
    page.message_user(request, text % {"count": count}, messages.SUCCESS)


@admin.register(User)
class RequesterAdmin(PersonAdmin):
    """Who asks for help. They come by their first ticket; whoever is to work here is made on the page of agents."""

    about = _("Who asks for help. They come by their first ticket; whoever is to work here is made under Agents.")
    list_display = ("named", "address", "organization", "is_active", "created_at")
    list_filter = ("is_active",)
    fields = ("name", "organization", "time_zone", "is_active")
    actions = ("invite", "revoke_links")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).filter(is_agent=False, is_administrator=False)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.action(description=_("Invite to make an account"), permissions=["change"])
    def invite(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        assert isinstance(request.user, User)  # the administration lets nobody else in
        done = 0
        for address in Address.objects.filter(user__in=queryset, is_primary=True).order_by("pk"):
            try:
                invitations.invite(address, by=request.user, at=now())
            except invitations.CannotInvite as reason:
                self.message_user(request, str(reason), messages.ERROR)
            else:
                done += 1
        if done:
            text = ngettext("%(count)s invitation is on its way.", "%(count)s invitations are on their way.", done)
            self.message_user(request, if_mailed(text % {"count": done}), messages.SUCCESS)


@admin.register(Address)
class AddressAdmin(FindsWhole, ReadOnlyAdmin):
    about = _("Each e-mail address that somebody is reached at, and whether they showed that it is theirs.")
    list_display = ("email", "user", "is_primary", "verified_at", "bouncing_at")
    list_select_related = ("user",)
    fields = ("email", "user", "is_primary", "verified_at", "bouncing_at", "created_at")
    search_fields = ("email",)
    finds_address = finds_number = "email"
    search_help_text = _("The whole e-mail address.")
    ordering = ("-pk",)
    actions = ("revoke_links",)

    @admin.action(description=_("Revoke ticket links"))
    @transaction.atomic
    def revoke_links(self, request: HttpRequest, queryset: QuerySet[Address]) -> None:
        addresses = list(queryset.order_by())
        Address.objects.filter(pk__in=[address.pk for address in addresses]).update(link_epoch=F("link_epoch") + 1)
        for address in addresses:
            record(Change.CHANGED, request=request, row=address, changes={"ticket_links": (None, "revoked")})
        tell_revoked(self, request, len(addresses))
