"""XML requests (PARITY Y02), read by expat. What declares anything is refused, so nothing can grow or be fetched."""

from dataclasses import dataclass, field
from typing import Any, NoReturn
from xml.parsers import expat

from api.reading import Fields, Words
from api.refusals import Refused, unexpected

MOST_DEPTH, MOST_ELEMENTS = 10, 2_000


@dataclass(slots=True)
class _Element:
    name: str
    attributes: dict[str, str]
    words: list[str] = field(default_factory=list)
    children: "list[_Element]" = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.words).strip()


class _Reader:
    """Builds the elements while expat calls. Raises Refused from within."""

    def __init__(self, charset: str) -> None:
        self.parser = expat.ParserCreate(charset or None)
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._write
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.ExternalEntityRefHandler = self._refuse
        self.open = [_Element("", {})]
        self.count = 0

    def read(self, body: bytes) -> _Element:
        self.parser.Parse(body, True)
        return self.open[0].children[0]

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if len(self.open) > MOST_DEPTH or self.count > MOST_ELEMENTS:
            raise Refused(400, "XML error: too many elements, or too deep ones")
        element = _Element(name, attributes)
        self.open[-1].children.append(element)
        self.open.append(element)

    def _end(self, name: str) -> None:
        self.open.pop()

    def _write(self, text: str) -> None:
        self.open[-1].words.append(text)

    def _refuse(self, *_said: Any) -> NoReturn:
        raise Refused(400, "XML error: document type declarations and entities are not accepted")


def read_xml(body: bytes, charset: str = "") -> Fields:
    """Return the fields of a <ticket>: its attributes and its elements. Raises Refused."""
    try:
        root = _Reader(charset).read(body)
    except expat.ExpatError as error:
        message = f"XML error: {expat.ErrorString(error.code)} at line {error.lineno}:{error.offset}"
        raise Refused(400, message) from None
    except (LookupError, ValueError, UnicodeError):
        # An encoding that nobody knows, or of several bytes, which expat does not read.
        raise Refused(400, "XML error: unknown encoding") from None
    if root.name != "ticket":
        raise unexpected(root.name)
    fields: dict[str, Any] = dict(root.attributes)
    for element in root.children:
        if element.name in fields:
            raise Refused(400, f"{element.name[:200]}: given more than once")
        fields[element.name] = _value(element)
    return fields


def _value(element: _Element) -> Any:
    """Return what a field says: a text, files, or what osTicket calls a structure."""
    if element.name == "attachments":
        return [_file(child) for child in element.children]
    if element.name == "message":
        _require_no_more(element, {"type", "encoding"})
        return Words(element.text, element.attributes.get("type", ""), element.attributes.get("encoding", ""))
    if element.name == "phone":
        _require_no_more(element, {"ext"})
        extension = element.attributes.get("ext", "").strip()
        return f"{element.text}X{extension}" if extension else element.text
    if element.children or element.attributes:
        return {**element.attributes, **{child.name: _value(child) for child in element.children}}
    return element.text


def _file(element: _Element) -> dict[str, str]:
    if element.name != "file":
        raise unexpected(f"attachments/{element.name}")
    _require_no_more(element, {"name", "type", "encoding", "size"})
    return {**element.attributes, "data": element.text} if "name" in element.attributes else {}


def _require_no_more(element: _Element, known: set[str]) -> None:
    extra = [*(name for name in element.attributes if name not in known), *(child.name for child in element.children)]
    if extra:
        raise unexpected(f"{element.name}/{extra[0]}")
