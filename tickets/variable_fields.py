"""Fields of the administration for texts with variables: names are completed while typing, mistakes told by place."""

import json
import re
from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import escape, linebreaks, urlize
from django.utils.translation import gettext as _

from core import cleaning
from tickets import variables
from tickets.variables import Vocabulary

# A tag, open or closed; "it is <paid>" is words.
_TAG = re.compile(
    r"</?(?:a|b|blockquote|br|code|div|em|h[1-6]|hr|i|img|li|ol|p|pre|s|script|span|strong|style|table|u|ul)\b[^<>]*>",
    re.IGNORECASE,
)


class VariableMixin:
    """Offers the names of its vocabulary behind "{{" (static/js/variables.js); without script it is a field as any."""

    vocabulary: Vocabulary = {}

    def build_attrs(self, base_attrs: Any, extra_attrs: Any = None) -> dict[str, Any]:
        attrs: dict[str, Any] = super().build_attrs(base_attrs, extra_attrs)  # type: ignore[misc]
        offered = [[one.name, str(one.description)] for one in self.vocabulary.values()]
        return attrs | {"data-variables": json.dumps(offered, ensure_ascii=False), "dir": "auto", "spellcheck": "true"}


# The administration writes scripts into the head, where there is no field yet.
SCRIPT = forms.Script("js/variables.js", defer=True)


class VariableTextarea(VariableMixin, forms.Textarea):
    class Media:
        js = (SCRIPT,)


class VariableInput(VariableMixin, forms.TextInput):
    class Media:
        js = (SCRIPT,)


def checked_html(
    raw: str,
    vocabulary: Vocabulary,
    *,
    known: Vocabulary,
    most: int,
    clean: Callable[[str], str] = cleaning.clean,
) -> str:
    """Return what somebody wrote as cleaned HTML; words without a tag become paragraphs. Raises ValidationError."""
    raw = raw.replace("\x00", "").replace("\r\n", "\n")
    if len(raw) > most:
        raise ValidationError(
            _("This is too long: %(count)s characters, of at most %(most)s.") % {"count": len(raw), "most": most}
        )
    cleaned = clean(raw if looks_like_html(raw) else linebreaks(urlize(escape(raw), nofollow=True)))
    if found := variables.problems_of_html(raw, cleaned, vocabulary, known=known):
        raise ValidationError([str(problem) for problem in found])
    return cleaned


def looks_like_html(raw: str) -> bool:
    return _TAG.search(raw) is not None
