"""More mails can be said in an administrator's words; nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mail", "0023_sender_faults"),
    ]

    operations = [
        migrations.AlterField(
            model_name="mailtemplate",
            name="template",
            field=models.CharField(
                choices=[
                    ("ticket_opened", "Ticket opened, to the requester"),
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
    ]
