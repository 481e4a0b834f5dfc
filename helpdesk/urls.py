"""Addresses of all doors."""

from django.contrib import admin
from django.urls import include, path

from accounts.views.sign_in import SignIn
from core.logo import favicon, logo
from core.views import healthz
from helpdesk import diagnosis, rights
from helpdesk.demo.loading import sign_ins
from helpdesk.metrics import metrics
from helpdesk.views import administration, hide_next_steps, setup
from pages.views import registered

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("metrics", metrics, name="metrics"),
    path("logo", logo, name="site-logo"),
    path("favicon.ico", favicon),
    path("desk/", include("desk.urls")),
    path("reports/", include("reports.urls")),
    path("api/", include("api.urls")),
    path("hooks/", include("mail.hooks.urls")),
    path("setup/", setup, name="setup"),
    path("accounts/login/", SignIn.as_view(demo_sign_ins=sign_ins), name="account_login"),
    # What administrators wrote for those who registered stands above accounts.
    path("accounts/register/done/", registered, name="account_registered"),
    path("accounts/", include("accounts.urls")),
    path("admin/", administration),
    path("admin/next-steps/hide/", hide_next_steps, name="hide-next-steps"),
    path("admin/", include((rights.urlpatterns, "rights"))),
    path("admin/", include((diagnosis.urlpatterns, "diagnosis"))),
    path("admin/", admin.site.urls),
    path("pages/", include("pages.urls")),
    path("", include("portal.urls")),
]

handler400 = "core.views.bad_request"
handler500 = "core.views.server_error"
