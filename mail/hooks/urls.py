"""Addresses of the web hooks."""

from django.urls import path

from mail.hooks import views

app_name = "hooks"

urlpatterns = [
    path("mail/<slug:service>/<slug:kind>/", views.hook, name="mail"),
    path("", views.nothing_here, name="root"),
    path("<path:rest>", views.nothing_here, name="nothing"),
]
