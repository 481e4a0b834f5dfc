"""Stylesheets and templates: whole when collected, and within the Content-Security-Policy."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles.finders import get_finder
from django.template.loader import get_template

from core.bundles import BUNDLES, IMPORT, BundledStaticFilesStorage, join

STATIC = settings.BASE_DIR / "static"
TEMPLATES = settings.BASE_DIR / "templates"
PAGES = sorted(p for p in TEMPLATES.rglob("*.html") if "mail" not in p.relative_to(TEMPLATES).parts)


@pytest.fixture
def found() -> dict:
    finder = get_finder("django.contrib.staticfiles.finders.FileSystemFinder")
    return {path: (storage, path) for path, storage in finder.list([])}


@pytest.mark.parametrize("bundle", BUNDLES)
def test_a_bundle_holds_all_its_parts_in_order(bundle: str, found: dict):
    parts = IMPORT.findall((STATIC / bundle).read_text())

    joined = join(bundle, found)

    places = [joined.index((STATIC / "css" / part).read_text().rstrip()) for part in parts]
    assert len(parts) > 10
    assert places == sorted(places)
    assert "@import" not in joined


@pytest.mark.parametrize("bundle", BUNDLES)
def test_a_bundle_declares_its_layers_before_anything_else(bundle: str, found: dict):
    rules = re.sub(r"/\*.*?\*/", "", join(bundle, found), flags=re.DOTALL).strip()

    assert rules.startswith("@layer reset, tokens, base, layout, components, utilities;")


def test_collecting_hashes_the_joined_bundle(tmp_path: Path, found: dict):
    storage = BundledStaticFilesStorage(location=tmp_path, base_url="/static/")
    for name, (source, path) in found.items():
        with source.open(path) as file:
            storage.save(name, file)

    hashed = {name: new for name, new, done in storage.post_process(found) if done}

    collected = (tmp_path / hashed["css/desk.css"]).read_text()
    assert "@import" not in collected
    assert ".entry-note" in collected


def test_every_part_belongs_to_a_bundle():
    used = {part for bundle in BUNDLES for part in IMPORT.findall((STATIC / bundle).read_text())}
    parts = {str(p.relative_to(STATIC / "css")) for p in (STATIC / "css").rglob("*.css")}

    assert parts - used == {"desk.css", "portal.css", "admin.css", "admin-forms.css", "admin-lists.css"}


def test_parts_refer_to_no_other_file():
    """A part moves to another folder when it is joined, so a relative address in it would break."""
    assert [p.name for p in _parts() if "url(" in p.read_text()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(TEMPLATES)))
def test_a_template_compiles_and_keeps_to_the_policy(page: Path):
    text = page.read_text()

    get_template(str(page.relative_to(TEMPLATES)))
    assert not re.search(r"\sstyle\s*=", text)
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text)
    assert not re.search(r"<style\b", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"(?:src|href)=[\"']https?:", text)


def _parts() -> Iterator[Path]:
    return (p for p in (STATIC / "css").rglob("*.css") if p.name not in {"desk.css", "portal.css"})
