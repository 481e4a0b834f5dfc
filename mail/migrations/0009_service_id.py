"""What a mail service calls a mail. Nullable, so no table is rewritten; the index has nobody in it yet."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mail", "0008_images_from_elsewhere"),
    ]

    operations = [
        migrations.AddField(
            model_name="outgoingmail",
            name="service_id",
            field=models.CharField(editable=False, max_length=200, null=True),
        ),
        migrations.AddIndex(
            model_name="outgoingmail",
            index=models.Index(
                condition=models.Q(("service_id__isnull", False)), fields=["service_id"], name="mail_by_service_id"
            ),
        ),
    ]
