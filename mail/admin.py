"""The administration's pages of mail: what went out, what came in, from whom nothing comes in."""

from mail import (  # noqa: F401 - register their pages
    banned_admin,
    breaker_admin,
    ledger_admin,
    mailbox_admin,
    outbox_admin,
    sending_admin,
    template_admin,
)
