"""Files of strangers leave as downloads that no browser runs."""

import pytest
from django.test import RequestFactory

from core.downloads import file_response
from core.files import open_blob, store

pytestmark = pytest.mark.django_db


def fetch(content: bytes = b"<script>alert(1)</script>", **wanted: object):
    given = {"name": "a.html", "content_type": "text/html"} | wanted
    return file_response(RequestFactory().get("/"), store([content]), **given)


def test_a_file_is_a_download_of_no_type():
    response = fetch()

    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == 'attachment; filename="a.html"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["Cache-Control"] == "private, no-store"
    assert response["Content-Length"] == "25"
    assert b"".join(response) == b"<script>alert(1)</script>"


@pytest.mark.parametrize("content_type", ["image/svg+xml", "text/html", "application/pdf", "", "IMAGE/PNG\r\nX: 1"])
def test_only_images_we_know_are_ever_shown(content_type):
    response = fetch(content_type=content_type, inline=True)

    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment;")


def test_an_image_may_be_shown():
    response = fetch(name="a.png", content_type="image/png", inline=True)

    assert response["Content-Type"] == "image/png"
    assert response["Content-Disposition"] == 'inline; filename="a.png"'
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("שלום 👋.png", "attachment; filename*=utf-8''%D7%A9%D7%9C%D7%95%D7%9D%20%F0%9F%91%8B.png"),
        ('a"b\\c.txt', 'attachment; filename="a\\"b\\\\c.txt"'),
    ],
)
def test_any_name_survives_the_header(name, disposition):
    assert fetch(name=name)["Content-Disposition"] == disposition


def test_a_file_that_storage_lost_is_told_in_a_sentence(files_dir):
    blob = store([b"x"])
    open_blob(blob).close()
    (files_dir / blob.path).unlink()

    response = file_response(RequestFactory().get("/"), blob, name="<b>a.txt", content_type="text/plain")

    assert response.status_code == 404
    assert "We know of <bdi>&lt;b&gt;a.txt</bdi>, but it is not in our storage." in response.content.decode()
