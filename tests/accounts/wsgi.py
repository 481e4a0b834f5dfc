"""A web process of the tests' own settings: the cheap password hashes of the cast can be checked there."""

import os

from helpdesk.leash import end_with_parent

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

end_with_parent()

from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()
