"""Periodic jobs, and what they sweep."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.core.cache.backends.db import DatabaseCache
from django.core.management import call_command
from django.db import models
from django.utils.timezone import now

from core import files, periodic, sweeping
from core.models import Blob, PeriodicJob, SiteSettings
from core.periodic import Job
from core.tasks import run_periodic
from helpdesk.relay import PERIODIC
from tests import cast
from tests.cast import DAY, HOUR, MONDAY
from tickets.models import Attachment
from tickets.thread import NewFile

pytestmark = pytest.mark.django_db


@pytest.fixture
def ran():
    return []


@pytest.fixture
def job(ran):
    """A job that comes every hour, handed out."""
    periodic.schedule({"count": Job(ran.append, every=HOUR)})
    periodic.ensure_rows(MONDAY)
    PeriodicJob.objects.update(claim=uuid4())
    yield PeriodicJob.objects.get()
    periodic.schedule(PERIODIC)


def test_a_job_runs_and_comes_back(job, ran):
    periodic.run(job, claim=job.claim, at=MONDAY)

    job.refresh_from_db()
    assert ran == [MONDAY]
    assert (job.due_at, job.claim, job.last_run_at, job.last_error) == (MONDAY + HOUR, None, MONDAY, "")


def test_a_job_that_fails_says_so_and_comes_back(job):
    def fail(at):
        raise ValueError("no luck")

    periodic.schedule({"count": Job(fail, every=HOUR)})

    periodic.run(job, claim=job.claim, at=MONDAY)

    job.refresh_from_db()
    assert job.due_at == MONDAY + HOUR
    assert "no luck" in job.last_error


def test_a_worker_that_lost_its_claim_writes_nothing(job):
    periodic.run(job, claim=uuid4(), at=MONDAY)

    assert PeriodicJob.objects.get().last_run_at is None


def test_the_rows_follow_the_table(job):
    periodic.schedule({"other": Job(print, every=HOUR)})

    periodic.ensure_rows(MONDAY)
    periodic.ensure_rows(MONDAY + HOUR)

    assert [(row.name, row.due_at) for row in PeriodicJob.objects.all()] == [("other", MONDAY)]


def test_all_the_jobs_of_the_help_desk_run():
    periodic.schedule(PERIODIC)
    periodic.ensure_rows(now())

    for job in PeriodicJob.objects.all():
        PeriodicJob.objects.filter(pk=job.pk).update(claim=(claim := uuid4()))
        run_periodic(job.pk, str(claim))

    rows = PeriodicJob.objects.all()
    assert {row.name for row in rows} == set(PERIODIC)
    assert [row.last_error for row in rows if row.last_error] == []
    assert all(row.last_run_at for row in rows)


# --- Files ------------------------------------------------------------------------------------------


@pytest.fixture
def old_blob(settings):
    blob = files.store([b"bytes"])
    Blob.objects.update(created_at=MONDAY)
    return blob


def path_of(blob, settings):
    return settings.FILES_DIR / blob.path


def test_a_file_nobody_refers_to_is_swept_after_a_day(old_blob, settings):
    assert sweeping.sweep_files(MONDAY + DAY) == 0
    assert path_of(old_blob, settings).exists()

    assert sweeping.sweep_files(MONDAY + DAY + timedelta(seconds=1)) == 1

    assert not Blob.objects.exists()
    assert not path_of(old_blob, settings).exists()


def test_an_attached_file_stays(old_blob, settings, ada, topic):
    cast.make_ticket(ada, topic, files=[NewFile(old_blob, "a.txt", "text/plain")])

    sweeping.sweep_files(now())

    assert Attachment.objects.get().blob == old_blob
    assert path_of(old_blob, settings).exists()


def test_the_logo_stays(old_blob, settings):
    SiteSettings.objects.update(logo=old_blob)

    sweeping.sweep_files(now())

    assert path_of(old_blob, settings).exists()


def test_every_model_that_can_refer_to_a_file_is_asked():
    asked = {(model, name) for model, name in sweeping._referrers()}
    known = {
        (relation.related_model, relation.field.name)
        for relation in Blob._meta.get_fields(include_hidden=True)
        if isinstance(relation, models.ManyToOneRel)
    }

    assert asked == known
    assert (Attachment, "blob") in asked


def test_a_file_stored_again_is_young_again(old_blob, settings):
    files.store([b"bytes"])

    sweeping.sweep_files(MONDAY + 2 * DAY)

    assert path_of(old_blob, settings).exists()


def test_bytes_that_a_sweep_took_are_written_again(old_blob, settings, monkeypatch):
    """The sweep runs between the moment the bytes have their name and the moment their row is young."""
    kept = Blob.objects.get_or_create

    def swept_first(**kwargs):
        monkeypatch.undo()
        settings.FILES_DIR = folder
        sweeping.sweep_files(MONDAY + 2 * DAY)
        return kept(**kwargs)

    folder = settings.FILES_DIR
    monkeypatch.setattr(Blob.objects, "get_or_create", swept_first)

    blob = files.store([b"bytes"])

    assert Blob.objects.get() == blob
    with files.open_blob(blob) as file:
        assert file.read() == b"bytes"


def test_files_half_written_by_a_process_that_died_are_swept(settings):
    files.store([b"x"])
    half = settings.FILES_DIR / "incoming-abc"
    half.write_bytes(b"half")

    sweeping.sweep_files(now())
    assert half.exists()
    sweeping.sweep_files(now() + 2 * DAY)

    assert not half.exists()


def test_storing_leaves_nothing_half_written(settings):
    files.store([b"x"])

    assert not list(settings.FILES_DIR.glob("incoming-*"))


# --- Sessions and cache -----------------------------------------------------------------------------


def test_expired_sessions_are_cleared():
    Session.objects.create(session_key="old", session_data="", expire_date=now() - HOUR)
    Session.objects.create(session_key="new", session_data="", expire_date=now() + HOUR)

    sweeping.clear_sessions(now())

    assert [session.session_key for session in Session.objects.all()] == ["new"]


def test_expired_cache_entries_are_cleared(settings):
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache_of_test"}
    }
    call_command("createcachetable", verbosity=0)
    cache = caches["default"]
    assert isinstance(cache, DatabaseCache)
    cache.set("old", 1, timeout=1)
    cache.set("new", 1, timeout=7200)

    assert sweeping.clear_cache(now() + HOUR) == 1
    assert cache.get("new") == 1
