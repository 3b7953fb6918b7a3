"""Which paths lead to sessions and tickets?"""

from django.urls import URLPattern, URLResolver, path

from accounts.api.factors import (
    MfaView,
    PasskeyFinishView,
    PasskeyLoginView,
    PasskeysView,
    PasskeyView,
    RecoveryCodesView,
    StepUpPasskeyView,
    StepUpView,
    TotpConfirmView,
    TotpListView,
    TotpView,
)
from accounts.api.keys import ApiKeysView, ApiKeyView
from accounts.api.views import (
    LoginView,
    LogoutView,
    MeView,
    PasswordView,
    RefreshView,
    SessionsView,
    SessionView,
    TicketView,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("auth/login", LoginView.as_view()),
    path("auth/refresh", RefreshView.as_view()),
    path("auth/logout", LogoutView.as_view()),
    path("auth/me", MeView.as_view()),
    path("auth/password", PasswordView.as_view()),
    path("auth/sessions", SessionsView.as_view()),
    path("auth/sessions/<uuid:session_id>", SessionView.as_view()),
    path("auth/ws-ticket", TicketView.as_view()),
    path("auth/keys", ApiKeysView.as_view()),
    path("auth/keys/<uuid:key_id>", ApiKeyView.as_view()),
    path("auth/mfa", MfaView.as_view()),
    path("auth/mfa/totp", TotpListView.as_view()),
    path("auth/mfa/totp/<uuid:factor_id>", TotpView.as_view()),
    path("auth/mfa/totp/<uuid:factor_id>/confirm", TotpConfirmView.as_view()),
    path("auth/mfa/webauthn", PasskeysView.as_view()),
    path("auth/mfa/webauthn/finish", PasskeyFinishView.as_view()),
    path("auth/mfa/webauthn/login", PasskeyLoginView.as_view()),
    path("auth/mfa/webauthn/<uuid:factor_id>", PasskeyView.as_view()),
    path("auth/mfa/recovery-codes", RecoveryCodesView.as_view()),
    path("auth/mfa/step-up", StepUpView.as_view()),
    path("auth/mfa/step-up/webauthn", StepUpPasskeyView.as_view()),
]
