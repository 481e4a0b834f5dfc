"""Automatic answers of help topics count as the others do: their index is made anew beside the one that goes."""

from django.db import migrations, models

from core.migrating import AddIndexInPassing

ANSWERS = (
    "ticket_opened",
    "ticket_answered",
    "message_received",
    "ticket_message",
    "ticket_collaborator",
    "ticket_link",
    "over_limit",
)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("mail", "0024_more_templates"), ("tickets", "0038_automatic_answers")]

    operations = [
        AddIndexInPassing(
            "outgoingmail",
            models.Index(
                fields=["recipient", "created_at"],
                name="automatic_by_recipient",
                condition=models.Q(("template__in", ANSWERS)),
            ),
        ),
        migrations.AlterField(
            model_name="mailtemplate",
            name="template",
            field=models.CharField(
                choices=[
                    ("ticket_opened", "Ticket opened, to the requester"),
                    ("ticket_answered", "Automatic answer to a new ticket, to the requester"),
                    ("ticket_opened_for", "Ticket opened by an agent, to the requester"),
                    ("ticket_reply", "Reply, to the requester"),
                    ("message_received", "Message received, to who wrote it"),
                    ("ticket_message", "New message, to the others on the ticket"),
                    ("ticket_resolved", "Ticket resolved, to the requester"),
                    ("ticket_closed", "Ticket closed, to the requester"),
                    ("ticket_collaborator", "Added to a ticket, to the collaborator"),
                    ("over_limit", "Too many open tickets, to the sender"),
                    ("ticket_link", "Fresh link to a ticket, to the requester"),
                    ("alert_new", "New ticket, to agents"),
                    ("alert_message", "New message, to agents"),
                    ("alert_note", "Internal note, to agents"),
                    ("alert_transfer", "Ticket transferred, to agents"),
                    ("alert_assigned", "Ticket assigned, to agents"),
                    ("alert_clock", "Deadline near or passed, to agents"),
                    ("letter_password", "Account: a new password"),
                    ("letter_first_password", "Account: the first password"),
                    ("letter_agent_password", "Account: a new password, to agents"),
                    ("letter_agent_first_password", "Account: the first password, to agents"),
                    ("letter_sign_in", "Account: a link to sign in"),
                    ("letter_registration", "Account: confirm a registration"),
                    ("letter_registered", "Account: registered already"),
                    ("letter_invitation", "Account: invitation"),
                    ("letter_confirm_address", "Account: confirm an address"),
                    ("letter_add_address", "Account: add an address"),
                ],
                max_length=30,
                verbose_name="mail",
            ),
        ),
        migrations.AlterField(
            model_name="outgoingmail",
            name="template",
            field=models.CharField(
                choices=[
                    ("ticket_opened", "Ticket opened, to the requester"),
                    ("ticket_answered", "Automatic answer to a new ticket, to the requester"),
                    ("ticket_opened_for", "Ticket opened by an agent, to the requester"),
                    ("ticket_reply", "Reply, to the requester"),
                    ("message_received", "Message received, to who wrote it"),
                    ("ticket_message", "New message, to the others on the ticket"),
                    ("ticket_resolved", "Ticket resolved, to the requester"),
                    ("ticket_closed", "Ticket closed, to the requester"),
                    ("ticket_collaborator", "Added to a ticket, to the collaborator"),
                    ("over_limit", "Too many open tickets, to the sender"),
                    ("ticket_link", "Fresh link to a ticket, to the requester"),
                    ("alert_new", "New ticket, to agents"),
                    ("alert_message", "New message, to agents"),
                    ("alert_note", "Internal note, to agents"),
                    ("alert_transfer", "Ticket transferred, to agents"),
                    ("alert_assigned", "Ticket assigned, to agents"),
                    ("alert_clock", "Deadline near or passed, to agents"),
                    ("agent_commands", "What a mail did, to the agent who wrote it"),
                    ("account", "Account mail"),
                ],
                max_length=30,
                verbose_name="template",
            ),
        ),
        migrations.RemoveIndex(
            model_name="outgoingmail",
            name="answer_by_recipient",
        ),
    ]
