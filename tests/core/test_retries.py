"""When what failed is tried again."""

from datetime import timedelta

import pytest

from core.retries import ENDS_AFTER, LONGEST, next_try
from tests.cast import DAY, HOUR, MINUTE, MONDAY


@pytest.mark.parametrize(("failures", "wait"), [(0, MINUTE), (1, 2 * MINUTE), (5, 32 * MINUTE), (9, LONGEST)])
def test_every_try_waits_twice_as_long_up_to_six_hours(failures: int, wait: timedelta):
    assert next_try(MONDAY, failures=failures, since=MONDAY) == MONDAY + wait


def test_after_two_days_it_is_tried_no_more():
    assert next_try(MONDAY + ENDS_AFTER - LONGEST, failures=20, since=MONDAY) == MONDAY + ENDS_AFTER
    assert next_try(MONDAY + ENDS_AFTER - HOUR, failures=20, since=MONDAY) is None


def test_however_often_people_have_it_tried_again():
    assert next_try(MONDAY + DAY, failures=32_767, since=MONDAY) == MONDAY + DAY + LONGEST
