"""Deciding on several mails at once in the administration: done where it can be, and said why elsewhere not."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import now

from accounts.models import User
from accounts.principal import Principal
from core.bounded_admin import MOST_ROWS
from core.changes import Change, record
from tickets.errors import DeedRefused


def administrator(request: HttpRequest) -> Principal:
    assert isinstance(request.user, User)  # the administration lets nobody else in
    return Principal.administrator(request.user)


def do_to_each(
    page: "admin.ModelAdmin[Any]",
    request: HttpRequest,
    mails: "QuerySet[Any]",
    act: Callable[..., object],
    told: tuple[str, str],
) -> int:
    """Do it to each mail that it can be done to, and return how many these were; each reason why not is said once.

    `told` is what the audit log says was changed, and to what.
    """
    by, at, done = administrator(request), now(), 0
    refusals: dict[str, None] = {}
    for mail in mails.order_by("pk")[:MOST_ROWS]:
        try:
            act(mail, by=by, at=at)
        except DeedRefused as refusal:
            refusals[str(refusal)] = None
        else:
            record(Change.CHANGED, request=request, row=mail, changes={told[0]: (None, told[1])})
            done += 1
    for sentence in refusals:
        page.message_user(request, sentence, messages.ERROR)
    return done
