"""Departments and help topics below others: their paths, their order, and what may stand below what."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core.models import SiteSettings
from core.models.settings import TopicOrder
from tests import cast
from tests.cast import MONDAY
from tickets.models import Department, HelpTopic
from tickets.models.tree import path_of, why_not_below

pytestmark = pytest.mark.django_db


@pytest.fixture
def family(support):
    """Support / Berlin / Night shift, and Billing beside it."""
    berlin = Department.objects.create(name="Berlin", parent=support)
    night = Department.objects.create(name="Night shift", parent=berlin)
    return support, berlin, night, Department.objects.create(name="Billing")


def test_a_path_names_all_that_is_above(family):
    assert [row.path for row in family] == ["Support", "Support / Berlin", "Support / Berlin / Night shift", "Billing"]
    assert str(family[2]) == family[2].path


def test_the_database_tells_the_same_paths(family):
    told = dict(Department.objects.annotate(told=path_of()).values_list("pk", "told"))

    assert told == {row.pk: row.path for row in family}


def test_read_with_their_paths_rows_ask_nothing_more(family):
    rows = list(Department.objects.with_path())

    with CaptureQueriesContext(connection) as asked:
        assert "Support / Berlin / Night shift" in {row.path for row in rows}
    assert not asked.captured_queries


def test_what_is_below_comes_right_after_its_parent(family):
    Department.objects.create(name="Support Team")
    Department.objects.create(name="Aachen", parent=family[0])

    assert [row.path for row in Department.objects.with_path().in_order()] == [
        "Billing",
        "Support",
        "Support / Aachen",
        "Support / Berlin",
        "Support / Berlin / Night shift",
        "Support Team",
    ]


def topics_by_position() -> list[str]:
    HelpTopic.objects.all().delete()
    cards = HelpTopic.objects.create(name="Cards", position=20)
    HelpTopic.objects.create(name="Lost", parent=cards, position=20)
    HelpTopic.objects.create(name="Stolen", parent=cards, position=10)
    HelpTopic.objects.create(name="Wires", position=10)
    return [topic.path for topic in HelpTopic.objects.offered()]


def test_topics_stand_as_they_were_arranged(db):
    assert topics_by_position() == ["Wires", "Cards", "Cards / Stolen", "Cards / Lost"]


def test_or_by_name_if_the_site_says_so(db):
    SiteSettings.objects.update(topic_order=TopicOrder.NAME)

    assert topics_by_position() == ["Cards", "Cards / Lost", "Cards / Stolen", "Wires"]


def test_a_part_of_the_path_finds_a_row(family):
    assert set(Department.objects.found_by("port / ber")) == {family[1], family[2]}


def test_nothing_stands_below_itself_or_what_is_below_it(family):
    support, berlin, night, billing = family

    assert "cannot be below itself" in why_not_below(support, support)
    assert "is below “Support” already" in why_not_below(support, night)
    assert "is below “Support” already" in why_not_below(support, berlin)
    assert why_not_below(berlin, billing) is None


def test_there_are_three_levels(family):
    support, _berlin, night, billing = family

    assert "more than 3 levels" in why_not_below(Department(name="Deep"), night)
    # What is below it moves along.
    assert "more than 3 levels" in why_not_below(billing, night)
    assert "more than 3 levels" in why_not_below(support, billing)
    assert why_not_below(Department(name="Flat"), night.parent) is None


def test_rows_in_a_circle_hang_nothing(family):
    support, berlin, *_rest = family
    Department.objects.filter(pk=support.pk).update(parent=berlin)

    assert Department.objects.get(pk=berlin.pk).path.count(" / ") == 2
    assert len(Department.objects.with_path().in_order()) == 4


def test_brothers_and_sisters_differ_in_name(family):
    support, _berlin, _night, billing = family
    Department.objects.create(name="Berlin", parent=billing)

    for parent, name in ((None, "Billing"), (support, "Berlin")):
        with pytest.raises(IntegrityError), transaction.atomic():
            Department.objects.create(name=name, parent=parent)


@pytest.mark.parametrize("field", ["is_public", "disabled_at", "archived_at"])
@pytest.mark.parametrize("level", [0, 1, 2])
def test_requesters_choose_what_is_public_and_enabled_all_the_way_up(field, level):
    line = [HelpTopic.objects.create(name="Cards")]
    for name in ("Credit", "Lost"):
        line.append(HelpTopic.objects.create(name=name, parent=line[-1]))
    assert line[2] in HelpTopic.objects.offered()
    assert line[2].is_offered

    HelpTopic.objects.filter(pk=line[level].pk).update(**{field: False if field == "is_public" else MONDAY})

    lost = HelpTopic.objects.get(pk=line[2].pk)
    assert lost not in HelpTopic.objects.offered()
    assert not lost.is_offered


def test_three_hundred_topics_cost_no_more_queries_than_three(django_assert_max_num_queries):
    HelpTopic.objects.all().delete()
    for number in range(100):
        top = cast.make_topic(f"Product {number}")
        cast.make_topic("Broken", parent=cast.make_topic("Parts", parent=top))

    with django_assert_max_num_queries(2):
        assert len([topic.path for topic in HelpTopic.objects.offered()]) == 300
