"""What is left to do until a new help desk works, for the start page of its administration.

Asked of the rows and settings each time; nothing is kept but, in a browser, that somebody hid it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.principal import Principal
from core.context import site_of
from core.models import SiteSettings
from mail import senders
from mail.models import SendingAccount
from tickets.models import Department, HelpTopic, Ticket

# In the browser of whoever wants to see the steps no more.
COOKIE = "next-steps"
HIDDEN = "hidden"
HIDDEN_FOR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Step:
    """`hint` says why, or what is missing; `url` is where it is done, "" where that is not on a page."""

    label: str
    hint: str
    url: str
    is_done: bool


def left_to(request: HttpRequest) -> Sequence[Step]:
    """Return all steps, done or not, while one is left; none in the demo, nor for who hid them.

    Three queries, and two where no MAIL_URL is set.
    """
    site = site_of(request)
    if site.is_demo or request.COOKIES.get(COOKIE) == HIDDEN:
        return ()
    assert isinstance(request.user, User)
    steps = (_name(site), _departments(), _topics(), _mail(), _first_ticket(request.user))
    return () if all(step.is_done for step in steps) else steps


def _name(site: SiteSettings) -> Step:
    return Step(
        _("Name the help desk"),
        _("The name stands on every page and in every mail."),
        reverse("admin:core_sitesettings_change", args=[1]),
        site.name != SiteSettings._meta.get_field("name").default,
    )


def _departments() -> Step:
    empty = Department.objects.unattended().order_by("name").first()
    hint = (
        _("No agent works in “%(name)s”, so nobody at the desk would see its tickets.") % {"name": empty}
        if empty
        else _("Tickets go to a department; its agents see them and are told.")
    )
    return Step(_("Give every department an agent"), hint, reverse("admin:accounts_agent_changelist"), empty is None)


def _topics() -> Step:
    topics = len(HelpTopic.objects.active().filter(is_public=True).values_list("pk")[:2])
    return Step(
        _("Add help topics"),
        _("What people choose from when they open a ticket. A topic sets department, priority and SLA plan."),
        reverse("admin:tickets_helptopic_changelist"),
        topics > 1,
    )


def _mail() -> Step:
    """Lead to the sending accounts; once there is one, to the addresses, of which none goes out by it yet."""
    url = reverse("admin:mail_sendingaccount_changelist")
    if settings.MAIL_URL:
        return Step(_("Set a mail server"), _("A mail server is set."), url, is_done=True)
    has_way, has_account = senders.has_any_way(), SendingAccount.objects.exists()
    if has_way:
        hint = _("Mails go out by a sending account.")
    elif has_account:
        hint = _(
            "There is a sending account, and no address whose mails go out by it. Add one, and choose the account."
        )
        url = reverse("admin:mail_ownaddress_changelist")
    else:
        hint = _(
            "None is set, so nobody gets mail. Add a sending account and an address of yours, or have whoever runs the "
            "help desk set MAIL_URL."
        )
    return Step(_("Set a mail server"), hint, url, is_done=has_way)


def _first_ticket(user: User) -> Step:
    return Step(
        _("Open the portal and try a ticket"),
        _("This is what people see who need help. Your ticket then waits at the desk."),
        reverse("portal:home"),
        Ticket.objects.visible_to(Principal.administrator(user)).exists(),
    )
