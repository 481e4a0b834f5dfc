#!/usr/bin/env python
"""Django's command line, for this help desk."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

# sysexits.h: the mail server that called us keeps its mail and tries again.
TRY_AGAIN = 75

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        print(f"Wrong setting: {error}", file=sys.stderr)
        sys.exit(TRY_AGAIN if sys.argv[1:2] == ["receive_mail"] else 1)
