from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0035_queues_by_department")]
    operations = [
        migrations.AddField(
            model_name="alertrule",
            name="account_manager",
            field=models.BooleanField(
                db_default=False, default=False, verbose_name="the organisation's account manager"
            ),
        ),
    ]
