"""What programs send: answers, bounces, lists. And what people write about them."""

import json

import pytest

from mail.parsing import Bounce, parse
from tests.mail.parsing.samples import SAMPLES, mail, multipart, part

pytestmark = pytest.mark.once

ANSWERS = [
    "Auto-Submitted: auto-replied",
    "Auto-Submitted: auto-replied (vacation)",
    "Auto-Submitted: auto-generated; x=y",
    "X-Autoreply: yes",
    "X-Autorespond: Out of office",
    "X-Autoresponder: 1",
    "Precedence: auto_reply",
    "Subject: Automatic reply: The engine",
    "Subject: Auto: Out of Office Re: The engine",
    "Subject: Out of Office: back on Monday",
    "Subject: Out of the office",
    "Subject: Autoreply: The engine",
    "Subject: [Auto-Reply] The engine",
    "Subject: Automatische Antwort: Motor",
    "Subject: Abwesenheitsnotiz: Motor",
    "Subject: =?utf-8?Q?R=C3=A9ponse_automatique_=3A_moteur?=",
    "Subject: =?utf-8?Q?Respuesta_autom=C3=A1tica=3A_motor?=",
    "Subject: Risposta automatica: motore",
    "Subject: Automatisch antwoord: motor",
    "Subject: Autosvar: motor",
    "Subject: Automaattinen vastaus: moottori",
    "Subject: =?utf-8?B?0JDQstGC0L7QvtGC0LLQtdGC?=",
    "Subject: =?utf-8?B?6Ieq5Yqo5Zue5aSN?=",
    "Content-Type: multipart/report; report-type=disposition-notification",
    "Content-Type: multipart/report; report-type=delivery-status; boundary=x",
]

PEOPLE = [
    "Auto-Submitted: no",
    "X-Autoreply: no",
    "Precedence: normal",
    "X-Auto-Response-Suppress: All",
    "Subject: The automatic reply is broken",
    "Subject: Please set up an out of office notice for me",
    "Subject: Autosave fails",
    "Subject: How do I set an automatic reply?",
    "Subject: Vacation plans",
]

BULK = [
    "List-Id: Users <users.example.org>",
    "Precedence: list",
    "Precedence: Bulk",
    "Precedence: junk",
    "List-Unsubscribe: <https://example.org/u>",
    "Feedback-ID: 1:2:3",
    "X-Mailing-List: users",
]


@pytest.mark.parametrize("header", ANSWERS)
def test_a_program_answered(header: str):
    assert parse(mail(header, body="I am away.")).auto_reply is True


@pytest.mark.parametrize("header", [*PEOPLE, *BULK])
def test_a_person_wrote(header: str):
    assert parse(mail(header, "To: support@example.com", body="Hello")).auto_reply is False


@pytest.mark.parametrize("header", BULK)
def test_it_went_to_many(header: str):
    assert parse(mail(header, body="Hello")).bulk is True


@pytest.mark.parametrize("header", [*PEOPLE, "Subject: List of printers"])
def test_it_went_to_us(header: str):
    assert parse(mail(header, body="Hello")).bulk is False


RETURNED = (
    "Received: from a by b\nMessage-ID: <sent@example.com>\nFrom: support@example.com\n"
    "To: bob@example.net\nSubject: Re: x\n\nHi\n"
)

# Servers that say it in words only: headers, text, recipient, status, what is known of the mail that came back.
IN_WORDS = {
    "qmail": (
        ("From: MAILER-DAEMON@mx.example.net", "Subject: failure notice", "Return-Path: <>"),
        "Hi. This is the qmail-send program at mx.example.net.\nI'm afraid I wasn't able to deliver your "
        "message to the "
        "following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work "
        "out.\n\n<bob@example.net>:\n"
        "192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 <bob@example.net>: User unknown\n\n"
        f"--- Below this line is a copy of the message.\n\nReturn-Path: <support@example.com>\n{RETURNED}",
        Bounce("bob@example.net", "5.1.1", "<sent@example.com>"),
    ),
    "exim": (
        ("From: Mail Delivery System <Mailer-Daemon@mx.example.net>", "X-Failed-Recipients: bob@example.net",
         "Auto-Submitted: auto-replied", "Subject: Mail delivery failed: returning message to sender"),
        "This message was created automatically by mail delivery software.\n\nA message that you sent could "
        "not be delivered "
        "to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n"
        "  bob@example.net\n    Unrouteable address\n\n------ This is a copy of the message, including all "
        "the headers. ------\n\n"
        f"Return-path: <support@example.com>\n{RETURNED}",
        Bounce("bob@example.net", "5.1.2", "<sent@example.com>"),
    ),
    "sendmail of old": (
        ("From: Mail Delivery Subsystem <MAILER-DAEMON>", "Subject: Returned mail: User unknown"),
        "   ----- The following addresses had permanent fatal errors -----\n<bob@example.net>\n\n   ----- "
        "Transcript of session "
        "follows -----\n... while talking to mx.example.net.:\n>>> RCPT To:<bob@example.net>\n<<< 550 No "
        "such user here\n"
        f"550 <bob@example.net>... User unknown\n\n   ----- Original message follows -----\n\nReturn-Path: "
        f"<s@x>\n{RETURNED}",
        Bounce("bob@example.net", "5.1.1", "<sent@example.com>"),
    ),
    "postfix without a report": (
        ("From: MAILER-DAEMON@mx.example.net (Mail Delivery System)", "Subject: Undelivered Mail Returned to Sender"),
        "This is the mail system at host mx.example.net.\n\nI'm sorry to have to inform you that your "
        "message could not\nbe "
        "delivered to one or more recipients.\n\n<bob@example.net>: host mx.example.net[192.0.2.1] said: 552 "
        "5.2.2 Mailbox full\n"
        f"    (in reply to RCPT TO command)\n\n{RETURNED}",
        Bounce("bob@example.net", "5.2.2", "<sent@example.com>"),
    ),
    "Exchange": (
        ("From: System Administrator <postmaster@example.net>", "Subject: Undeliverable: Re: x"),
        "Your message did not reach some or all of the intended recipients.\n\n      Subject:\tRe: x\n      "
        "Sent:\t05.01.2026 10:00\n\n"
        "The following recipient(s) could not be reached:\n\n      bob@example.net on 05.01.2026 10:00\n     "
        "       The e-mail "
        "account does not exist at the organization this message was sent to.\n            <mx.example.net #5.1.1>\n",
        Bounce("bob@example.net", "5.1.1", None),
    ),
    "Gmail": (
        ("From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
         "Subject: Delivery Status Notification (Failure)",
         "In-Reply-To: <sent@example.com>", "References: <sent@example.com>", "X-Failed-Recipients: bob@example.net",
         "Auto-Submitted: auto-replied"),
        "** Address not found **\n\nYour message wasn't delivered to bob@example.net because the address "
        "couldn't be found, or is "
        "unable to receive mail.\n\nThe response from the remote server was:\n550 5.1.1 The email account "
        "does not exist.\n",
        Bounce("bob@example.net", "5.1.1", "<sent@example.com>"),
    ),
    "Yahoo": (
        ("From: MAILER-DAEMON@yahoo.com", "Subject: Failure Notice"),
        "Sorry, we were unable to deliver your message to the following address.\n\n<bob@example.net>:\n554: "
        "5.7.1 Rejected\n\n"
        f"--- Below this line is a copy of the message.\n\nReceived: x\n{RETURNED}",
        Bounce("bob@example.net", "5.7.1", "<sent@example.com>"),
    ),
    "a delay": (
        ("From: Mail Delivery System <mailer-daemon@example.com>", "Subject: Warning: message delayed 24 hours"),
        "This message was created automatically by mail delivery software.\nA message that you sent has not "
        "yet been delivered to "
        "one or more of its\nrecipients after more than 24 hours.\n\nThe address to which the message has "
        "not yet been delivered "
        "is:\n\n  bob@example.net\n    Delay reason: Connection timed out\n",
        Bounce("bob@example.net", "4.4.7", None, action="delayed"),
    ),
    "German": (
        ("From: Mailer-Daemon <mailer-daemon@example.de>", "Subject: Unzustellbar: Re: x"),
        "Ihre Nachricht konnte nicht zugestellt werden.\n\nbob@example.net:\n550 unbekannt\n",
        Bounce("bob@example.net", "5.0.0", None),
    ),
}  # fmt: skip


@pytest.mark.parametrize("server", IN_WORDS)
def test_a_bounce_in_words(server: str):
    headers, text, wanted = IN_WORDS[server]

    found = parse(mail(*headers, "To: support@example.com", body=text))

    assert found.bounce is not None
    assert (found.bounce.recipient, found.bounce.status, found.bounce.original_message_id, found.bounce.action) == (
        wanted.recipient,
        wanted.status,
        wanted.original_message_id,
        wanted.action,
    )
    assert found.auto_reply is False


def report(*groups: str, returned: str = RETURNED, kind: str = "message/rfc822") -> bytes:
    status = "\n\n".join(["Reporting-MTA: dns; mx.example.net", *groups]) + "\n"
    return multipart(
        "report",
        part("text/plain", "It could not be delivered."),
        part("message/delivery-status", status),
        part(kind, returned),
        headers=("From: MAILER-DAEMON@mx.example.net", "To: support@example.com", "Subject: Undelivered"),
        more="; report-type=delivery-status",
    )


REPORTS = [
    (["Final-Recipient: rfc822; bob@example.net\nAction: failed\nStatus: 5.1.1"], "bob@example.net", "5.1.1", "failed"),
    (
        ["Final-Recipient: rfc822;<bob@example.net>\nAction: Failed\nStatus: 5.1.1 (bad)"],
        "bob@example.net",
        "5.1.1",
        "failed",
    ),
    (["Final-Recipient: rfc822; b@x.net\nAction: delayed\nStatus: 4.4.1"], "b@x.net", "4.4.1", "delayed"),
    (
        [
            "Final-Recipient: rfc822; b@x.net\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 552 5.2.2 "
            "over quota"
        ],
        "b@x.net",
        "5.2.2",
        "failed",
    ),
    (
        [
            "Final-Recipient: rfc822; a@x.net\nAction: delivered\nStatus: 2.0.0",
            "Final-Recipient: rfc822; b@x.net\nAction: failed\nStatus: 5.1.1",
        ],
        "b@x.net",
        "5.1.1",
        "failed",
    ),
]


@pytest.mark.parametrize(("groups", "recipient", "status", "action"), REPORTS)
def test_a_report_by_the_standard(groups: list[str], recipient: str, status: str, action: str):
    found = parse(report(*groups)).bounce

    assert found is not None
    assert (found.recipient, found.status, found.action) == (recipient, status, action)
    assert found.original_message_id == "<sent@example.com>"
    assert ("To", "bob@example.net") in found.original_headers


def test_of_the_mail_that_came_back_headers_are_enough():
    group = "Final-Recipient: rfc822; b@x.net\nAction: failed\nStatus: 5.1.1"

    found = parse(report(group, kind="text/rfc822-headers", returned=RETURNED.partition("\n\n")[0]))

    assert found.bounce is not None
    assert found.bounce.original_message_id == "<sent@example.com>"
    assert found.quoted_message_ids == ("<sent@example.com>",)


NO_BOUNCES = {
    "it was delivered": report("Final-Recipient: rfc822; b@x.net\nAction: delivered\nStatus: 2.0.0"),
    "somebody asks about one": mail(
        "Subject: Help",
        body="I get this all the time:\n\nThis message was created automatically by mail delivery "
        "software.\n\n  bob@example.net\n"
        "    550 User unknown\n",
    ),
    "somebody passes one on": mail(
        "Subject: Fwd: Undelivered Mail Returned to Sender",
        body="See below\n\n---------- Forwarded message ---------\nFrom: MAILER-DAEMON@x\nDate: Mon, 5 Jan "
        "2026\nSubject: "
        "Undelivered Mail Returned to Sender\nTo: me\n\n<bob@example.net>: 550 5.1.1 unknown\n",
    ),
    "an absence with a null sender": mail(
        "Return-Path: <>", "Auto-Submitted: auto-replied", "Subject: Re: x", body="I am away. Write to bob@example.net."
    ),
    "a complaint": multipart(
        "report",
        part("text/plain", "This is an email abuse report."),
        part("message/feedback-report", "Feedback-Type: abuse\nVersion: 1\n"),
        more="; report-type=feedback-report",
    ),
    "a reading receipt": multipart(
        "report",
        part("text/plain", "It was read."),
        part("message/disposition-notification", "Original-Message-ID: <sent@example.com>\n"),
        more="; report-type=disposition-notification",
    ),
}


@pytest.mark.parametrize("name", NO_BOUNCES)
def test_no_bounce(name: str):
    assert parse(NO_BOUNCES[name]).bounce is None


def test_a_receipt_names_the_mail_it_is_about():
    found = parse(NO_BOUNCES["a reading receipt"])

    assert found.auto_reply is True
    assert found.quoted_message_ids == ("<sent@example.com>",)


def test_of_the_samples_the_reports_alone_are_bounces():
    bounced = [parse(raw).subject for raw in SAMPLES if parse(raw).bounce]

    assert bounced == ["Undelivered Mail Returned to Sender", "failure notice"]


# --- Forms of their own ---------------------------------------------------------------------------------


def test_a_circular_to_nobody_named_may_be_a_machine_s_and_a_list_s_mail_is_a_person_s() -> None:
    alone = parse(b"From: a@example.org\nPrecedence: list\nSubject: Hello\n\nSome thing.\n")
    listed = [
        parse(b"From: a@example.org\nPrecedence: list\n" + named + b"\nSubject: Hello\n\nSome thing.\n")
        for named in (b"To: users@example.org", b"Cc: users@example.org", b"List-Id: <users.example.org>")
    ]

    assert (alone.auto_reply, alone.auto_reply_is_guess) == (True, True)
    assert not any(each.auto_reply for each in listed)


COMPLAINT = b"""From: staff@hotmail.com
To: support@example.com
Subject: complaint about message from 192.0.2.1
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: message/rfc822

%bTo: bob@example.org
From: support@example.com
Subject: Your ticket
Message-ID: <ours@example.com>

Hello

--x--
"""


def test_a_returned_mail_that_microsoft_marked_is_a_complaint_and_one_that_somebody_passes_on_is_none() -> None:
    complaint = parse(COMPLAINT % b"X-HmXmrOriginalRecipient: bob@example.org\n")
    forwarded = parse(COMPLAINT % b"")

    assert (complaint.auto_reply, complaint.auto_reply_is_guess, complaint.bounce) == (True, False, None)
    assert complaint.quoted_message_ids == ("<ours@example.com>",)
    assert (forwarded.auto_reply, forwarded.bounce) == (False, None)


def notification(said: object, *, wrapped: bool = True, below: str = "") -> bytes:
    inner = json.dumps(said)
    text = json.dumps({"Type": "Notification", "Message": inner}) if wrapped else inner
    return b"From: SES <no-reply@sns.amazonaws.com>\nTo: a@example.com\nSubject: AWS\n\n" + (text + below).encode()


BOUNCED = {
    "notificationType": "Bounce",
    "bounce": {
        "bounceType": "Permanent",
        "bouncedRecipients": [{"emailAddress": "bob@example.org", "status": "5.1.1", "diagnosticCode": "smtp; 550 no"}],
    },
    "mail": {"messageId": "0101", "commonHeaders": {"messageId": "<ours@example.com>"}},
}


@pytest.mark.parametrize("wrapped", [True, False])
def test_what_amazon_says_in_json_is_the_bounce_of_which_it_tells(wrapped: bool) -> None:
    bounce = parse(notification(BOUNCED, wrapped=wrapped, below="\n\n--\nTo stop receiving these")).bounce

    assert bounce is not None
    assert (bounce.recipient, bounce.status, bounce.diagnostic) == ("bob@example.org", "5.1.1", "smtp; 550 no")
    assert (bounce.original_message_id, bounce.is_guess) == ("<ours@example.com>", False)


def test_other_notifications_of_amazon_are_no_person_s_either() -> None:
    for kind in ("Complaint", "Delivery"):
        mail = parse(notification({"notificationType": kind, "mail": {}}))
        assert (mail.auto_reply, mail.bounce) == (True, None)


@pytest.mark.parametrize(
    "text",
    [
        "Why do we get this?\n" + json.dumps(BOUNCED),
        json.dumps({"notificationType": "Bounce"}),
        json.dumps({"mail": {}, "notificationType": 4}),
        json.dumps([BOUNCED]),
        "{" * 5_000,
        '{"a":' * 5_000,
        '{"Message": "{"}',
    ],
)
def test_json_that_a_person_sends_is_a_mail_like_any(text: str) -> None:
    mail = parse(b"From: ada@example.org\nTo: a@example.com\nSubject: x\n\n" + text.encode())

    assert (mail.auto_reply, mail.bounce) == (False, None)


@pytest.mark.parametrize("bad", [None, 1, "x", [], [1], {}, [{"emailAddress": 5, "status": None}]])
def test_a_notification_that_lies_is_read_as_far_as_it_goes(bad: object) -> None:
    mail = parse(notification({"eventType": "Bounce", "bounce": {"bouncedRecipients": bad}, "mail": {}}))

    assert mail.bounce is not None
    assert (mail.bounce.recipient, mail.bounce.status, mail.bounce.original_message_id) == (None, "4.0.0", None)
