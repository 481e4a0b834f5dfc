from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("api", "0001_api_keys")]
    operations = [
        migrations.AddField(
            model_name="apikey",
            name="can_set_due_dates",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Of the tickets that it opens, by the field “duedate”. They come before what SLA plans promise.",
                verbose_name="sets due dates",
            ),
        ),
    ]
