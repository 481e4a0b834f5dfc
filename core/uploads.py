"""Files that come with a form: their names made harmless, their sizes limited, their bytes stored.

A browser cannot fill a file field again. So that a form with a mistake elsewhere loses no file, what was stored
comes back with the page as signed references, each a ticked box; what is still ticked is sent along.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any, TypeAlias

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopFutureHandlers
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.files import store
from core.models import Blob, NewFile, SiteSettings
from core.templatetags.ui import filesize_short

Upload: TypeAlias = "UploadedFile[Any]"

MAX_FILES = 20
NAME_LENGTH = 255
# An extension longer than this is part of the name.
EXTENSION_LENGTH = 20
# Below the day after which a file that nothing refers to is swept.
KEPT_FOR = timedelta(hours=12)
SALT = "core.uploads"

# What a browser may show as an image, by its first bytes.
IMAGE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
OTHER_TYPE = "application/octet-stream"
SIGNATURES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"%PDF-"), "application/pdf"),
)
# Says what a file is, to agents; never how it is sent (core.downloads).
TYPES_BY_EXTENSION: Mapping[str, str] = {
    "txt": "text/plain",
    "log": "text/plain",
    "csv": "text/csv",
    "eml": "message/rfc822",
    "json": "application/json",
    "zip": "application/zip",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
}
# What runs when it is opened. An agent opens what strangers send.
PROGRAMS = """
    app appx apk bat chm cmd com cpl dll dmg exe hta inf ins iso jar jnlp js jse lnk mde msc msi msix msp pif ps1 reg
    scf scr sct shb sys url vb vbe vbs vhd vhdx vxd wsc wsf wsh xll
""".split()  # noqa: SIM905 - read as a list, not as a column
PROGRAM_SIGNATURES = (b"MZ", b"\x7fELF")
HEAD = 64


# --- One file ------------------------------------------------------------------------------------


def clean_name(name: str) -> str:
    """Return a name that is no path, hides nothing and fits: NFKC, no control, zero-width or direction characters.

    The extension survives shortening. Nothing left is "file".
    """
    name = unicodedata.normalize("NFKC", name[: 4 * NAME_LENGTH])
    # Other: control, format, surrogate, private, unassigned. Separators become spaces.
    name = "".join(" " if c.isspace() else c for c in name if c.isspace() or unicodedata.category(c)[0] != "C")
    name = " ".join(name.replace("\\", "/").rpartition("/")[2].split())
    # No hidden file, and no tail that Windows drops ("run.exe."): what is checked must be what is saved.
    name = name.strip(". ")
    if not name:
        return "file"
    suffix = PurePosixPath(name).suffix
    if len(suffix) > EXTENSION_LENGTH:
        suffix = ""
    return name.removesuffix(suffix)[: NAME_LENGTH - len(suffix)] + suffix


def type_of(name: str, head: bytes) -> str:
    """Return the type by the first bytes, else by the extension; what the sender says is not asked.

    A type that has a signature is given to nothing that lacks it.
    """
    for signature, kind in SIGNATURES:
        if signature.match(head):
            return kind
    return TYPES_BY_EXTENSION.get(_extension(name), OTHER_TYPE)


def is_program(name: str, head: bytes) -> bool:
    """Say whether this runs when it is opened, by its extension or its first bytes."""
    return _extension(name) in PROGRAMS or (head.startswith(PROGRAM_SIGNATURES) and b"\0" in head)


def _extension(name: str) -> str:
    return PurePosixPath(name).suffix.removeprefix(".").lower()


# --- All files of a form ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is stored, and the signed reference by which a form sends it again."""

    file: NewFile
    reference: str

    @property
    def name(self) -> str:
        return self.file.name

    @property
    def size(self) -> int:
        return self.file.blob.size


@dataclass(slots=True)
class Received:
    """What came with a form: the files that are good, in order, and a sentence for each that is not."""

    kept: list[Kept] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def files(self) -> list[NewFile]:
        return [one.file for one in self.kept]


def receive(uploads: Sequence[Upload], references: Sequence[str] = (), *, owner: str = "") -> Received:
    """Store what is good of `uploads` behind what `references` name. Call it outside any transaction.

    What was kept for an `owner` is found by its reference for that owner alone.
    """
    received = Received()
    _take_up(received, references[:MAX_FILES], owner)
    room = MAX_FILES - len(received.kept)
    if len(uploads) > room:
        received.problems.append(_too_many(len(uploads) + len(received.kept)))
    most = max_bytes()
    for upload in uploads[:room]:
        problem = _problem_of(upload, most)
        if problem:
            received.problems.append(problem)
        else:
            received.kept.append(_keep(upload, owner))
    return received


def max_bytes() -> int:
    """Return how large one file may be."""
    return SiteSettings.load().max_upload_mb * 1024 * 1024


def _problem_of(upload: Upload, most: int) -> str:
    name, size = clean_name(upload.name or ""), upload.size or 0
    if size > most:
        told = {"name": name, "size": filesize_short(size), "most": filesize_short(most)}
        if told["size"] == told["most"]:
            return _("%(name)s is larger than the %(most)s allowed.") % told
        return _("%(name)s is %(size)s, more than the %(most)s allowed.") % told
    if isinstance(upload, NotKept):
        return _too_many(MAX_FILES + 1)
    if not size:
        return _("%(name)s is empty. Choose another file, or leave it out.") % {"name": name}
    if is_program(name, _head(upload)):
        return _("%(name)s is a program, and programs cannot be attached.") % {"name": name}
    return ""


def _too_many(count: int) -> str:
    return _("%(count)s files are too many: %(most)s can be sent at once. The first ones are kept.") % {
        "count": count,
        "most": MAX_FILES,
    }


def _head(upload: Upload) -> bytes:
    upload.seek(0)
    return bytes(upload.read(HEAD))


def _keep(upload: Upload, owner: str) -> Kept:
    name = clean_name(upload.name or "")
    content_type = type_of(name, _head(upload))
    return keep_stored(NewFile(store(upload.chunks()), name, content_type), owner)


def keep_stored(file: NewFile, owner: str = "") -> Kept:
    """Return a file that is stored already with the reference by which a form sends it."""
    return Kept(file, signing.dumps([file.blob.sha256, file.name, file.content_type], salt=_salt(owner)))


def named(reference: str, owner: str = "") -> tuple[str, str, str] | None:
    """Return digest, name and type of the file that was kept for this owner; None if none was, or too long ago."""
    try:
        digest, name, content_type = signing.loads(reference, salt=_salt(owner), max_age=KEPT_FOR)
    except signing.BadSignature:
        return None
    return digest, name, content_type


def _salt(owner: str) -> str:
    return f"{SALT}:{owner}" if owner else SALT


def _take_up(received: Received, references: Sequence[str], owner: str) -> None:
    """Find the files that a page before this one stored. Their references are passed on as they are: they age."""
    wanted: dict[str, tuple[str, str, str]] = {}
    for reference in references:
        if found := named(reference, owner):
            wanted[reference] = found
        else:
            received.problems.append(_("A file was chosen too long ago to be kept. Choose it again."))
    blobs = {blob.sha256: blob for blob in Blob.objects.filter(sha256__in=[digest for digest, *_ in wanted.values()])}
    for reference, (digest, name, content_type) in wanted.items():
        if digest in blobs:
            received.kept.append(Kept(NewFile(blobs[digest], name, content_type), reference))
        else:
            received.problems.append(_("%(name)s is not kept any more. Choose it again.") % {"name": name})


# --- In a form -------------------------------------------------------------------------------------


class FilesInput(forms.Widget):
    """Reads two things: the files chosen now, and under "<name>-kept" the references of those kept from before."""

    needs_multipart_form = True

    def value_from_datadict(
        self, data: Mapping[str, Any], files: MultiValueDict[str, Upload], name: str
    ) -> tuple[list[Upload], list[str]]:
        kept = data.getlist(f"{name}-kept") if hasattr(data, "getlist") else data.get(f"{name}-kept", [])
        return (files.getlist(name) if files else [], list(kept))

    def value_omitted_from_data(self, data: object, files: object, name: str) -> bool:
        return False


class FilesForm(forms.Form):
    """A form with files: `cleaned_data["attachments"]` is a list of NewFile, stored already.

    `kept` names the good ones also when the form is not valid: draw them with components/_kept.html.
    """

    attachments = forms.Field(label=gettext_lazy("Files"), required=False, widget=FilesInput)

    kept: Sequence[Kept] = ()
    max_files = MAX_FILES
    # Whose files these are: references that others got are none here.
    owner = ""

    @property
    def max_bytes(self) -> int:
        return max_bytes()

    def keep(self, data: Mapping[str, Any], files: MultiValueDict[str, Upload]) -> None:
        """Keep what was chosen in a form that is shown again before it is sent. What is wrong is said when it is."""
        chosen = FilesInput().value_from_datadict(data, files, self.add_prefix("attachments"))
        self.kept = receive(*chosen, owner=self.owner).kept

    def clean_attachments(self) -> list[NewFile]:
        received = receive(*self.cleaned_data["attachments"], owner=self.owner)
        self.kept = received.kept
        if received.problems:
            raise ValidationError(received.problems)
        return received.files


# --- While they arrive -------------------------------------------------------------------------------


class LimitedUploadHandler(FileUploadHandler):
    """Let the bytes of a file that is too large, or one too many, go by without keeping them.

    Stands first among FILE_UPLOAD_HANDLERS, so that strangers cannot fill the disk. Its size is still counted
    for the sentence that the form shows.
    """

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self.most = 0
        self.count = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.most = self.most or max_bytes()
        self.count += 1
        self.is_over = self.count > MAX_FILES
        if self.is_over:
            raise StopFutureHandlers

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        self.is_over = self.is_over or start + len(raw_data) > self.most
        return None if self.is_over else raw_data

    def file_complete(self, file_size: int) -> "Upload | None":
        return NotKept(self.file_name, file_size) if self.is_over else None


class NotKept(UploadedFile):  # type: ignore[type-arg]  # generic only in the stubs
    """An upload whose bytes were let go."""

    def __init__(self, name: str | None, size: int) -> None:
        super().__init__(file=None, name=name, size=size)

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        return iter(())

    def close(self) -> None:
        """There is nothing to close; Django closes every file of a request."""
