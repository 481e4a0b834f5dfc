"""POST tickets.xml: osTicket's lax XML, and what XML is misused for (PARITY Y02)."""

import base64

import pytest

from tickets.models import Attachment, Ticket

pytestmark = pytest.mark.django_db

GIF = base64.b64encode(b"GIF89a" + b"0" * 30).decode()
EXAMPLE = f"""<?xml version="1.0" encoding="UTF-8"?>
<ticket alert="true" autorespond="true" source="API">
    <name>Angry User</name>
    <email>api@osticket.example</email>
    <subject>Testing API</subject>
    <phone ext="123">318-555-8634</phone>
    <message type="text/plain"><![CDATA[Message <content> here
second line]]></message>
    <attachments>
        <file name="file.txt" type="text/plain"><![CDATA[
            File content is here and is automatically trimmed
        ]]></file>
        <file name="image.gif" type="image/gif" encoding="base64">
            {GIF[:20]}
            {GIF[20:]}
        </file>
    </attachments>
    <ip>123.211.233.122</ip>
</ticket>"""
SHORT = '<ticket email="a@b.example" name="A" subject="S" {}>{}<message>M</message></ticket>'


def said(response) -> tuple[int, str]:
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    return response.status_code, response.content.decode()


def test_the_example_of_osticket_opens_a_ticket(send):
    response = send("tickets.xml", EXAMPLE)

    ticket = Ticket.objects.get()
    assert said(response) == (201, ticket.number)
    assert ticket.entries.get().text == "Message <content> here\nsecond line"
    assert ticket.requester.phone == "318-555-8634X123"
    files = list(Attachment.objects.order_by("position"))
    assert [(one.name, one.content_type) for one in files] == [("file.txt", "text/plain"), ("image.gif", "image/gif")]
    assert [one.blob.size for one in files] == [len("File content is here and is automatically trimmed"), 36]


def test_fields_are_attributes_or_elements(send):
    assert send("tickets.xml", SHORT.format('alert="false"', "")).status_code == 201
    assert Ticket.objects.get().subject == "S"


def test_html_is_cleaned(send):
    body = SHORT.replace("<message>M", '<message type="text/html">&lt;b onclick="x()"&gt;M&lt;/b&gt;').format("", "")

    assert send("tickets.xml", body).status_code == 201
    assert Ticket.objects.get().entries.get().html == "<b>M</b>"


@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-16", "utf-8", "windows-1252"])
def test_the_declared_charset_counts(send, charset):
    body = f'<?xml version="1.0" encoding="{charset}"?>' + SHORT.format("", "").replace(">M<", ">Grün<")

    assert send("tickets.xml", body.encode(charset)).status_code == 201
    assert Ticket.objects.get().entries.get().text == "Grün"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "XML error: no element found at line 1:0"),
        ("<ticket", "XML error: unclosed token"),
        ("<ticket></tickets>", "XML error: mismatched tag"),
        ("<other/>", "other: Unexpected data received in API request"),
        (SHORT.format("", "<order>1</order>"), "order: Unexpected data received in API request"),
        (SHORT.format("", "<subject>again</subject>"), "subject: given more than once"),
        (SHORT.format("", "<topicId><a>1</a></topicId>"), "topicId: A number is expected"),
        (SHORT.format("", "<attachments><url/></attachments>"), "attachments/url: Unexpected data"),
        (SHORT.format("", "<attachments><file name='a' run='b'>x</file></attachments>"), "file/run: Unexpected data"),
        (
            SHORT.format("", "<attachments><file>x</file></attachments>"),
            "attachments/0: A name with its data is expected",
        ),
        (
            SHORT.format("", "<attachments><file name='a.txt' encoding='base64'>%%</file></attachments>"),
            "a.txt: Poorly encoded base64 data",
        ),
        ('<!DOCTYPE ticket SYSTEM "http://127.0.0.1:9/x.dtd">' + SHORT.format("", ""), "declarations and entities"),
        (
            '<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + SHORT.format("", "").replace("M<", "&x;<"),
            "declarations and entities",
        ),
        (
            "<!DOCTYPE t [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;'>]>" + SHORT.format("", "").replace("M<", "&b;<"),
            "declarations and entities",
        ),
        (SHORT.format("", "").replace("M<", "&nosuch;<"), "XML error: undefined entity"),
        ("<ticket>" + "<a>" * 50 + "</a>" * 50 + "</ticket>", "too many elements, or too deep"),
        ("<ticket><a>" + "<b/>" * 5_000 + "</a></ticket>", "too many elements, or too deep"),
        ('<?xml version="1.0" encoding="utf-7"?><ticket/>', "XML error: unknown encoding"),
        ('<?xml version="1.0" encoding="big5"?><ticket/>', "XML error: unknown encoding"),
    ],
)
def test_what_is_wrong_is_told(send, body, words):
    code, text = said(send("tickets.xml", body))

    assert code == 400
    assert words in text
    assert not Ticket.objects.exists()
