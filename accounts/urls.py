"""Addresses of sign-in and passwords; of allauth's, only those in use."""

from django.urls import path, re_path

from accounts.address_page import confirm_address
from accounts.views import joining, passwords, second_factor, sessions, sign_in

# The sign-in page itself stands in helpdesk.urls: it shows the demo's people, who live up there.
urlpatterns = [
    path("logout/", sign_in.SignOut.as_view(), name="account_logout"),
    path("address/<str:token>/", confirm_address, name="confirm_address"),
    # Passwords
    path("password/change/", passwords.ChangePassword.as_view(), name="account_change_password"),
    path("password/reset/", passwords.AskForPasswordLink.as_view(), name="account_reset_password"),
    path("password/reset/done/", passwords.LinkIsOnItsWay.as_view(), name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        passwords.SetPassword.as_view(),
        name="account_reset_password_from_key",
    ),
    path("password/reset/key/done/", passwords.PasswordIsSet.as_view(), name="account_reset_password_from_key_done"),
    # Links to sign in, registering, invitations
    path("link/", joining.AskForLink.as_view(), name="account_ask_for_link"),
    path("link/sent/", joining.link_sent, name="account_link_sent"),
    path("link/with/<str:signed>/", joining.sign_in_by_link, name="account_sign_in_by_link"),
    path("register/", joining.Register.as_view(), name="account_register"),
    path("register/sent/", joining.registration_sent, name="account_registration_sent"),
    path("register/with/<str:signed>/", joining.confirm_registration, name="account_confirm_registration"),
    path("invitation/<str:signed>/", joining.accept_invitation, name="account_invitation"),
    # The second factor, and once more what one signed in with
    path("security/", second_factor.Security.as_view(), name="mfa_index"),
    path("second-factor/", second_factor.ShowFactor.as_view(), name="mfa_authenticate"),
    path("again/", second_factor.PasswordAgain.as_view(), name="account_reauthenticate"),
    path("again/code/", second_factor.CodeAgain.as_view(), name="mfa_reauthenticate"),
    path("again/passkey/", second_factor.PasskeyAgain.as_view(), name="mfa_reauthenticate_webauthn"),
    path("app/use/", second_factor.UseApp.as_view(), name="mfa_activate_totp"),
    path("app/stop/", second_factor.StopApp.as_view(), name="mfa_deactivate_totp"),
    path("passkeys/sign-in/", second_factor.SignInByPasskey.as_view(), name="mfa_login_webauthn"),
    path("passkeys/add/", second_factor.AddPasskey.as_view(), name="mfa_add_webauthn"),
    path("passkeys/<int:pk>/remove/", second_factor.RemovePasskey.as_view(), name="mfa_remove_webauthn"),
    path("passkeys/<int:pk>/rename/", second_factor.RenamePasskey.as_view(), name="mfa_edit_webauthn"),
    path("codes/", second_factor.RecoveryCodes.as_view(), name="mfa_view_recovery_codes"),
    path("codes/new/", second_factor.NewRecoveryCodes.as_view(), name="mfa_generate_recovery_codes"),
    # Sessions
    path("sessions/", sessions.my_sessions, name="account_sessions"),
    path("sessions/<int:pk>/end/", sessions.end_session, name="account_end_session"),
]
