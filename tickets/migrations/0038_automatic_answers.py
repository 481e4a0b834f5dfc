"""Help topics name a canned response that answers new tickets by itself; nothing waits for the small table."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0037_held_reply_senders"),
    ]

    operations = [
        migrations.AddField(
            model_name="helptopic",
            name="answer",
            field=models.ForeignKey(
                blank=True,
                help_text="A canned response that goes at once to who opens a ticket, in the place of the confirming mail.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="tickets.cannedresponse",
                verbose_name="automatic answer",
            ),
        ),
        migrations.AlterField(
            model_name="threadentry",
            name="kind",
            field=models.CharField(
                choices=[
                    ("message", "Message"),
                    ("reply", "Reply"),
                    ("note", "Internal note"),
                    ("automatic", "Automatic answer"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="ticketevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("opened", "Opened"),
                    ("message_added", "Message added"),
                    ("replied", "Replied"),
                    ("automatic_answer", "Answered automatically"),
                    ("reply_stopped", "Reply not sent"),
                    ("resent", "Mailed again"),
                    ("note_added", "Internal note added"),
                    ("assigned", "Assigned"),
                    ("claimed", "Claimed"),
                    ("released", "Given back"),
                    ("transferred", "Transferred"),
                    ("referred", "Referred"),
                    ("requester_changed", "Handed to another person"),
                    ("referral_removed", "Access removed"),
                    ("collaborator_added", "Collaborator added"),
                    ("collaborator_removed", "Collaborator removed"),
                    ("priority_changed", "Priority changed"),
                    ("topic_changed", "Help topic changed"),
                    ("plan_changed", "SLA plan changed"),
                    ("due_date_set", "Due date set"),
                    ("due_date_removed", "Due date removed"),
                    ("reckoned", "Deadlines reckoned anew"),
                    ("source_changed", "Source changed"),
                    ("entry_moved_away", "Moved to another ticket"),
                    ("entry_moved_here", "Moved here from another ticket"),
                    ("snoozed", "Snoozed"),
                    ("woken", "Snooze ended"),
                    ("wait_begun", "Wait begun"),
                    ("wait_ended", "Wait ended"),
                    ("resolved", "Resolved"),
                    ("closed", "Closed"),
                    ("reopened", "Reopened"),
                    ("clock_warned", "Deadline near"),
                    ("clock_breached", "Deadline passed"),
                    ("escalated", "Escalated"),
                ],
                max_length=20,
            ),
        ),
    ]
