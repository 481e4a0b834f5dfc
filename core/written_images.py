"""The images that stand in what somebody wrote with our editor: their own uploads, and no others."""

from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from core.models import NewFile
from core.uploads import IMAGE_TYPES, named

# Of the address by which the editor shows an image: the name of the file goes with its reference.
LONGEST_ADDRESS = 8_000


class WrittenImages:
    """The images that this owner stored (core.uploads.receive); each is known by an id made of its content."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._references: dict[str, str] = {}

    def content_id(self, address: str) -> str | None:
        """Return by what the text is to show the image of that address, None for what is no such upload."""
        reference = _reference_in(address)
        found = named(reference, self._owner) if reference else None
        if found is None or found[2] not in IMAGE_TYPES:
            return None
        content_id = _id_of(found[0])
        self._references[content_id] = reference
        return content_id

    def named_by(self, content_ids: Iterable[str]) -> list[str]:
        """Return the references of the images by their ids. Raises KeyError for what is none of these."""
        return [self._references[one] for one in content_ids]

    def found(self) -> dict[str, str]:
        """Return the references of all images that were found, by their ids."""
        return dict(self._references)

    def placed(self, files: Iterable[NewFile]) -> list[NewFile]:
        """Return the files with the ids by which the text shows them."""
        return [replace(file, content_id=_id_of(file.blob.sha256)) for file in files]


def _id_of(digest: str) -> str:
    return f"{digest[:32]}@image"


def _reference_in(address: str) -> str:
    """Return the reference of an upload in the address by which the editor shows it, "" if there is none."""
    if len(address) >= LONGEST_ADDRESS:
        return ""
    try:
        found = parse_qs(urlsplit(address).query).get("file", [])
    except ValueError:
        return ""
    return found[0] if len(found) == 1 else ""
