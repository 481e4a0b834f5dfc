"""The administration's pages of mail: what went out, what came in, from whom nothing comes in."""

from mail import banned_admin, ledger_admin, mailbox_admin, outbox_admin  # noqa: F401 - register their pages
