"""Addresses as osTicket has them, with its web server's rewriting and without (api/http.php/…)."""

from django.urls import path

from api import views

app_name = "api"

PLACES = (
    ("tickets.json", views.tickets_json, "json"),
    ("tickets.xml", views.tickets_xml, "xml"),
    ("tickets.email", views.tickets_email, "email"),
    ("tasks/cron", views.cron, "cron"),
    ("tickets.<str:form>", views.other_format, "other-format"),
)

urlpatterns = [
    *(path(place, view, name=name) for place, view, name in PLACES),
    *(path(f"http.php/{place}", view, name=f"{name}-http-php") for place, view, name in PLACES),
    path("", views.nothing_here, name="root"),
    path("<path:rest>", views.nothing_here, name="nothing"),
]
