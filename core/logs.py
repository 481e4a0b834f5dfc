"""Lines of the log: what is worth one, and without the links that open something."""

import logging
import re
from http import HTTPStatus

# Ticket links, the page behind a sent form, what switches an alert off, and what is mailed to sign in, register,
# confirm an address or set a password.
SECRET_PATHS = re.compile(
    r"(/t/|/new/sent/|/desk/alerts/off/|/accounts/(?:address|password/reset/key|link/with|register/with|invitation)/)[^/\s\"'?]+"
)


class FormMistakes(logging.Filter):
    """Keep out forms that were filled in wrongly: Django warns of every answer above 399, and these are everyday."""

    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(record, "status_code", None) != HTTPStatus.UNPROCESSABLE_ENTITY


class LineFormatter(logging.Formatter):
    """Hide what a path grants: Django logs the path of every request that was refused or failed."""

    def format(self, record: logging.LogRecord) -> str:
        return SECRET_PATHS.sub(r"\1…", super().format(record))
