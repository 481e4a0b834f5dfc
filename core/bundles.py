"""Stylesheets are written in small parts and served whole: one request instead of a chain of imports."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, Storage

BUNDLES = ("css/desk.css", "css/portal.css")
IMPORT = re.compile(r'^@import url\("([^"]+)"\);$', re.MULTILINE)

Found = dict[str, tuple[Storage, str]]


class BundledStaticFilesStorage(ManifestStaticFilesStorage):
    """Put the parts in place of a bundle's imports before collectstatic hashes it.

    Where files are served as they lie (tests, a developer's server), the imports work by themselves.
    """

    def post_process(self, paths: Found, dry_run: bool = False, **options: Any) -> Iterator[Any]:
        joined = InMemoryStorage()
        for name in BUNDLES:
            if name in paths:
                joined.save(name, ContentFile(join(name, paths).encode()))
        bundles = {name: (joined, name) for name in BUNDLES if name in paths}
        yield from super().post_process({**paths, **bundles}, dry_run, **options)


def join(name: str, paths: Found) -> str:
    """Return the stylesheet `name` with its parts, which lie beside or below it, in place of their imports."""
    folder = PurePosixPath(name).parent
    return IMPORT.sub(lambda found: _read(str(folder / found[1]), paths).rstrip(), _read(name, paths))


def _read(name: str, paths: Found) -> str:
    storage, path = paths[name]
    with storage.open(path) as file:
        return bytes(file.read()).decode()
