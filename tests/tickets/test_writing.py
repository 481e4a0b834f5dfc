"""What comes from the editor, or claims to: cleaned by an allow-list, with a text that says the same."""

import pytest

from tickets import writing
from tickets.writing import Unreadable, read


def picture(address: str) -> str | None:
    """One image is ours."""
    return "ours@image" if address == "/uploads/?file=1" else None


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>two<br>three</p>", "One\n\ntwo\nthree"),
        ("<p>See <a href='https://example.org/'>example.org</a></p>", "See example.org"),
        ("<p>Ask <a href='mailto:ada@example.org'>ada@example.org</a></p>", "Ask ada@example.org"),
        ("<p></p><p>After nothing</p><p></p>", "After nothing"),
        ("<div>unknown<div>tags</div></div>", "unknowntags"),
        ("<p>a  b\n   c</p>", "a  b\n   c"),
        ("", ""),
    ],
)
def test_what_is_formatted_in_no_way_is_text_alone(html: str, text: str) -> None:
    assert read(html, picture) == writing.Written("", text)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>It is <strong>done</strong></p>", "It is done"),
        ("<ul><li><p>a</p></li><li><p>b</p><ol><li><p>c</p></li></ol></li></ul>", "- a\n- b\n  1. c"),
        ("<blockquote><p>a</p><p>b</p></blockquote><p>No.</p>", "> a\n>\n> b\n\nNo."),
        ("<pre><code>if x:\n    y</code></pre>", "if x:\n    y"),
        ("<p><a href='https://example.org/a'>here</a></p>", "here (https://example.org/a)"),
        ("<p>a</p><hr><p>b</p>", "a\n\n--------------------\n\nb"),
        ("<p><img src='/uploads/?file=1' alt='the gear'></p>", "the gear"),
    ],
)
def test_the_text_says_what_the_html_says(html: str, text: str) -> None:
    written = read(html, picture)

    assert written.text == text
    assert written.html


def test_an_image_of_ours_is_shown_by_its_content_id() -> None:
    written = read("<p><img src='/uploads/?file=1' alt='a' width='10' onerror='x()'></p>", picture)

    assert written.html == '<p><img src="cid:ours@image" alt="a" width="10"></p>'
    assert written.images == ("ours@image",)


@pytest.mark.parametrize(
    "source",
    [
        "https://elsewhere.example/track.png",
        "//elsewhere.example/track.png",
        "cid:of-another-mail@example.org",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "/desk/files/1/?inline",
        "/uploads/?file=2",
        "",
    ],
)
def test_an_image_from_anywhere_else_is_gone(source: str) -> None:
    written = read(f"<p><em>a</em><img src='{source}' alt='a &gt; b'><img alt='x'></p>", picture)

    assert written.html == "<p><em>a</em></p>"
    assert written.images == ()


@pytest.mark.parametrize(
    ("html", "cleaned"),
    [
        ("<script>alert(1)</script><p><em>a</em></p>", "<p><em>a</em></p>"),
        ("<p onclick='x()' style='color:red' class='y' id='z'><em>a</em></p>", "<p><em>a</em></p>"),
        ("<em><svg><script>alert(1)</script></svg>a</em>", "<em>a</em>"),
        ("<form action='/'><input name='a'><em>a</em><button>b</button></form>", "<em>a</em>b"),
        ("<em>a</em><iframe src='/'></iframe><object data='/'></object>", "<em>a</em>"),
        ("<style>p{}</style><em>a</em><!-- <em>b</em> -->", "<em>a</em>"),
        ("<a href='javascript:alert(1)'>a</a>", "<a>a</a>"),
        ("<a href='data:text/html,x'>a</a>", "<a>a</a>"),
        ("<a href='cid:x'>a</a>", "<a>a</a>"),
        ("<a href=' java\tscript:alert(1)'>a</a>", "<a>a</a>"),
        ("<table><tr><td><em>a</em></td></tr></table>", "<em>a</em>"),
        ("<math><mtext><em>a</em></mtext></math><em>b</em>", "<em>b</em>"),
    ],
)
def test_hostile_html_is_left_with_what_the_editor_knows(html: str, cleaned: str) -> None:
    assert read(html, picture).html.replace(' rel="noopener noreferrer nofollow"', "") == cleaned


@pytest.mark.parametrize(
    "html",
    [
        "<blockquote>" * 30,
        "<ul><li>" * 15 + "<em>x</em>",
        "<a href=x>" * 9_900,
        "<br>" * 20_000,
    ],
)
def test_what_no_editor_wrote_is_refused(html: str) -> None:
    with pytest.raises(Unreadable):
        read(html, picture)
