"""A whole help desk in a process of its own, with its own database, keys and clock: `python -m tests.loops.desk`.

Each line on stdin is {"at": ISO, "mail": base64 or null}: the time, and a mail that comes in then. Each answer on
stdout is {"state", "sent": [base64, …]}: what became of it, and what goes out by then.
"""

import json
import sys
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from io import BytesIO

import django
from django.utils import timezone


class Clock:
    at = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


# Before anything else takes the name: every door asks it.
timezone.now = lambda: Clock.at
django.setup()

from mail import composing, rendering  # noqa: E402 - after the set-up
from mail.management.commands.receive_mail import receive  # noqa: E402
from mail.models import MailState, OutgoingMail  # noqa: E402


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        Clock.at = datetime.fromisoformat(order["at"])
        state = str(receive(BytesIO(b64decode(order["mail"]))).state) if order["mail"] else ""
        print(json.dumps({"state": state, "sent": [b64encode(raw).decode() for raw in send()]}), flush=True)


def send() -> list[bytes]:
    """Hand over what waits, as a mail server would get it."""
    sent = []
    for mail in OutgoingMail.objects.filter(state=MailState.QUEUED, due_at__lte=Clock.at).order_by("pk"):
        try:
            sent.append(composing.compose(mail).message().as_bytes())
            state = MailState.SENT
        except rendering.NoLongerWanted:
            state = MailState.CANCELLED
        OutgoingMail.objects.filter(pk=mail.pk).update(state=state, sent_at=Clock.at, due_at=None)
    return sent


main()
