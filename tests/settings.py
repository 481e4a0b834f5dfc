"""The help desk's own settings, made quick for tests.

DATABASE_URL and REDIS_URL choose the databases, as they do in production; with nothing set it is
SQLite in a temporary data folder.
"""

import atexit
import os
import shutil
import tempfile

_data = tempfile.mkdtemp(prefix="helpdesk-tests-")
atexit.register(shutil.rmtree, _data, ignore_errors=True)
os.environ["HELPDESK_DATA"] = _data
# A shell's settings of a running help desk must not leak into its tests.
for _name in (
    "HELPDESK_DEMO",
    "HELPDESK_STATIC",
    "PUBLIC_URL",
    "MAIL_URL",
    "MAIL_HOOKS",
    "MAIL_FROM",
    "TRUSTED_PROXIES",
    "DEBUG",
    "HELPDESK_CLAIM_SECONDS",
    "HELPDESK_RETRY_SECONDS",
):
    os.environ.pop(_name, None)

# Side by side, each process of the tests counts its throttles and queues its tasks in a database of Redis of its own:
# gw0 in the one that REDIS_URL names, gw1 in the one before it.
if os.environ.get("REDIS_URL") and (_worker := os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")):
    _server, _, _index = os.environ["REDIS_URL"].rpartition("/")
    if "TESTS_REDIS_URL" not in os.environ:  # a process that a test started has its address already
        os.environ["REDIS_URL"] = os.environ["TESTS_REDIS_URL"] = f"{_server}/{int(_index) - int(_worker)}"

from helpdesk.settings import *  # noqa: E402, F403
from helpdesk.settings import DATABASES, MIDDLEWARE, STORAGES  # noqa: E402

# Most tests have no administrator and are not about the first start; tests/accounts/test_first_run.py brings it back.
FIRST_RUN = "helpdesk.middleware.FirstRunMiddleware"
MIDDLEWARE = [name for name in MIDDLEWARE if name != FIRST_RUN]

# argon2 takes a quarter of a second on purpose; a sign-in in tests need not.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_AUTOREFRESH = True

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, not memory: threads, the live server and other processes see the same rows.
    DATABASES["default"]["TEST"] = {"NAME": f"{_data}/test.sqlite3"}
