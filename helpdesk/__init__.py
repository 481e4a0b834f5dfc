"""Settings, addresses, the worker, the relay: what ties the apps together."""

from helpdesk.celery import app as celery_app

__all__ = ["celery_app"]
