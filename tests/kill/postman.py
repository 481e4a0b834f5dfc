"""Mailboxes for the kill test, as a program beside the help desk: `python -m tests.kill.postman PORT USER=AFTER …`.

They are switched off until the test switches them on.
"""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
django.setup()

from core import secrets  # noqa: E402
from mail.models import Mailbox, Protocol, Security  # noqa: E402
from tests.plugins.dovecot import PASSWORD  # noqa: E402

if __name__ == "__main__":
    port, *users = sys.argv[1:]
    for one in users:
        user, _, after = one.partition("=")
        Mailbox.objects.create(
            name=user,
            address=f"{user}@example.com",
            is_active=False,
            protocol=Protocol.IMAP,
            host="127.0.0.1",
            port=int(port),
            security=Security.NONE,
            username=user,
            secret=secrets.encrypt(PASSWORD.encode()),
            after_fetch=after,
            archive_folder="Done",
            poll_seconds=1,
        )
