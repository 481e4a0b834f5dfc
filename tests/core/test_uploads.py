"""Files that come with a form: names, types, limits, and those kept across a form with a mistake."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.test import RequestFactory
from django.utils.datastructures import MultiValueDict

from core import uploads
from core.files import open_blob
from core.models import Blob, SiteSettings
from core.uploads import FilesForm, clean_name, is_program, type_of

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20


def upload(name: str = "note.txt", content: bytes = b"hello") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "text/html")


def form_with(*files: SimpleUploadedFile, kept: list[str] | None = None) -> FilesForm:
    data = QueryDict(mutable=True)
    data.setlist("attachments-kept", kept or [])
    return FilesForm(data, MultiValueDict({"attachments": list(files)}))


# --- Names and types --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\Ada\\report.pdf", "report.pdf"),
        ("..", "file"),
        ("", "file"),
        (" . ", "file"),
        (".htaccess", "htaccess"),
        ("a\x00b\x07.txt", "ab.txt"),
        ("photo\u202egnp.exe", "photognp.exe"),  # right-to-left override
        ("in\u200bvoice\ufeff.pdf", "invoice.pdf"),  # zero width
        ("ｆｕｌｌ.ｐｄｆ", "full.pdf"),  # NFKC
        ("a\uff0f..\uff0fb.txt", "b.txt"),  # a slash only after NFKC
        ("invoice.pdf          .exe", "invoice.pdf .exe"),
        ("run.exe. ", "run.exe"),
        ("line\r\nX-Header: 1.txt", "line X-Header: 1.txt"),
        ("\ud800.txt", "txt"),
        ("שלום 👋.png", "שלום 👋.png"),
    ],
)
def test_a_name_is_no_path_and_hides_nothing(sent, kept):
    assert clean_name(sent) == kept


def test_a_long_name_keeps_its_extension():
    name = clean_name("x" * 400 + ".tar.gz")

    assert len(name) == 255
    assert name.endswith("x.gz")


def test_a_name_that_grows_by_normalising_still_fits():
    assert len(clean_name("\ufdfa" * 250 + ".txt")) == 255


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("a.png", PNG, "image/png"),
        ("a.txt", PNG, "image/png"),
        ("a.png", b"<script>alert(1)</script>", "application/octet-stream"),
        ("a.svg", b"<svg onload=alert(1)>", "application/octet-stream"),
        ("a.html", b"<html>", "application/octet-stream"),
        ("a.csv", b"a;b", "text/csv"),
        ("a", b"", "application/octet-stream"),
    ],
)
def test_the_type_comes_from_the_first_bytes_or_the_extension(name, head, kind):
    assert type_of(name, head) == kind


@pytest.mark.parametrize(
    ("name", "head", "runs"),
    [
        ("setup.EXE", b"", True),
        ("setup.txt", b"MZ\x90\x00\x03", True),
        ("minutes.txt", b"MZ is short for Muster and Zander", False),
        ("a.js", b"1", True),
        ("a.pdf", b"%PDF-1.7", False),
    ],
)
def test_programs_are_known_by_extension_and_by_their_first_bytes(name, head, runs):
    assert is_program(name, head) is runs


# --- Forms ------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_good_files_are_stored_with_our_name_and_type():
    form = form_with(upload("../a\u202e.png", PNG))

    assert form.is_valid()
    (file,) = form.cleaned_data["attachments"]
    assert (file.name, file.content_type) == ("a.png", "image/png")
    with open_blob(file.blob) as stored:
        assert stored.read() == PNG


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (upload("screen.mov", b"x" * (1024 * 1024 + 200_000)), "screen.mov is 1.2 MB, more than the 1 MB allowed."),
        (upload("edge.bin", b"x" * (1024 * 1024 + 1)), "edge.bin is larger than the 1 MB allowed."),
        (upload("empty.txt", b""), "empty.txt is empty. Choose another file, or leave it out."),
        (upload("setup.exe"), "setup.exe is a program, and programs cannot be attached."),
    ],
)
def test_each_bad_file_gets_one_sentence_that_names_it(file, sentence):
    SiteSettings.objects.update(max_upload_mb=1)

    form = form_with(upload("good.txt"), file)

    assert form.errors["attachments"] == [sentence]
    assert [kept.name for kept in form.kept] == ["good.txt"]


@pytest.mark.django_db
def test_thirty_files_are_too_many_and_the_first_twenty_are_kept():
    form = form_with(*(upload(f"{n}.txt", b"%d" % n) for n in range(30)))

    assert form.errors["attachments"] == ["30 files are too many: 20 can be sent at once. The first ones are kept."]
    assert [kept.name for kept in form.kept] == [f"{n}.txt" for n in range(20)]


@pytest.mark.django_db
def test_what_was_kept_goes_along_with_the_next_try():
    first = form_with(upload("a.txt", b"one"), upload("bad.exe"))
    assert not first.is_valid()

    second = form_with(upload("b.txt", b"two"), kept=[kept.reference for kept in first.kept])

    assert second.is_valid()
    assert [file.name for file in second.cleaned_data["attachments"]] == ["a.txt", "b.txt"]
    assert second.kept[0].reference == first.kept[0].reference  # its age counts from when it was stored


@pytest.mark.django_db
def test_the_same_file_kept_twice_counts_once():
    first = form_with(upload())
    reference = first.kept[0].reference if first.is_valid() else ""

    second = form_with(kept=[reference, reference])

    assert second.is_valid()
    assert len(second.cleaned_data["attachments"]) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("reference", ["", "forged", "a:b:c", "\x00"])
def test_a_forged_reference_is_refused(reference):
    form = form_with(kept=[reference])

    assert form.errors["attachments"] == ["A file was chosen too long ago to be kept. Choose it again."]


@pytest.mark.django_db
def test_a_reference_ends_before_its_file_can_be_swept(monkeypatch):
    first = form_with(upload())
    assert first.is_valid()
    assert timedelta(days=1) > uploads.KEPT_FOR
    monkeypatch.setattr(uploads, "KEPT_FOR", timedelta(seconds=-1))

    form = form_with(kept=[first.kept[0].reference])

    assert form.errors["attachments"] == ["A file was chosen too long ago to be kept. Choose it again."]


@pytest.mark.django_db
def test_a_file_swept_meanwhile_is_named():
    first = form_with(upload("a.txt"))
    assert first.is_valid()
    Blob.objects.all().delete()

    form = form_with(kept=[first.kept[0].reference])

    assert form.errors["attachments"] == ["a.txt is not kept any more. Choose it again."]


# --- While they arrive ----------------------------------------------------------------------------


@pytest.mark.django_db
def test_bytes_beyond_the_limit_are_not_kept_but_counted():
    SiteSettings.objects.update(max_upload_mb=1)
    big = upload("big.bin", b"x" * (3 * 1024 * 1024))

    request = RequestFactory().post("/", {"attachments": [big, upload("small.txt")]})
    arrived = request.FILES.getlist("attachments")

    assert [(file.name, file.size) for file in arrived] == [("big.bin", 3 * 1024 * 1024), ("small.txt", 5)]
    assert list(arrived[0].chunks()) == []
    assert arrived[1].read() == b"hello"


@pytest.mark.django_db
def test_files_beyond_the_number_allowed_are_not_kept():
    request = RequestFactory().post("/", {"other": [upload(f"{n}.txt") for n in range(20)], "attachments": [upload()]})

    form = FilesForm(request.POST, request.FILES)

    assert form.errors["attachments"] == ["21 files are too many: 20 can be sent at once. The first ones are kept."]
    assert Blob.objects.count() == 0
