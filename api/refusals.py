"""Why a request is not done. Programs compare these sentences with osTicket's, so they are never translated."""

HTTPS = "HTTPS protocol required"
NO_SUCH_URL = "URL not supported"
NO_SUCH_FORMAT = "Unsupported data format"
NO_KEY = "Valid API key required"
KEY_NOT_FOR_YOU = "API key not found/active or source IP not authorized"
NOT_AUTHORIZED = "API key not authorized"
TOO_MANY = "Too many requests. Wait a minute, then send this again."
UNREADABLE = "Unable to read request body"
NO_LENGTH = "Content-Length is required"
NO_EMAIL = "Unable to read email request"
DENIED = "Ticket denied"
NOT_CREATED = "Unable to create new ticket: validation errors"
UNKNOWN = "Unable to create new ticket: unknown error"


class Refused(Exception):
    """The request is answered with `status` and the sentence `str()`."""

    def __init__(self, status: int, sentence: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.headers = headers or {}


def unexpected(field: str) -> Refused:
    """Return what is said of a field that nobody knows, as osTicket says it."""
    return Refused(400, f"{field[:200]}: Unexpected data received in API request")
