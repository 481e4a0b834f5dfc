"""Throttle slots: so many at a time, whoever asks and however fast."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import RequestFactory

from core import throttle
from core.checks import caches_are_shared

WINDOW = timedelta(minutes=5)

pytestmark = pytest.mark.django_db


def claims(count: int, *, key: str = "ada", limit: int = 3) -> list[bool]:
    return [bool(throttle.claim("test", key, limit, WINDOW)) for _ in range(count)]


def test_so_many_and_no_more():
    assert claims(5) == [True, True, True, False, False]


def test_others_are_not_held_up():
    claims(3)

    assert claims(1, key="grace") == [True]
    assert throttle.claim("another", "ada", 3, WINDOW)


def test_a_slot_given_back_is_free_again():
    slot = throttle.claim("test", "ada", 1, WINDOW)
    assert claims(1, limit=1) == [False]

    throttle.give_back(slot)

    assert claims(1, limit=1) == [True]


def test_release_frees_all_of_one_key():
    claims(3)
    claims(3, key="grace")

    throttle.release("test", "ada", 3, WINDOW)

    assert claims(1) == [True]
    assert claims(1, key="grace") == [False]


def test_slots_of_the_turn_before_still_count(throttle_clock):
    claims(2)

    throttle_clock.now += WINDOW.total_seconds()

    assert claims(3) == [True, False, False]


def test_slots_are_free_when_the_window_has_passed(throttle_clock):
    claims(3)

    throttle_clock.now += 2 * WINDOW.total_seconds()

    assert claims(4) == [True, True, True, False]


class Between:
    """The cache, with something that happens after the first look and before the first slot is taken."""

    def __init__(self, happens: Callable[[], None]) -> None:
        self.happens: Callable[[], None] | None = happens

    def add(self, *args: Any) -> bool:
        if (happens := self.happens) is not None:
            self.happens = None
            happens()
        return cache.add(*args)

    def __getattr__(self, name: str) -> Any:
        return getattr(cache, name)


@pytest.mark.parametrize("ahead", [1, -1])
def test_two_whose_clocks_stand_in_different_turns_do_not_both_get_the_last_slot(throttle_clock, monkeypatch, ahead):
    other = []

    def claim_in_another_turn() -> None:
        throttle_clock.now += ahead * WINDOW.total_seconds()
        other.extend(claims(1, limit=1))
        throttle_clock.now -= ahead * WINDOW.total_seconds()

    monkeypatch.setattr(throttle, "cache", Between(claim_in_another_turn))
    mine = claims(1, limit=1)

    assert other == [True]
    assert mine == [False]


def test_a_key_of_any_letters_will_do():
    assert throttle.claim("test", "ada lovelace\n\x00🎩" * 50 + "\udc80", 1, WINDOW)


def test_the_cache_does_not_tell_who_was_throttled():
    slot = throttle.claim("test", "ada@example.org", 1, WINDOW)

    assert "ada" not in slot


def test_allow_counts_by_client(rf: RequestFactory):
    here, there = rf.get("/", REMOTE_ADDR="192.0.2.1"), rf.get("/", REMOTE_ADDR="192.0.2.2")

    assert [throttle.allow(here, "test", 1, WINDOW) for _ in range(2)] == [True, False]
    assert throttle.allow(there, "test", 1, WINDOW)


def test_allow_counts_by_key_wherever_it_comes_from(rf: RequestFactory):
    here, there = rf.get("/", REMOTE_ADDR="192.0.2.1"), rf.get("/", REMOTE_ADDR="192.0.2.2")

    assert throttle.allow(here, "test", 1, WINDOW, key="ada")
    assert not throttle.allow(there, "test", 1, WINDOW, key="ada")


@pytest.mark.django_db(transaction=True)
def test_many_at_once_get_as_many_slots_as_there_are():
    def one(_number: int) -> bool:
        try:
            return bool(throttle.claim("test", "ada", 5, WINDOW))
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        got = list(pool.map(one, range(60)))

    assert got.count(True) == 5


def counted(times: int, limit: int = 3) -> list[bool]:
    return [throttle.claim_in_turn("test", "ada", limit, WINDOW) for _ in range(times)]


def test_so_many_in_a_turn_and_no_more(throttle_clock):
    assert counted(5) == [True, True, True, False, False]

    throttle_clock.now += WINDOW.total_seconds()

    assert counted(4) == [True, True, True, False]


def test_a_lost_count_of_the_turn_lets_nobody_in_twice(throttle_clock):
    counted(2)
    for name in ("ada", "grace"):
        cache.delete(f"{throttle._name('test', name)}:{int(throttle_clock.now // WINDOW.total_seconds())}:next")

    assert counted(2) == [True, False]


def test_counting_in_turns_asks_as_little_for_a_large_limit(django_assert_max_num_queries):
    counted(20, limit=1_000)

    # Three questions to the cache, each of which is a few to a database.
    with django_assert_max_num_queries(12):
        assert counted(1, limit=1_000) == [True]


@pytest.mark.django_db(transaction=True)
def test_many_at_once_get_as_much_of_a_turn_as_there_is(throttle_clock):
    def one(_number: int) -> bool:
        try:
            return counted(1, limit=5)[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(one, range(60))).count(True) == 5


@pytest.mark.parametrize("backend", ["locmem.LocMemCache", "dummy.DummyCache"])
def test_a_cache_of_one_process_is_refused(settings, backend):
    settings.CACHES = {"default": {"BACKEND": f"django.core.cache.backends.{backend}"}}

    assert [error.id for error in caches_are_shared(None)] == ["core.E001"]


def test_the_settings_as_they_are_pass():
    assert caches_are_shared(None) == []
