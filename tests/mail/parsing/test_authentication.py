"""Authentication-Results (RFC 8601): believed from our own server alone, and only as far as the grammar goes."""

import pytest

from mail.parsing import AuthenticationResult, parse, read_results, trusted_results

pytestmark = pytest.mark.once

PASS = (AuthenticationResult("spf", "pass", (("smtp.mailfrom", "example.org"),)),)

READ = [
    ("mx.example.com; spf=pass smtp.mailfrom=example.org", "mx.example.com", PASS),
    ("MX.Example.COM; SPF=Pass SMTP.MailFrom=example.org", "mx.example.com", PASS),
    ("mx.example.com 1; spf=pass smtp.mailfrom=example.org", "mx.example.com", PASS),
    ("mx.example.com; spf=pass (it is; dkim=pass) smtp.mailfrom=example.org", "mx.example.com", PASS),
    ("mx.example.com; spf=pass (a (nested) comment) smtp.mailfrom=example.org", "mx.example.com", PASS),
    ("mx.example.com; spf/1=pass smtp.mailfrom=example.org", "mx.example.com", PASS),
    ("mx.example.com; none", "mx.example.com", ()),
    ("mx.example.com", "mx.example.com", ()),
    ("spf=pass smtp.mailfrom=example.org", "", ()),
    ("", "", ()),
    (
        "mx.example.com; dkim=pass header.d=example.org; dmarc=fail (p=none) header.from=example.org",
        "mx.example.com",
        (
            AuthenticationResult("dkim", "pass", (("header.d", "example.org"),)),
            AuthenticationResult("dmarc", "fail", (("header.from", "example.org"),)),
        ),
    ),
    # What a sender chose cannot end a result and begin another.
    (
        'mx.example.com; spf=fail reason="x; dmarc=pass header.from=example.org" smtp.mailfrom=evil.example',
        "mx.example.com",
        (AuthenticationResult("spf", "fail", (("smtp.mailfrom", "evil.example"),)),),
    ),
    ("mx.example.com; spf=fail (never closed; dmarc=pass", "mx.example.com", (AuthenticationResult("spf", "fail"),)),
]


@pytest.mark.parametrize(("header", "server", "results"), READ)
def test_a_header_is_read(header: str, server: str, results: tuple[AuthenticationResult, ...]):
    assert read_results(header) == (server, results)


OURS = "mx.example.com; dmarc=pass header.from=example.org"
THEIRS = "evil.example; dmarc=pass header.from=bank.example"
FORGED = "mx.example.com; dmarc=pass header.from=bank.example"

BELIEVED = [
    ([OURS], "mx.example.com", ["example.org"]),
    ([OURS], "MX.example.com.", ["example.org"]),
    ([THEIRS], "mx.example.com", []),
    ([OURS, THEIRS], "mx.example.com", ["example.org"]),
    # Below a header of another server stands what came from outside, whatever name it bears.
    ([OURS, THEIRS, FORGED], "mx.example.com", ["example.org"]),
    # Nor is a method told twice by one server.
    ([OURS, FORGED], "mx.example.com", ["example.org"]),
    (["mx.example.com; spf=pass", OURS], "mx.example.com", [None, "example.org"]),
    ([OURS], "", []),
    ([], "mx.example.com", []),
    (["sub.mx.example.com; dmarc=pass header.from=a"], "mx.example.com", []),
    (["mx.example.com.evil.example; dmarc=pass header.from=a"], "mx.example.com", []),
    (["(mx.example.com) evil.example; dmarc=pass header.from=a"], "mx.example.com", []),
    (['"mx.example.com" evil.example; dmarc=pass header.from=a'], "evil.example", []),
]


@pytest.mark.parametrize(("headers", "server", "domains"), BELIEVED)
def test_only_our_own_server_is_believed(headers: list[str], server: str, domains: list[str]):
    assert [one.property("header.from") for one in trusted_results(headers, server)] == domains


def test_they_come_in_the_order_of_the_mail():
    one, two = b"Authentication-Results: one.example; spf=pass", b"Authentication-Results: two.example;\r\n spf=fail"
    raw = one + b"\r\nX: y\r\n" + two + b"\r\n\r\n"

    assert parse(raw).authentication_results == ("one.example; spf=pass", "two.example; spf=fail")


def test_endless_headers_end():
    header = "mx.example.com; " + "(" * 100_000 + "spf=pass;" * 100_000

    assert read_results(header) == ("mx.example.com", ())
