"""Which lines of an agent's mail command, and what stands below them."""

import pytest

from mail.command_lines import Line, Name, split


@pytest.mark.parametrize(
    ("text", "names", "rest"),
    [
        ("#close", [Name.CLOSE], ""),
        ("\n\n#resolve\n\nDone.\nBye", [Name.RESOLVE], "Done.\nBye"),
        ("#NOTE\nHe lies.", [Name.NOTE], "He lies."),
        ("# note:\nHe lies.", [Name.NOTE], "He lies."),
        ("\uff03note\nHe lies.", [Name.NOTE], "He lies."),
        ("\u200b#note\u00a0\nHe lies.", [Name.NOTE], "He lies."),
        ("#assign Grace Hopper\n#priority high\nYours.", [Name.ASSIGN, Name.PRIORITY], "Yours."),
        ("#note\n\n#close\nHe lies.", [Name.NOTE, Name.CLOSE], "He lies."),
        ("#nota\nHe lies.", [None], "He lies."),
        ("#note He lies.", [None], ""),
        ("#assign", [None], ""),
        ("#close now", [None], ""),
        ("Hello,\n#note\nHe lies.", [None], "Hello,\n#note\nHe lies."),
        ("#note\nHello\n#close", [Name.NOTE, None], "Hello\n#close"),
        ("#48231 is the order.", [], "#48231 is the order."),
        ("# 48231 is the order.", [], "# 48231 is the order."),
        ("Call #close friends.", [], "Call #close friends."),
        ("The tag is #note there", [], "The tag is #note there"),
        ("", [], ""),
    ],
)
def test_lines_at_the_top_command(text, names, rest):
    lines, words = split(text)

    assert [line.name for line in lines] == names
    assert words == rest


def test_what_is_shown_of_a_line_is_short():
    (line,) = split("#no" + "o" * 10_000)[0]

    assert line == Line(None, "", f"#no{'o' * 76}…")


def test_more_commands_than_anybody_writes_are_words():
    lines, words = split("#close\n" * 50 + "Bye")

    assert len(lines) == 21
    assert lines[-1].name is None
    assert words.endswith("Bye")
