"""A help desk that nobody administers yet: whom it lets in, and how it gets its first administrator."""

from django.db import transaction
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.timezone import now

from accounts import audit
from accounts.models import AuditKind, Role, User
from accounts.people import enrol, lock_administrators
from core.absolute import absolute_url
from core.loopback import is_local
from core.models import SiteSettings
from tickets.models import Department, DepartmentAccess

ROLE = "All access"


class SetUpAlready(Exception):
    """Somebody else was faster."""


def has_administrator() -> bool:
    return User.objects.administrators().exists()


def token() -> str:
    """Return what opens the set-up page from anywhere, until there is an administrator. Only its logs are told."""
    return salted_hmac("helpdesk.first_run", "token", algorithm="sha256").hexdigest()[:40]


def link() -> str:
    return f"{absolute_url('setup')}?token={token()}"


def may_set_up(request: HttpRequest, shown: str) -> bool:
    """Say whether this person may become the administrator: who sits at the machine, or has read its logs."""
    return is_local(request) or constant_time_compare(shown, token())


@transaction.atomic
def set_up(*, site_name: str, name: str, email: str, password: str) -> User:
    """Name the help desk and make its first administrator, who is an agent with all access in the default department.

    Raises SetUpAlready for all but one of several at once.
    """
    lock_administrators()
    if has_administrator():
        raise SetUpAlready
    SiteSettings.objects.filter(pk=1).update(name=site_name)
    return make_administrator(name=name, email=email, password=password)


@transaction.atomic
def make_administrator(*, name: str, email: str, password: str) -> User:
    """Return a new administrator. Raises AddressTaken for an address with which somebody signs in already."""
    at = now()
    user = enrol(email, name=name, password=password, is_agent=True, is_administrator=True, at=at)
    rights = {"is_agent": (False, True), "is_administrator": (False, True)}
    audit.record(AuditKind.RIGHTS, by=None, at=at, target=user, changes=rights)
    department = Department.objects.active().filter(is_default=True).first()
    role = Role.objects.filter(name=ROLE, archived_at=None).first()
    if department is not None and role is not None:
        DepartmentAccess.objects.create(agent=user, department=department, role=role)
    return user
