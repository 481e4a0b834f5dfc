"""What it costs to read a mail of five kilobytes with text, HTML, a quote and a picture.

.venv/bin/python -m tests.mail.parsing.speed        median and 95th percentile of CPU time
"""

import statistics
import time

from mail.parsing import parse
from tests.mail.parsing.samples import PNG, encoded, joined, multipart, part

WORDS = "The engine stopped again this morning and we cannot print anything from the second floor. " * 9
QUOTED = "\n".join("> " + WORDS[at : at + 70] for at in range(0, len(WORDS), 70))
INTRODUCTION = "On Mon, 5 Jan 2026 at 10:00, Grace Hopper <grace@example.com> wrote:"
HTML = (
    f"<html><head><style>p{{margin:0}}</style></head><body><p>Hello,</p><p>{WORDS}</p><p>Regards<br>Ada "
    '<a href="https://example.org">site</a><img src="cid:logo@x"></p><div class="gmail_quote"><div class="gmail_attr">'
    f'{INTRODUCTION}</div><blockquote class="gmail_quote"><p>{WORDS}</p><ul><li>one<li>two</ul></blockquote></div>'
)
ROUNDS = 500


def sample() -> bytes:
    inner = joined(
        "i",
        part("text/plain; charset=utf-8", f"Hello,\n\n{WORDS}\n\nRegards\nAda\n\n{INTRODUCTION}\n{QUOTED}\n"),
        part("text/html; charset=utf-8", HTML),
    )
    return multipart(
        "mixed",
        part("multipart/alternative; boundary=i", inner),
        part("image/png; name=logo.png", encoded(PNG * 5), "Content-ID: <logo@x>", "Content-Transfer-Encoding: base64"),
        headers=(
            "From: =?utf-8?Q?Ad=C3=A9la?= Lovelace <ada@example.org>",
            "To: Support <support@example.com>, Bob <bob@example.org>",
            "Subject: =?utf-8?Q?Re=3A_The_engine_=E2=80=93_again?=",
            "Date: Mon, 5 Jan 2026 10:00:00 +0100",
            "Message-ID: <one@example.org>",
            "In-Reply-To: <zero@example.com>",
            "References: <a@example.com> <zero@example.com>",
            "Authentication-Results: mx.example.com; spf=pass smtp.mailfrom=example.org",
        ),
    )


def main() -> None:
    raw = sample()
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        parse(raw)
        times.append((time.process_time() - start) * 1000)
    times.sort()
    print(f"{len(raw)} bytes: median {statistics.median(times):.2f} ms, 95 % within {times[ROUNDS * 95 // 100]:.2f} ms")


if __name__ == "__main__":
    main()
