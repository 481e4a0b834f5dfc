"""Lines of the log, without the links that open something."""

import logging
import re

# Ticket links, the page behind a sent form, and mailed keys for a new password.
SECRET_PATHS = re.compile(r"(/t/|/new/sent/|/accounts/password/reset/key/)[^/\s\"'?]+")


class LineFormatter(logging.Formatter):
    """Hide what a path grants: Django logs the path of every request that was refused or failed."""

    def format(self, record: logging.LogRecord) -> str:
        return SECRET_PATHS.sub(r"\1…", super().format(record))
