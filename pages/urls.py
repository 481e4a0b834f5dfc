"""Addresses of the pages that administrators write."""

from django.urls import path

from pages import views

app_name = "pages"

urlpatterns = [
    path("pictures/<int:pk>/", views.picture, name="picture"),
    path("<slug:slug>/", views.page, name="page"),
]
