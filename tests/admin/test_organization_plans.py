"""Whose people get a plan is said on the plan's page."""

import pytest

from accounts.models import Organization
from sla.models import OrganizationPlan, Reckoning
from tests import cast
from tests.cast import HOUR

pytestmark = pytest.mark.django_db

NO_STEPS = {"steps-TOTAL_FORMS": 0, "steps-INITIAL_FORMS": 0}


@pytest.fixture
def gold():
    return cast.make_plan("Gold", resolution=2 * HOUR)


@pytest.fixture
def company(gold):
    found = Organization.objects.create(name="Company")
    OrganizationPlan.objects.create(organization=found, plan=gold)
    return found


def test_organisations_are_added_and_no_deadline_moves(root, gold, company):
    other, page = Organization.objects.create(name="Other"), f"/admin/sla/slaplan/{gold.pk}/change/"
    kept, target = OrganizationPlan.objects.get(), gold.targets.get()
    data = NO_STEPS | {"name": "Gold", "alerts": "on", "warnings": "75"}
    data |= {"targets-TOTAL_FORMS": 1, "targets-INITIAL_FORMS": 1, "targets-0-id": target.pk}
    data |= {"targets-0-plan": gold.pk, "targets-0-target": "resolution", "targets-0-within": "2h"}
    data |= {"organizations-TOTAL_FORMS": 2, "organizations-INITIAL_FORMS": 1}
    data |= {"organizations-0-id": kept.pk, "organizations-0-plan": gold.pk, "organizations-0-organization": company.pk}
    data |= {"organizations-1-plan": gold.pk, "organizations-1-organization": other.pk}

    assert "Company" in root.get(page).content.decode()
    response = root.post(page, data)

    assert response.status_code == 302, response.context["errors"]
    assert set(gold.organizations.values_list("organization__name", flat=True)) == {"Company", "Other"}
    assert not Reckoning.objects.exists()


def test_an_organisation_has_one_plan(root, company):
    data = {"name": "New", "targets-TOTAL_FORMS": 1, "targets-INITIAL_FORMS": 0, "targets-0-target": "resolution"}
    data |= {"targets-0-within": "2h", "organizations-TOTAL_FORMS": 1, "organizations-INITIAL_FORMS": 0}
    response = root.post("/admin/sla/slaplan/add/", NO_STEPS | data | {"organizations-0-organization": company.pk})

    assert response.status_code == 200
    assert "This organisation has an SLA plan already." in response.content.decode()
