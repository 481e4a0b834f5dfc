"""The directory: finding people, adding one, taking the list out."""

import csv
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import audit, contacts, directory
from accounts.directory import Sort
from accounts.models import AuditKind, Permission, User
from accounts.people import AddressTaken
from desk.access import AgentRequest
from desk.answers import Dialog, filled_in
from desk.person_forms import AddPersonForm
from desk.records import allowed, place, run, show, turning
from tickets import policy
from tickets.counting import count_text

# So many people leave in one file; whoever needs more narrows the list, or asks who runs the help desk.
MOST_EXPORTED = 50_000
CHUNK = 500
HOUR = timedelta(hours=1)
LONGEST_SEARCH = 200


@allowed(Permission.PERSON_VIEW)
@require_safe
def people(request: AgentRequest) -> HttpResponse:
    text, sort = _asked(request.GET)
    everybody = directory.people()
    found, how_many = directory.counted(directory.find_people(text, everybody), everybody, text)
    page = directory.read_page(found, sort, **place(request))
    query = _query(text, sort)
    rights = policy.permissions_anywhere(request.principal)
    url = reverse("desk:people")
    context = {
        "rows": [{"person": person, "address": address_of(person)} for person in page.rows],
        "text": text,
        "sort": sort.value,
        "sorts": [
            {"label": label, "url": f"{url}?{_query(text, value)}", "is_current": value == sort}
            for value, label in ((Sort.NAME, _("By name")), (Sort.NEWEST, _("Newest first")))
        ],
        "count_text": count_text(how_many),
        "may_add": Permission.PERSON_EDIT in rights,
        "may_export": Permission.PERSON_EDIT in rights,
        **turning(page, url, query=query),
    }
    return show(request, "desk/people.html", "people", context)


@allowed(Permission.PERSON_EDIT)
def add_person(request: AgentRequest) -> HttpResponse:
    action = reverse("desk:person-add")
    form = AddPersonForm(**filled_in(request), auto_id="person-%s", action=action)
    dialog = Dialog(
        id="person",
        title=_("Add a person"),
        form=form,
        action=action,
        submit=_("Add"),
        cancel_url=reverse("desk:people"),
    )

    def deed(cleaned: Mapping[str, Any]) -> tuple[str, str]:
        fields = {name: cleaned[name] for name in ("name", "phone", "organization")}
        try:
            person = contacts.add_person(cleaned["email"], by=request.user, at=now(), **fields)
        except AddressTaken as taken:
            raise AddressTaken(_("%(name)s has this address.") % {"name": taken.owner or _("Somebody")}) from taken
        return _("%(name)s added") % {"name": person}, reverse("desk:person", args=[person.pk])

    return run(request, dialog, deed, field="email")


@allowed(Permission.PERSON_EDIT)
def export_people(request: AgentRequest) -> HttpResponseBase:
    """Return what the directory shows as a file. It is written while it leaves, and the audit log says who took it."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("desk:people"))
    text, sort = _asked(request.POST)
    found = directory.find_people(text, directory.people())
    # What was searched for may be a name: that it was narrowed is enough.
    audit.record(
        AuditKind.EXPORTED,
        by=request.user,
        at=now(),
        changes={"people": (None, "some" if text else "all")},
    )
    answer = StreamingHttpResponse(_lines(found, sort), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="people.csv"'
    return answer


def address_of(person: User) -> str:
    """Return the primary address of a person of `directory.people`."""
    return next((address.email for address in getattr(person, "primary_addresses", ())), "")


def _asked(given: Mapping[str, str]) -> tuple[str, Sort]:
    """Return what was searched for, and the order."""
    text = str(given.get("q", "")).replace("\x00", "").strip()[:LONGEST_SEARCH]
    return text, Sort.NEWEST if given.get("sort") == Sort.NEWEST else Sort.NAME


def _query(text: str, sort: Sort) -> str:
    given = {"q": text, "sort": "" if sort == Sort.NAME else sort.value}
    return urlencode({name: value for name, value in given.items() if value})


class _Echo:
    """What the csv module takes for a file."""

    def write(self, line: str) -> str:
        return line


def _lines(found: "QuerySet[User]", sort: Sort) -> Iterator[str]:
    write = csv.writer(_Echo()).writerow
    # Excel takes a file for UTF-8 only if it begins like this.
    yield "\ufeff"
    yield write([_("Name"), _("E-mail"), _("Phone"), _("Organisation"), _("Primary contact"), _("Active"), _("Added")])
    after, written = None, 0
    while written < MOST_EXPORTED:
        page = directory.read_page(found, sort, after=after, size=CHUNK)
        for person in page.rows:
            yield write(
                [
                    _harmless(person.name),
                    _harmless(address_of(person)),
                    _harmless(person.phone),
                    _harmless(person.organization.name if person.organization else ""),
                    _("yes") if person.is_primary_contact else _("no"),
                    _("yes") if person.is_active else _("no"),
                    person.created_at.date().isoformat(),
                ]
            )
        written += len(page.rows)
        if page.after is None:
            return
        after = page.after
    yield write([_("The file ends after %(count)s people.") % {"count": MOST_EXPORTED}])


def _harmless(text: str) -> str:
    """Return text that a spreadsheet does not take for a formula (OWASP, "CSV Injection")."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
