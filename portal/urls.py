"""Addresses of the requester's pages."""

from django.urls import path, register_converter

from portal.views import check, home, new, people, profile, sent, ticket, tickets
from portal.views.door import HeldView, by_account, by_link


class NumberConverter:
    """A ticket's number, or what could be one."""

    regex = "[0-9A-Za-z-]{1,20}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(NumberConverter, "ticket_number")

# A ticket's page and its buttons: address below the ticket, name, view. They stand behind two doors.
PAGES: tuple[tuple[str, str, HeldView], ...] = (
    ("", "ticket", ticket.ticket),
    ("message/", "message", ticket.message),
    ("close/", "close", ticket.close),
    ("people/add/", "add_person", people.add),
    ("people/remove/", "remove_person", people.remove),
    ("people/leave/", "leave", people.leave),
    ("files/<int:pk>/", "file", ticket.file),
)

app_name = "portal"

urlpatterns = [
    path("", home.home, name="home"),
    path("new/", new.new, name="new"),
    path("new/topic/", new.topic, name="topic"),
    path("new/sent/<str:signed>/", sent.sent, name="sent"),
    path("check/", check.check, name="check"),
    path("check/sent/", check.check_sent, name="check_sent"),
    path("profile/", profile.profile, name="profile"),
    path("profile/addresses/add/", profile.add_address, name="add_address"),
    path("profile/addresses/add/<str:signed>/", profile.confirm_address, name="confirm_own_address"),
    path("profile/addresses/<int:address>/primary/", profile.make_primary, name="make_primary"),
    path("profile/addresses/<int:address>/remove/", profile.remove_address, name="remove_address"),
    path("tickets/", tickets.own, name="tickets"),
    path("tickets/organisation/", tickets.shared, name="shared_tickets"),
    *(path(f"t/<str:token>/{below}", by_link(view), name=name) for below, name, view in PAGES),
    *(
        path(f"tickets/<ticket_number:number>/{below}", by_account(view), name=f"my_{name}")
        for below, name, view in PAGES
    ),
]
