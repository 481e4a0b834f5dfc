"""What is said of a mail by somebody who may have made it up. Choices are no business of the database's: nothing is done."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mail", "0019_answers_by_recipient"),
    ]

    operations = [
        migrations.AlterField(
            model_name="outgoingmail",
            name="fault",
            field=models.CharField(
                blank=True,
                choices=[
                    ("account", "The help desk's own mail account"),
                    ("nobody", "The address does not exist"),
                    ("full", "The mailbox is full or out of order"),
                    ("size", "The mail is too large"),
                    ("unproven", "Nothing proves that it came back"),
                ],
                db_default="",
                default="",
                max_length=10,
                verbose_name="fault",
            ),
        ),
    ]
