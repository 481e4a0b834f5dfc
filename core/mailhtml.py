"""The HTML of mails, from a template that extends mail/frame.html.

Rules of style become attributes, since clients drop what is linked and some drop style elements; what asks for a dark
theme or a small screen can be no attribute and stays in the head.
"""

from collections.abc import Mapping
from typing import Any

import css_inline
from django.template.loader import render_to_string

_inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def rendered(template: str, context: Mapping[str, Any]) -> str:
    return _inliner.inline(render_to_string(template, dict(context)))
