"""OAuth2 for mailboxes at Google and Microsoft: asking a person once, and fresh access tokens ever after (RFC 6749).

The administrator makes the app there; its id and secret stand in the mailbox. Tokens are kept encrypted.
"""

import base64
import hashlib
import secrets as random_words
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import requests
from django.conf import settings
from django.utils.timezone import now
from django.utils.translation import gettext as _

from core import secrets
from mail.models import Authentication, Mailbox, Protocol
from mail.trouble import Trouble

# Access tokens are renewed before they end, so that none ends on the way.
EARLY = timedelta(minutes=5)
# What is not said of an access token's life.
USUAL_LIFE = 3600
# Microsoft's refresh tokens die after so long without use.
MICROSOFT_REFRESH_LASTS = timedelta(days=90)
LONGEST_TOKEN = 20_000


@dataclass(frozen=True, slots=True)
class Service:
    """Where a service authorises, and where it gives tokens; {tenant} stands for the administrator's own."""

    authorize: str
    token: str
    scopes: Mapping[Protocol, str]
    extra: Mapping[str, str]
    refresh_lasts: timedelta | None = None


MICROSOFT = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0"
SERVICES: Mapping[Authentication, Service] = {
    Authentication.GOOGLE: Service(
        "https://accounts.google.com/o/oauth2/v2/auth",
        "https://oauth2.googleapis.com/token",
        {Protocol.IMAP: "https://mail.google.com/", Protocol.POP3: "https://mail.google.com/"},
        {"access_type": "offline", "prompt": "consent"},
    ),
    Authentication.MICROSOFT: Service(
        f"{MICROSOFT}/authorize",
        f"{MICROSOFT}/token",
        {
            Protocol.IMAP: "https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
            Protocol.POP3: "https://outlook.office.com/POP.AccessAsUser.All offline_access",
        },
        {"prompt": "select_account"},
        MICROSOFT_REFRESH_LASTS,
    ),
    Authentication.MICROSOFT_APP: Service(
        "",
        f"{MICROSOFT}/token",
        {
            Protocol.IMAP: "https://outlook.office365.com/.default",
            Protocol.POP3: "https://outlook.office365.com/.default",
        },
        {},
    ),
}


@dataclass(frozen=True, slots=True)
class Journey:
    """What has to be remembered while a person is at the service (RFC 7636 section 4)."""

    state: str
    verifier: str


def begin() -> Journey:
    return Journey(random_words.token_urlsafe(32), random_words.token_urlsafe(64))


def is_same(state: str, begun: str) -> bool:
    """Say whether an answer belongs to the journey, without telling by time how much of it fits."""
    return random_words.compare_digest(state.encode(), begun.encode())


def address_to_ask(mailbox: Mailbox, journey: Journey, *, redirect_uri: str) -> str:
    """Return where a person is sent to allow us to read the mailbox."""
    service = SERVICES[Authentication(mailbox.authentication)]
    digest = hashlib.sha256(journey.verifier.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": mailbox.client_id,
        "redirect_uri": redirect_uri,
        "scope": service.scopes[Protocol(mailbox.protocol)] + _to_send(mailbox),
        "state": journey.state,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "login_hint": mailbox.username or mailbox.address,
        **service.extra,
    }
    return f"{_fill_in(service.authorize, mailbox)}?{urlencode(query)}"


def _to_send(mailbox: Mailbox) -> str:
    """Return what is asked for besides where mail goes out by this mailbox; Google's scope has it already."""
    is_asked = mailbox.authentication == Authentication.MICROSOFT and mailbox.sending_accounts.exists()
    return " https://outlook.office.com/SMTP.Send" if is_asked else ""


def redeem(mailbox: Mailbox, *, code: str, journey: Journey, redirect_uri: str, at: datetime) -> None:
    """Exchange the code that the person came back with for tokens, and keep them. Raises Trouble."""
    answer = _ask(
        mailbox,
        grant_type="authorization_code",
        code=code,
        code_verifier=journey.verifier,
        redirect_uri=redirect_uri,
    )
    if not answer.get("refresh_token"):
        raise Trouble(_("The service gave no lasting authorisation (refresh token). Allow it offline access."))
    _keep(mailbox, answer, at, authorized_at=at)


def access_token(mailbox: Mailbox) -> str:
    """Return a token that works for some minutes at least, a fresh one if need be. Raises Trouble."""
    at = now()
    if mailbox.access_token and mailbox.access_expires_at and mailbox.access_expires_at - at > EARLY:
        return _open(mailbox.access_token)
    if mailbox.authentication == Authentication.MICROSOFT_APP:
        service = SERVICES[Authentication.MICROSOFT_APP]
        answer = _ask(mailbox, grant_type="client_credentials", scope=service.scopes[Protocol(mailbox.protocol)])
    elif mailbox.refresh_token:
        answer = _ask(mailbox, grant_type="refresh_token", refresh_token=_open(mailbox.refresh_token))
    else:
        raise Trouble(_("Nobody has authorised this mailbox yet. Choose “Authorise” on its page."))
    _keep(mailbox, answer, at)
    return str(answer["access_token"])


def bring_back(at: datetime) -> None:
    """Ask for fresh tokens where the machine's clock was set back: nobody knows when those we have are over."""
    Mailbox.objects.filter(connected_at__gt=at, access_expires_at__gt=at).update(access_expires_at=at)


def _keep(mailbox: Mailbox, answer: Mapping[str, Any], at: datetime, **changes: Any) -> None:
    """Write the tokens down, and nothing else: the row may be changed by others meanwhile."""
    service = SERVICES[Authentication(mailbox.authentication)]
    changes["access_token"] = secrets.encrypt(answer["access_token"].encode())
    changes["access_expires_at"] = at + timedelta(seconds=_seconds(answer.get("expires_in")) or USUAL_LIFE)
    if refresh := answer.get("refresh_token"):
        changes["refresh_token"] = secrets.encrypt(str(refresh).encode())
        lasts = _seconds(answer.get("refresh_token_expires_in"))
        if lasts:
            changes["refresh_expires_at"] = at + timedelta(seconds=lasts)
        else:
            changes["refresh_expires_at"] = at + service.refresh_lasts if service.refresh_lasts else None
    Mailbox.objects.filter(pk=mailbox.pk).update(**changes)
    for name, value in changes.items():
        setattr(mailbox, name, value)


def _ask(mailbox: Mailbox, **fields: str) -> Mapping[str, Any]:
    """Return the service's answer with an access token in it. Raises Trouble, in which no secret stands."""
    service = SERVICES[Authentication(mailbox.authentication)]
    fields["client_id"] = mailbox.client_id
    if mailbox.client_secret:
        fields["client_secret"] = _open(mailbox.client_secret)
    address = _fill_in(service.token, mailbox)
    try:
        response = requests.post(address, data=fields, timeout=settings.SOCKET_TIMEOUT / 3, allow_redirects=False)
        answer = response.json()
    except requests.JSONDecodeError as error:
        raise Trouble(
            _("The authorisation service answered with %(status)s and nothing readable.")
            % {"status": response.status_code}
        ) from error
    except requests.RequestException as error:
        raise Trouble(
            _("The authorisation service cannot be reached: %(why)s.") % {"why": type(error).__name__}
        ) from error
    if not isinstance(answer, dict):
        raise Trouble(_("The authorisation service answered with nothing readable."))
    token = answer.get("access_token")
    if response.status_code != 200 or not isinstance(token, str) or not 0 < len(token) < LONGEST_TOKEN:
        raise Trouble(_refusal(answer))
    return answer


def _refusal(answer: Mapping[str, Any]) -> str:
    code = str(answer.get("error", ""))[:60]
    if code == "invalid_grant":
        return _("The authorisation is over or was withdrawn. Authorise the mailbox again.")
    if code in {"invalid_client", "unauthorized_client"}:
        return _("The service does not accept client ID and secret. Perhaps the secret is over.")
    said = " ".join(str(answer.get("error_description") or code or _("nothing")).split())[:200]
    return _("The authorisation service refuses: %(said)s") % {"said": said}


def _open(token: Any) -> str:
    try:
        return secrets.decrypt(bytes(token)).decode()
    except secrets.SecretUnreadable as error:
        raise Trouble(
            _("The authorisation cannot be decrypted: it was saved under another key. Authorise the mailbox again.")
        ) from error


def _fill_in(address: str, mailbox: Mailbox) -> str:
    return address.format(tenant=mailbox.tenant or "common")


def _seconds(value: object) -> int:
    return int(value) if isinstance(value, int | str) and str(value).isdigit() else 0
