"""The second factor: who needs one, who has one, and how allauth keeps passkeys and authenticator apps."""

from datetime import datetime
from ipaddress import ip_address

import qrcode
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from qrcode.image.svg import SvgPathImage

from accounts import audit
from accounts.models import AuditKind, User
from accounts.notices import Notice, tell
from core import secrets
from core.context import site_of
from core.models import SiteSettings

# Recovery codes stand in for a factor; alone they are none.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)

NO_NAME = _("Passkeys belong to a name. Open the help desk at %(url)s to use them; an IP address will not do.")
NOT_SAFE = _("Browsers use passkeys over https only, and this help desk is open at http.")


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("This does not fit. Try once more."),
        "cannot_generate_recovery_codes": _(
            "Recovery codes stand in for a passkey or an app. Set up one of these first."
        ),
    }

    def encrypt(self, text: str) -> str:
        return secrets.encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return secrets.decrypt(encrypted_text.encode()).decode()

    def _get_site_name(self) -> str:
        return site_of(context.request).name

    def build_totp_svg(self, url: str) -> str:
        """Return the picture without a size, an XML head or a colour: the page says how it looks."""
        return str(qrcode.make(url, image_factory=SvgPathImage, border=2).to_string(encoding="unicode"))

    def generate_authenticator_name(self, user: User, type: str) -> str:
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return gettext("Passkey") if number == 1 else gettext("Passkey %(number)s") % {"number": number}


def with_second_factor(people: "QuerySet[User]") -> "QuerySet[User]":
    """Return the people with what `lacks_second_factor` looks at, so that a request costs no query for it."""
    return people.annotate(
        has_second_factor=Exists(Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS)),
        role_needs_second_factor=Exists(
            User.objects.filter(pk=OuterRef("pk"), department_access__role__needs_second_factor=True)
        ),
    )


def lacks_second_factor(user: User, site: SiteSettings) -> bool:
    """Say whether this person has to set up a second factor before they work here."""
    if not (user.is_agent or user.is_administrator):
        return False
    if not hasattr(user, "has_second_factor"):
        user = with_second_factor(User.objects.filter(pk=user.pk)).get()
    needs_one = site.agents_need_second_factor or user.role_needs_second_factor  # type: ignore[attr-defined]
    return bool(needs_one and not user.has_second_factor)  # type: ignore[attr-defined]


def has_one(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, type__in=FACTORS).exists())


@transaction.atomic
def reset(user: User, *, by: User | None, at: datetime) -> int:
    """Take every second factor and recovery code from somebody who lost them; say how many factors these were."""
    held = Authenticator.objects.select_for_update().filter(user=user)
    count = sum(each.type in FACTORS for each in held)
    if held:
        held.delete()
        changes = {"factors": (count, 0)}
        audit.record(AuditKind.SECOND_FACTOR, by=by, at=at, target=user, changes=changes)
        tell(user, Notice.FACTORS_RESET, by=by, at=at)
    return count


@transaction.atomic
def note_recovery_code(user: User, *, at: datetime) -> None:
    """Note that a recovery code was used, and tell the person: whoever found their list could have done it."""
    audit.record(AuditKind.SECOND_FACTOR, by=user, at=at, target=user, changes={"recovery_code": (None, "used")})
    tell(user, Notice.CODE_USED, by=user, at=at)


def why_no_passkeys(request: HttpRequest) -> str:
    """Return why browsers refuse passkeys at the address that is open; "" where they work (WebAuthn section 5.1.3)."""
    host = request.get_host().removesuffix(f":{request.get_port()}").strip("[]")
    try:
        ip_address(host)
    except ValueError:
        return "" if request.is_secure() or host == "localhost" else str(NOT_SAFE)
    return str(NO_NAME) % {"url": settings.PUBLIC_URL}


def how_signed_in(request: HttpRequest, user: User) -> str:
    """Return how this session was opened, such as "password+totp"; for the audit log."""
    return "+".join(
        str(record.get("type") or record["method"])
        for record in get_authentication_records(request, user)
        if not record.get("reauthenticated")
    )
