"""The table of who is told of what."""

from accounts.models import AuditEvent
from tests import cast
from tickets.models import Alert, AlertRule
from tickets.models.alerts import DEFAULTS, NEVER, WHO

PAGE = "/admin/tickets/alertrule/"


def boxes(**changed):
    """Return the form as the page shows it, each rule by default but for what is said."""
    sent = {}
    for alert in Alert:
        for who in changed.get(alert.value, DEFAULTS[alert]):
            sent[f"{alert}-{who}"] = "on"
    return sent


def test_the_table_shows_a_box_for_everybody_who_could_be_told(root):
    page = root.get(PAGE).content.decode()

    assert page.count('type="checkbox"') == sum(len(WHO) - len(NEVER[alert]) for alert in Alert)
    assert page.count("checked") == sum(len(who) for who in DEFAULTS.values())


def test_what_is_ticked_holds_from_then_on(root, grace, admin_user, ada, topic):
    answer = root.post(PAGE, boxes(new=["administrators"]), follow=True)

    assert "The alerts are saved." in answer.content.decode()
    assert {name for name in WHO if getattr(AlertRule.of(Alert.NEW), name)} == {"administrators"}
    assert AlertRule.of(Alert.BREACHED).manager


def test_each_change_stands_in_the_audit_log(root):
    root.post(PAGE, boxes())
    assert not AuditEvent.objects.filter(target_model="tickets.alertrule").exists()

    root.post(PAGE, boxes(new=["members_if_nobody", "manager"]))

    event = AuditEvent.objects.get(target_model="tickets.alertrule")
    assert event.changes == {"manager": [False, True]}


def test_a_box_that_is_not_on_the_page_cannot_be_ticked(root):
    root.post(PAGE, boxes(new=["agent", "mentioned"]))

    rule = AlertRule.objects.get(event=Alert.NEW)
    assert not rule.agent
    assert not rule.mentioned


def test_only_administrators_see_and_change_it(sign_in, grace):
    client = sign_in(grace)

    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, boxes(new=[])).status_code == 403
    assert cast.principal(grace).acts_as_agent
    assert AlertRule.of(Alert.NEW).members_if_nobody
