"""Addresses of the requester's pages."""

from django.urls import path

from portal.views import check, home, new, ticket

app_name = "portal"

urlpatterns = [
    path("", home.home, name="home"),
    path("new/", new.new, name="new"),
    path("new/topic/", new.topic, name="topic"),
    path("new/sent/<str:signed>/", new.sent, name="sent"),
    path("check/", check.check, name="check"),
    path("check/sent/", check.check_sent, name="check_sent"),
    path("t/<str:token>/", ticket.ticket, name="ticket"),
    path("t/<str:token>/message/", ticket.message, name="message"),
    path("t/<str:token>/close/", ticket.close, name="close"),
    path("t/<str:token>/files/<int:pk>/", ticket.file, name="file"),
]
