"""One of the addresses that mails come from may be the site's: where the table is small, nothing waits for it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mail", "0021_letters"),
    ]

    operations = [
        migrations.AddField(
            model_name="ownaddress",
            name="is_default",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Mails about accounts come from it, such as links to sign in, and those of departments "
                "without an address of their own.",
                verbose_name="default",
            ),
        ),
        migrations.AlterField(
            model_name="ownaddress",
            name="account",
            field=models.ForeignKey(
                blank=True,
                help_text="Empty: the mail server that MAIL_URL names; without that, the default address's account.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="addresses",
                to="mail.sendingaccount",
                verbose_name="sending account",
            ),
        ),
        migrations.AddConstraint(
            model_name="ownaddress",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_default", True)), fields=("is_default",), name="one_default_own_address"
            ),
        ),
    ]
