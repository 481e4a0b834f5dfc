"""The administration's pages of mail: what went out, what came in."""

from mail import ledger_admin, outbox_admin  # noqa: F401 - register their pages
