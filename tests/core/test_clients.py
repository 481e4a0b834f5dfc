"""From where a request came, for what is written down on the way."""

import pytest

from core import clients


def test_nobody_asks_where_no_request_is_answered():
    assert clients.client_ip() is None


def test_the_client_is_known_until_the_answer_is_there():
    with clients.answering("203.0.113.7"):
        assert clients.client_ip() == "203.0.113.7"

    assert clients.client_ip() is None


def test_a_request_that_fails_leaves_no_client_behind():
    with pytest.raises(LookupError), clients.answering("203.0.113.7"):
        raise LookupError

    assert clients.client_ip() is None
