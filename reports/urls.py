"""Addresses of the reports, below /reports/."""

from django.urls import path

from reports import views

app_name = "reports"
urlpatterns = [
    path("attainment/", views.attainment, name="attainment"),
    path("attainment/csv/", views.attainment_csv, name="attainment-csv"),
    path("attainment/promises/", views.promises, name="promises"),
]
