"""What a web server imports: `helpdesk.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

from helpdesk.leash import end_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

end_with_parent()
application = get_wsgi_application()
