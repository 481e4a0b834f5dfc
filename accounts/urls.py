"""Addresses of sign-in and passwords; of allauth's, only those in use."""

from django.urls import path, re_path

from accounts import views
from accounts.address_page import confirm_address

# The sign-in page itself stands in helpdesk.urls: it shows the demo's people, who live up there.
urlpatterns = [
    path("logout/", views.SignOut.as_view(), name="account_logout"),
    path("address/<str:token>/", confirm_address, name="confirm_address"),
    path("password/change/", views.ChangePassword.as_view(), name="account_change_password"),
    path("password/reset/", views.AskForPasswordLink.as_view(), name="account_reset_password"),
    path("password/reset/done/", views.LinkIsOnItsWay.as_view(), name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.SetPassword.as_view(),
        name="account_reset_password_from_key",
    ),
    path("password/reset/key/done/", views.PasswordIsSet.as_view(), name="account_reset_password_from_key_done"),
]
