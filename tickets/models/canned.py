"""CannedResponse: an answer that agents need often, ready to be put into a reply (PARITY C01)."""

import json
from collections.abc import Collection, Sequence
from hashlib import sha256

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.principal import Principal
from core import cleaning
from core.models import Blob, NewFile
from core.plaintext import text_of
from tickets.models.department import Department
from tickets.models.ticket import Ticket

LONGEST_BODY = 50_000


class CannedQuerySet(models.QuerySet["CannedResponse"]):
    def active(self) -> "CannedQuerySet":
        return self.filter(is_active=True, archived_at=None)

    def usable_by(self, principal: Principal, ticket: Ticket) -> "CannedQuerySet":
        """What an agent can put into a reply to this ticket: for all departments, for its own, or what that is part of.

        Whether they see the ticket, and may write in it, is asked by whoever gives the ticket.
        """
        if not principal.acts_as_agent:
            return self.none()
        line = [department.pk for department in ticket.department.line()]
        return self.active().filter(Q(department=None) | Q(department__in=line))

    def for_opening(self, principal: Principal) -> "CannedQuerySet":
        """What an agent can begin a ticket with: for all departments, for their own, or what these are part of."""
        if not principal.acts_as_agent or principal.user is None:
            return self.none()
        own = Department.objects.filter(Q(access__agent=principal.user) | Q(manager=principal.user))
        above = ("pk", "parent", "parent__parent")
        line = {pk for path in own.values_list(*above) for pk in path if pk is not None}
        return self.active().filter(Q(department=None) | Q(department__in=line))

    def written_in(self, departments: Collection[int]) -> "CannedQuerySet":
        """What belongs to these departments themselves; what is for all of them is nobody's at the desk."""
        return self.filter(department__in=departments)

    def found_by(self, text: str) -> "CannedQuerySet":
        """Those that have every one of the words in their title or their text."""
        found = self
        for word in text.split()[:8]:
            found = found.filter(Q(title__icontains=word) | Q(text__icontains=word))
        return found

    def in_order(self) -> "CannedQuerySet":
        """What is of a department before what is of all, by title."""
        return self.order_by(models.F("department").asc(nulls_last=True), Lower("title"), "pk")


class CannedResponse(models.Model):
    """Words with variables (tickets.variables). `text` is the same as `body`, in plain text; `write` sets both."""

    title = models.CharField(_("title"), max_length=120)
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="canned_responses",
        verbose_name=_("department"),
        help_text=_("Offered there and in what is part of it. Empty: everywhere."),
    )
    body = models.TextField(_("text"))
    text = models.TextField(editable=False)
    html_version = models.PositiveSmallIntegerField(default=cleaning.VERSION, editable=False)
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Off: agents are not offered it."))
    notes = models.TextField(_("notes"), max_length=2000, blank=True, help_text=_("For administrators."))
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    objects = CannedQuerySet.as_manager()

    class Meta:
        verbose_name = _("canned response")
        verbose_name_plural = _("canned responses")
        # Some hundreds at most, read by department, whose key has an index. No other is needed.

    def __str__(self) -> str:
        return self.title

    def write(self, html: str) -> None:
        """Take over what it says, cleaned by allow-list. Not saved."""
        self.body = cleaning.clean(html)
        self.html_version = cleaning.VERSION
        self.text = text_of(self.body)

    def add_files(self, files: Sequence[NewFile]) -> "list[CannedFile]":
        """Add files behind those that it has; return them."""
        last = self.files.aggregate(last=models.Max("position"))["last"] or 0
        return CannedFile.objects.bulk_create(
            CannedFile(response=self, blob=file.blob, position=place, name=file.name, content_type=file.content_type)
            for place, file in enumerate(files, start=last + 1)
        )

    def mark(self, *more: str) -> str:
        """Return what changes with what it says and which files it has: a form knows by it if it is current."""
        files = list(self.files.order_by("pk").values_list("pk", flat=True)) if self.pk else []
        said = json.dumps([self.title, self.department_id, self.body, self.is_active, files, *more])
        return sha256(said.encode()).hexdigest()[:32]


class CannedFile(models.Model):
    """A file that goes along with a canned response."""

    response = models.ForeignKey(CannedResponse, models.CASCADE, related_name="files", db_index=False)
    blob = models.ForeignKey(Blob, models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100)

    class Meta:
        verbose_name = _("file of a canned response")
        verbose_name_plural = _("files of a canned response")
        # Also serves the files of a response, in order.
        constraints = [models.UniqueConstraint(fields=["response", "position"], name="canned_file_position")]

    def __str__(self) -> str:
        return self.name
