"""How many answers one address got lately is asked of its own, however many others got some in that hour."""

from django.db import migrations, models

from core.migrating import AddIndexInPassing

ANSWERS = (
    "ticket_opened",
    "message_received",
    "ticket_message",
    "ticket_collaborator",
    "ticket_link",
    "over_limit",
)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("mail", "0018_keys_of_what_goes")]

    operations = [
        AddIndexInPassing(
            "outgoingmail",
            models.Index(
                fields=["recipient", "created_at"],
                name="answer_by_recipient",
                condition=models.Q(("template__in", ANSWERS)),
            ),
        ),
    ]
