"""Mails as programs write them, one of every kind; other tests read them, and damage them."""

import base64
import struct

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def mail(*headers: str | bytes, body: str | bytes = "") -> bytes:
    """Return a mail; text is sent as UTF-8, whatever the headers say."""
    head = [*headers]
    if not any(_bytes(one).lower().startswith(b"from:") for one in headers):
        head.insert(0, "From: Ada Lovelace <ada@example.org>")
    return b"\r\n".join(map(_bytes, head)) + b"\r\n\r\n" + _bytes(body).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def part(type_: str, body: str | bytes, *headers: str) -> bytes:
    return b"\n".join([_bytes(f"Content-Type: {type_}"), *map(_bytes, headers)]) + b"\n\n" + _bytes(body)


def multipart(kind: str, *parts: bytes, headers: tuple[str, ...] = (), boundary: str = "=_b", more: str = "") -> bytes:
    """Return a mail of several parts."""
    return mail(*headers, f'Content-Type: multipart/{kind}; boundary="{boundary}"{more}', body=joined(boundary, *parts))


def joined(boundary: str, *parts: bytes) -> bytes:
    mark = _bytes(f"--{boundary}")
    return b"".join(mark + b"\n" + one + b"\n" for one in parts) + mark + b"--\n"


def encoded(content: bytes) -> bytes:
    return base64.encodebytes(content)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


# --- winmail.dat ----------------------------------------------------------------------------


def tnef(*attributes: bytes) -> bytes:
    """Return a TNEF stream (MS-OXTNEF section 2.1)."""
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(attributes)


def attribute(level: int, identity: int, value: bytes) -> bytes:
    return struct.pack("<BII", level, identity, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def properties(**values: tuple[int, int, bytes]) -> bytes:
    """Return MAPI properties, each as (type, id, value)."""
    found = struct.pack("<I", len(values))
    for kind, identity, value in values.values():
        found += struct.pack("<HHII", kind, identity, 1, len(value)) + value + b"\0" * (-len(value) % 4)
    return found


def winmail(text: str = "Text within", name: str = "Ünïcode.txt", content: bytes = b"Hello") -> bytes:
    return tnef(
        attribute(1, 0x00069007, struct.pack("<II", 1252, 0)),
        attribute(1, 0x0002800C, text.encode("cp1252") + b"\0"),
        attribute(2, 0x00069002, b"\0" * 14),
        attribute(2, 0x00018010, b"UNICO~1.TXT\0"),
        attribute(2, 0x0006800F, content),
        attribute(2, 0x00069005, properties(name=(0x001F, 0x3707, name.encode("utf-16-le") + b"\0\0"))),
    )


# --- S/MIME ---------------------------------------------------------------------------------


def der(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


DATA, SIGNED_DATA = bytes.fromhex("06092a864886f70d010701"), bytes.fromhex("06092a864886f70d010702")


def opaque_signed(content: bytes) -> bytes:
    """Return a SignedData without any signer (RFC 5652 section 5.1)."""
    wrapped = der(0x30, DATA + der(0xA0, der(0x04, content)))
    return der(0x30, SIGNED_DATA + der(0xA0, der(0x30, b"\x02\x01\x01" + der(0x31, b"") + wrapped + der(0x31, b""))))


def opaque_signed_in_pieces(content: bytes) -> bytes:
    """Return the same with lengths left open, as streaming signers write it."""
    pieces = b"".join(der(0x04, content[at : at + 10]) for at in range(0, len(content), 10))
    octets = b"\x24\x80" + pieces + b"\0\0"
    wrapped = b"\x30\x80" + DATA + b"\xa0\x80" + octets + b"\0\0" + b"\0\0"
    inner = b"\x30\x80" + b"\x02\x01\x01" + der(0x31, b"") + wrapped + b"\0\0"
    return b"\x30\x80" + SIGNED_DATA + b"\xa0\x80" + inner + b"\0\0" + b"\0\0"


SAMPLES = [
    mail("Subject: Plain", body="Hello,\n\nthe engine is broken.\n\n-- \nAda"),
    mail(
        "Subject: =?utf-8?B?w4RuZGVydW5n?= =?iso-8859-1?Q?_f=FCr_Sie?=",
        'To: =?utf-8?Q?J=C3=B6rg?= <joerg@example.org>, undisclosed-recipients:;, "O\'Hara, P." <p@example.org>',
        "References: <a@example.org>\r\n <b@example.org>",
        "Content-Type: text/plain; charset=windows-1252; format=flowed; delsp=yes",
        body="Grüße aus der \nferne.\n> quoted \n> text\n".encode("cp1252"),
    ),
    mail(
        "Subject: =?iso-2022-jp?B?GyRCJDMkcxsoQg==?=",
        "Content-Type: text/plain; charset=iso-2022-jp",
        body="こんにちは。\nお世話になります。".encode("iso2022_jp"),
    ),
    multipart(
        "alternative",
        part("text/plain; charset=utf-8", "Hi\n\nOn Mon, 5 Jan 2026 at 10:00, Bob <b@example.org> wrote:\n> Old\n"),
        part(
            "text/html; charset=utf-8",
            '<div>Hi</div><div class="gmail_quote"><div class="gmail_attr">On Mon Bob wrote:<br></div>'
            '<blockquote class="gmail_quote">Old</blockquote></div><script>alert(1)</script>',
        ),
    ),
    multipart(
        "related",
        part(
            "text/html",
            '<p>See <img src="cid:one@x"> <img src="http://t.example/1.gif"></p><table><tr><td>a<td>b</table>',
        ),
        part(
            "image/png; name*0*=utf-8''%C3%BC; name*1*=ber.png",
            encoded(PNG),
            "Content-ID: <one@x>",
            "Content-Transfer-Encoding: base64",
        ),
    ),
    multipart(
        "mixed",
        part("text/plain", "Forwarded below."),
        part("message/rfc822", mail("Subject: Inner", "Message-ID: <inner@example.org>", body="Inner words")),
        part('application/ms-tnef; name="winmail.dat"', encoded(winmail()), "Content-Transfer-Encoding: base64"),
        part("text/calendar; method=REQUEST", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Talk\nEND:VEVENT\nEND:VCALENDAR"),
    ),
    multipart(
        "report",
        part("text/plain", "I'm sorry to have to inform you that your message could not be delivered."),
        part(
            "message/delivery-status",
            "Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; bob@example.net\nAction: failed\n"
            "Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n",
        ),
        part("message/rfc822", mail("Message-ID: <sent@example.com>", "Subject: Sent", body="Original")),
        headers=(
            "From: MAILER-DAEMON@mx.example.net",
            "Subject: Undelivered Mail Returned to Sender",
            "Return-Path: <>",
        ),
        more="; report-type=delivery-status",
    ),
    mail(
        "Subject: Signed",
        'Content-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"',
        "Content-Transfer-Encoding: base64",
        body=encoded(opaque_signed_in_pieces(part("text/plain", "Signed words"))),
    ),
    mail(
        "Subject: Clear signed",
        body="-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nSigned words\n- -- \nAda\n"
        "-----BEGIN PGP SIGNATURE-----\n\nabc=\n-----END PGP SIGNATURE-----\n",
    ),
    mail("Subject: Old file", body="See:\n\nbegin 644 cat.txt\n#0V%T\n`\nend\n\nBye"),
    mail(
        "Subject: Outlook",
        body="Danke!\n\nVon: Grace <g@example.com>\nGesendet: Montag, 5. Januar 2026 10:00\nAn: Ada\nBetreff: Alt\n\n"
        "Alt",
    ),
    mail(
        "From: Postmaster <postmaster@example.net>",
        "Subject: failure notice",
        "Return-Path: <>",
        body="Hi. This is the qmail-send program at example.net.\n\n<bob@example.net>:\n"
        "192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 unknown user\n\n"
        "--- Below this line is a copy of the message.\n\nReceived: x\nMessage-ID: <sent@example.com>\nFrom: a@b.c\n\n"
        "hi",
    ),
]
