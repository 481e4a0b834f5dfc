"""Keys of the API in the administration: shown once, logged, switched."""

import re

import pytest

from accounts.models import AuditEvent
from api import keys
from api.models import ApiKey
from tickets.models import HelpTopic

pytestmark = pytest.mark.django_db

LIST = "/admin/api/apikey/"
ADD = LIST + "add/"


def form(**changed: object) -> dict[str, object]:
    return {"name": "Monitoring", "is_active": "on", "can_create_tickets": "on"} | changed


def test_a_key_is_made_and_shown_this_once(root, topic):
    response = root.post(ADD, form(networks="192.0.2.7\r\n2001:db8::/48", topics=[topic.pk]))

    page = response.content.decode()
    [key] = set(re.findall(r"\b[0-9A-F]{32}\b", page))
    row = ApiKey.objects.get()
    assert keys.find(key) == row
    assert list(row.topics.all()) == [topic]
    assert "no-store" in response["Cache-Control"]
    assert key not in str(response.cookies)
    for address in (LIST, f"{LIST}{row.pk}/change/"):
        shown = root.get(address).content.decode()
        assert key not in shown
        assert row.ending in shown


def test_a_key_that_a_program_has_already_can_be_entered(root):
    known = "ba00b76baa30f62e1940b46cc1c3c73c"

    assert known in root.post(ADD, form(key=known)).content.decode()
    assert keys.find(known) == ApiKey.objects.get()
    again = root.post(ADD, form(name="Another", key=known))
    assert "There is a row for this key already." in again.content.decode()
    assert "at least 32" in root.post(ADD, form(name="Short", key="secret")).content.decode()
    assert ApiKey.objects.count() == 1


def test_what_a_key_is_stays_out_of_the_log(root):
    known = "ba00b76baa30f62e1940b46cc1c3c73c"
    root.post(ADD, form(key=known, networks="192.0.2.7"))

    event = AuditEvent.objects.get()
    assert event.changes["networks"] == [None, "192.0.2.7"]
    assert known not in str(event.changes)
    assert ApiKey.objects.get().digest not in str(event.changes)


def test_saving_a_row_keeps_its_key(root, api_key_row):
    digest = api_key_row.digest

    assert root.post(f"{LIST}{api_key_row.pk}/change/", form(name="Renamed")).status_code == 302

    api_key_row.refresh_from_db()
    assert (api_key_row.name, api_key_row.digest) == ("Renamed", digest)


@pytest.mark.parametrize(
    "text", ["nowhere", "192.0.2.300", "192.0.2.7/24", "10.0.0.1;drop", "\n".join(["1.1.1.1"] * 101)]
)
def test_networks_are_checked(root, text):
    response = root.post(ADD, form(networks=text))

    assert response.status_code == 200
    assert not ApiKey.objects.exists()


def test_many_are_switched_at_once_and_each_is_logged(root, api_key_row):
    chosen = {"_selected_action": [api_key_row.pk]}

    page = root.post(LIST, {"action": "deactivate", **chosen}, follow=True).content.decode()
    assert "No longer active: Monitoring." in page
    assert not ApiKey.objects.get().is_active
    assert AuditEvent.objects.get().changes == {"is_active": [True, False]}

    assert (
        "Nothing had to be changed."
        in root.post(LIST, {"action": "deactivate", **chosen}, follow=True).content.decode()
    )
    root.post(LIST, {"action": "activate", **chosen})
    assert ApiKey.objects.get().is_active


def test_the_list_costs_the_same_for_many(root, django_assert_max_num_queries):
    for number in range(30):
        row = ApiKey(name=f"Program {number}")
        keys.set_key(row, keys.make())
        row.save()
        row.topics.add(HelpTopic.objects.create(name=f"Topic {number}"))

    with django_assert_max_num_queries(15):
        assert "Program 29" in root.get(LIST).content.decode()


@pytest.fixture
def api_key_row(db: None) -> ApiKey:
    row = ApiKey(name="Monitoring")
    keys.set_key(row, keys.make())
    row.save()
    return row
