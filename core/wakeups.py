"""Telling the relay that something is due now. Losing a wake-up loses a second, never the work.

With Redis it is a message on a channel. On the embedded size nothing is sent: the relay sees by
itself that the database has changed.
"""

import logging
from functools import lru_cache

from django.conf import settings
from django.db import transaction
from redis import Redis, RedisError
from redis.client import PubSub

logger = logging.getLogger(__name__)

CHANNEL = "helpdesk:wake"
# A page waits for this, so it is short.
PATIENCE = 1.0


def wake() -> None:
    """Make the relay look, once the current transaction is committed."""
    if settings.REDIS_URL:
        connection = transaction.get_connection()
        # Once for each transaction, however many rows it made due.
        known = (sids for sids, one, _robust in connection.run_on_commit if one is _publish_now)
        if not any(sids <= set(connection.savepoint_ids) for sids in known):
            transaction.on_commit(_publish_now, robust=True)


def listen() -> PubSub | None:
    """Return a subscription whose `get_message(timeout=…)` ends early on a wake-up; None on the embedded size.

    Raises RedisError.
    """
    if not settings.REDIS_URL:
        return None
    redis = Redis.from_url(settings.REDIS_URL, socket_connect_timeout=PATIENCE)
    channel = PubSub(redis.connection_pool, ignore_subscribe_messages=True)
    channel.subscribe(CHANNEL)
    return channel


def _publish_now() -> None:
    _publish()


def _publish() -> None:
    try:
        _client(settings.REDIS_URL).publish(CHANNEL, b"")
    except RedisError as error:
        logger.warning("the relay could not be woken: %s", error)


@lru_cache(maxsize=1)
def _client(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
