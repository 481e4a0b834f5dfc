"""`python -m helpdesk.healthcheck`: ask the web server in this container whether it is well.

Asks under the public name, as visitors do, so that the answer is theirs.
"""

import os
import sys
from http.client import HTTPConnection
from urllib.parse import urlsplit


def main() -> int:
    """Return 0 when /healthz says that all is well."""
    name = urlsplit(os.environ.get("PUBLIC_URL", "http://localhost")).hostname or "localhost"
    connection = HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=4)
    try:
        connection.request("GET", "/healthz", headers={"Host": name})
        return 0 if connection.getresponse().status == 200 else 1
    except OSError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
