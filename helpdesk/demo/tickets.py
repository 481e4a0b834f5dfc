"""The demo's tickets: who wrote what when, and what was done about it.

Times are minutes. `ago` is how long before loading a ticket was opened; a step's `after` counts from then. Open
tickets of Support are due 90 minutes after loading at the earliest, so that a new outage stands on top of its queue.
"""

from dataclasses import dataclass

from mail.models import Remark

HOUR, DAY = 60, 24 * 60


@dataclass(frozen=True)
class Step:
    """`deed` names a method of helpdesk.demo.loading.Loader; `text` is what was written, `to` whom or where it goes."""

    after: int
    who: str
    deed: str
    text: str = ""
    to: str = ""


@dataclass(frozen=True)
class DemoTicket:
    ago: int
    who: str
    topic: str
    subject: str
    text: str
    steps: tuple[Step, ...] = ()
    files: tuple[str, ...] = ()
    # It came by mail: what that looked like, and what was odd about it (mail.models.Remark).
    html: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def is_mail(self) -> bool:
        return bool(self.html or self.remarks)


def claim(after: int, who: str) -> Step:
    return Step(after, who, "claim")


def assign(after: int, who: str, to: str, text: str = "") -> Step:
    return Step(after, who, "assign", text, to)


def reply(after: int, who: str, text: str) -> Step:
    return Step(after, who, "reply", text)


def working(after: int, who: str, text: str) -> Step:
    return Step(after, who, "reply_and_keep", text)


def note(after: int, who: str, text: str) -> Step:
    return Step(after, who, "note", text)


def message(after: int, text: str) -> Step:
    return Step(after, "", "message", text)


def transfer(after: int, who: str, to: str, text: str = "") -> Step:
    return Step(after, who, "transfer", text, to)


def solve(after: int, who: str, text: str) -> Step:
    return Step(after, who, "solve", text)


def confirm(after: int) -> Step:
    return Step(after, "", "confirm")


def dismiss(after: int, who: str, reason: str, text: str = "") -> Step:
    return Step(after, who, "dismiss", text, reason)


KEN, MARY, ROSA, VIKTOR, SAM, NADIA = (
    "Ken Tanaka",
    "Mary Okafor",
    "Rosa Pinto",
    "Viktor Holm",
    "Sam Obi",
    "Nadia Rahman",
)
OUTAGE, FAULT, ACCESS, PAYMENTS, CARDS, EQUIPMENT, ROOMS = (
    "Business critical outage",
    "Something does not work",
    "Access and accounts",
    "Payments and transfers",
    "Cards and terminals",
    "Equipment or software",
    "Rooms and buildings",
)

TICKETS = [
    # --- Nobody has them yet ----------------------------------------------------------------------
    DemoTicket(
        12,
        "Lukas Brandt",
        FAULT,
        "VPN drops every ten minutes from home office",
        "It happens on Wi-Fi and on cable, since the update on Tuesday. The log of the client is attached.",
        files=("vpn-client.csv",),
    ),
    DemoTicket(
        34,
        "Amara Diallo",
        ACCESS,
        "Locked out after password reset",
        "The reset mail arrived, but the new password is refused at the sign-in screen.\n\nI tried three times, "
        "then it said that I have to wait.",
    ),
    DemoTicket(
        58,
        "Grace Muir",
        ACCESS,
        "New starter on Monday needs accounts and a laptop",
        "Hana Suzuki starts in credit risk on Monday, desk 4.12. The same profile as Peter, please.",
    ),
    DemoTicket(
        3 * HOUR,
        "小林 直子",
        FAULT,
        "ログイン後に画面が真っ白になります",
        "ブラウザーを変えても同じです。昨日までは問題ありませんでした。",
    ),
    DemoTicket(
        5 * HOUR + 10,
        "Ben Archer",
        EQUIPMENT,
        "Printer on floor 3 prints blank pages 🖨️",
        "The toner is new and the test page from the panel is fine. From the computer only blank pages come out.",
    ),
    DemoTicket(
        70,
        "Daniel Weiss",
        PAYMENTS,
        "Statement PDFs show last month’s date",
        "Only for savings accounts opened before 2019, as far as I can see.",
        remarks=(Remark.UNPROVEN,),
    ),
    DemoTicket(
        5 * HOUR,
        "Tomás Rivera",
        CARDS,
        "Card terminal in branch 14 declines contactless payments",
        "Three customers had to leave without paying since we opened. Chip and PIN still works.",
        files=("terminal-14.png",),
    ),
    DemoTicket(
        26 * HOUR,
        "Noor Haddad",
        ROOMS,
        "Door to the archive does not close by itself",
        "You have to pull it shut from outside. The cleaning company has told us twice.",
    ),
    DemoTicket(
        9 * HOUR,
        "محمد الفارسي",
        ROOMS,
        "تكييف غرفة الاجتماعات لا يعمل",
        "درجة الحرارة في غرفة الاجتماعات الكبيرة 29 درجة منذ الصباح.",
    ),
    DemoTicket(
        25,
        "Marta Wójcik",
        CARDS,
        "Branch 9 scanner does not appear in the app",
        "It was there on Friday. I restarted both the scanner and the tablet.",
    ),
    # --- Somebody has them ------------------------------------------------------------------------
    DemoTicket(
        4 * HOUR,
        "Oskar Lindqvist",
        FAULT,
        "Shared mailbox “lending@” no longer receives external mail",
        "Internal mail arrives. A customer forwarded the bounce message, it is in the file.",
        (
            claim(20, KEN),
            note(
                25, KEN, "The connector rejects the domain since the certificate was renewed. Viktor knows the setup."
            ),
            working(
                40,
                KEN,
                "Hello Oskar, I can see the refused messages on our side. I am looking into it and write again today.",
            ),
        ),
        files=("bounce.csv",),
    ),
    DemoTicket(
        7 * HOUR,
        "Henry Osei",
        FAULT,
        "Browser certificate warning on the intranet",
        "Since this morning every page asks me to accept a risk. Should I?",
        (
            claim(15, ROSA),
            reply(30, ROSA, "Please do not accept it yet. Which address stands in the bar when the warning appears?"),
        ),
    ),
    DemoTicket(
        2 * DAY,
        "Priya Nair",
        ACCESS,
        "Add two-factor for the branch manager group",
        "Approved by the security board on Friday. The list of 31 people is attached.",
        (
            assign(2 * HOUR, KEN, ROSA, "You did this for the tellers last month."),
            reply(5 * HOUR, ROSA, "Thank you, Priya. Four of the 31 have no phone on record. Whom may I ask?"),
            message(9 * HOUR, "Ask Elena in human resources, she keeps the numbers."),
            note(10 * HOUR, ROSA, "Elena answers tomorrow."),
        ),
        files=("managers.csv",),
    ),
    DemoTicket(
        3 * HOUR,
        "Ines Kovač",
        PAYMENTS,
        "Payroll export stops with error 0x80070005",
        "The same message on both finance laptops. The file is created but empty.",
        (claim(22, SAM), note(30, SAM, "Looks like the permission change of last night. Checking the share.")),
    ),
    DemoTicket(
        21 * HOUR,
        "Daniel Weiss",
        PAYMENTS,
        "Cannot approve wire transfers above 10,000",
        "The approve button stays grey for both signatories. We have two waiting.",
        (
            claim(50, SAM),
            working(
                80, SAM, "I see both transfers. The limit of your role was reset by mistake, I am having it restored."
            ),
        ),
    ),
    DemoTicket(
        30 * HOUR,
        "Elif Aydın",
        FAULT,
        "Request to restore a deleted folder from 3 November",
        "It was below “Projects”. We noticed only today that it is gone.",
        (
            transfer(
                HOUR, KEN, "System Administrators", "Restore from backup, please. It is older than our own snapshots."
            ),
            claim(2 * HOUR, MARY),
            reply(3 * HOUR, MARY, "Could you tell us the name of the folder above it? Then we can restore today."),
        ),
    ),
    DemoTicket(
        8 * HOUR,
        "Noor Haddad",
        FAULT,
        "Air conditioning in server room B is above 27 °C",
        "The sensor has been climbing since 08:00. The door is closed.",
        (
            transfer(10, KEN, "System Administrators", "For the people on call."),
            assign(25, VIKTOR, "Network on call"),
            working(40, VIKTOR, "Thank you. Somebody is on the way, and the two test racks are switched off."),
        ),
        files=("server-room-b.png",),
        html=(
            "<p>The sensor has been climbing <b>since 08:00</b>. The door is closed.</p>"
            '<p><img src="cid:server-room-b.png" alt="The sensor’s page"></p>'
            '<table border="1"><tr><th>Time</th><th>Rack 1</th><th>Rack 2</th></tr>'
            "<tr><td>08:00</td><td>22.4 °C</td><td>22.9 °C</td></tr>"
            "<tr><td>09:30</td><td>26.8 °C</td><td>27.3 °C</td></tr></table>"
            '<p>Noor Haddad<br>Facilities</p><p><img src="https://www.example.org/logo.png" alt="Our logo"></p>'
        ),
    ),
    DemoTicket(
        3 * DAY + 2 * HOUR,
        "Marta Wójcik",
        CARDS,
        "Cash machine 3 keeps the card when the screen saver starts",
        "Twice this week. We opened it and gave the cards back.",
        (
            claim(HOUR, NADIA),
            working(90, NADIA, "I ordered the technician for tomorrow. Please switch it off until then."),
            message(DAY, "It is off. The technician has not come yet."),
        ),
    ),
    DemoTicket(
        DAY,
        "יעל כהן",
        ACCESS,
        "אין לי גישה לתיקיית הדוחות",
        "מאז שעברתי מחלקה אני לא רואה את התיקייה. מצורף צילום מסך.",
        (
            claim(3 * HOUR, KEN),
            reply(4 * HOUR, KEN, "Hello Yael, which report do you need first? I can send it meanwhile."),
        ),
        files=("reports.png",),
    ),
    DemoTicket(
        6 * HOUR,
        "Grace Muir",
        EQUIPMENT,
        "Second monitor for the four new desks in credit risk",
        "Desks 4.10 to 4.13. The old ones may stay.",
        (claim(HOUR, ROSA), reply(2 * HOUR, ROSA, "Ordered. They arrive on Thursday, I set them up in the afternoon.")),
    ),
    DemoTicket(
        4 * DAY,
        "Ben Archer",
        ROOMS,
        "Desk lamp flickers at 2.07",
        "Already with a new bulb.",
        (
            claim(2 * HOUR, NADIA),
            reply(3 * HOUR, NADIA, "An electrician comes on Wednesday between 8 and 10. Is that all right?"),
        ),
    ),
    # --- Reopened ---------------------------------------------------------------------------------
    DemoTicket(
        3 * DAY,
        "Lukas Brandt",
        FAULT,
        "Calendar shows meetings one hour early",
        "Only those that colleagues in Lisbon make.",
        (
            claim(2 * HOUR, ROSA),
            solve(
                5 * HOUR,
                ROSA,
                "Your calendar used the wrong time zone. I set it to Lisbon’s neighbour, it should be right now.",
            ),
            message(30 * HOUR, "Most are right now, but the repeating ones are still early."),
        ),
    ),
    DemoTicket(
        5 * DAY,
        "Oskar Lindqvist",
        ACCESS,
        "Cannot open the minutes of the credit committee",
        "“Access denied” since I moved to the new office.",
        (
            claim(HOUR, KEN),
            solve(3 * HOUR, KEN, "You are in the group now. Please sign out and in again."),
            confirm(6 * HOUR),
            message(3 * DAY, "It worked for two days, now I am locked out again."),
            note(3 * DAY + 40, KEN, "The nightly job removes him. The group is fed from human resources."),
        ),
    ),
    DemoTicket(
        2 * DAY + 5 * HOUR,
        "Tomás Rivera",
        CARDS,
        "Terminal 22 prints the receipt twice",
        "Customers joke about it, but the paper is expensive.",
        (
            claim(2 * HOUR, NADIA),
            solve(4 * HOUR, NADIA, "I switched off the merchant copy. Please try one payment."),
            message(20 * HOUR, "Now it prints none at all."),
        ),
    ),
    # --- Resolved, waiting for a word -------------------------------------------------------------
    DemoTicket(
        2 * DAY,
        "Amara Diallo",
        FAULT,
        "Spreadsheet with macros will not open since the update",
        "It says that macros from the internet are blocked. The file is our own.",
        (
            claim(HOUR, ROSA),
            solve(
                4 * HOUR,
                ROSA,
                "The share is on the list of trusted places now. Close the program once, then open the file.",
            ),
        ),
    ),
    DemoTicket(
        28 * HOUR,
        "Henry Osei",
        ACCESS,
        "Please remove access of Carla Mendes, she left on Friday",
        "All systems, and the key card.",
        (
            claim(30, KEN),
            note(HOUR, KEN, "Key card: asked Facilities by phone."),
            solve(5 * HOUR, KEN, "Carla’s accounts are closed and her card is blocked."),
        ),
    ),
    DemoTicket(
        20 * HOUR,
        "Ines Kovač",
        PAYMENTS,
        "Standing orders page times out",
        "After about a minute a white page appears.",
        (
            claim(HOUR, SAM),
            transfer(2 * HOUR, SAM, "System Administrators", "The database is waiting for a lock."),
            claim(150, MARY),
            note(170, MARY, "A report blocked the table. Killed it, moved it to the night."),
            solve(
                200, MARY, "A report blocked the page. It runs at night from now on, and the page answers in a second."
            ),
        ),
    ),
    DemoTicket(
        40 * HOUR,
        "Marta Wójcik",
        CARDS,
        "Card reader in the app asks for an update that does not exist",
        "Version 4.2 is installed, it asks for 4.2.",
        (
            claim(HOUR, NADIA),
            solve(6 * HOUR, NADIA, "The maker withdrew 4.3. I dismissed the notice for all branches."),
        ),
    ),
    DemoTicket(
        30 * HOUR,
        "Noor Haddad",
        ROOMS,
        "Meeting room “Ocean” is booked but always empty",
        "Every Tuesday, by somebody who left.",
        (claim(3 * HOUR, NADIA), solve(8 * HOUR, NADIA, "I released the booking. The room is free on Tuesdays.")),
    ),
    # --- Closed -----------------------------------------------------------------------------------
    DemoTicket(
        9 * DAY,
        "Priya Nair",
        OUTAGE,
        "All card payments fail in the northern branches",
        "Since 07:50. Twelve branches, every terminal.",
        (
            working(6, KEN, "I see it too and bring in the system administrators now. Next word within 30 minutes."),
            transfer(
                8,
                KEN,
                "System Administrators",
                "Northern branches, all terminals: looks like the line, not the terminals.",
            ),
            claim(15, MARY),
            note(40, MARY, "The carrier confirms a cut fibre. Switching the branches to the mobile line."),
            solve(95, MARY, "The branches run over the mobile line. Payments work again, we tested in four branches."),
            confirm(2 * HOUR),
        ),
        files=("terminals-north.png",),
    ),
    DemoTicket(
        12 * DAY,
        "Grace Muir",
        ACCESS,
        "Certificate for signing contracts runs out on Friday",
        "Please renew it, five colleagues use it.",
        (
            claim(HOUR, ROSA),
            solve(DAY, ROSA, "Renewed for two years. Nobody has to do anything."),
            confirm(DAY + 3 * HOUR),
        ),
    ),
    DemoTicket(
        15 * DAY,
        "Ben Archer",
        FAULT,
        "Push notifications arrive twice",
        "On the telephone, since October.",
        (claim(4 * HOUR, ROSA), solve(2 * DAY, ROSA, "Two old registrations of your telephone were removed.")),
    ),
    DemoTicket(
        8 * DAY,
        "Henry Osei",
        EQUIPMENT,
        "Test account for release 25.4",
        "With the rights of a teller, please.",
        (
            claim(5 * HOUR, KEN),
            solve(DAY, KEN, "The account exists, the password comes by telephone."),
            confirm(DAY + 60),
        ),
    ),
    DemoTicket(
        6 * DAY,
        "Daniel Weiss",
        FAULT,
        "You have won a prize, open the attachment",
        "Dear user, congratulations, you were chosen.",
        (dismiss(20, KEN, "spam", "Sender forged. Reported to security."),),
    ),
    DemoTicket(
        7 * DAY,
        "Elif Aydın",
        FAULT,
        "Intranet is slow",
        "Every page takes ten seconds.",
        (dismiss(45, KEN, "duplicate", "One of nine about the same hour, answered by telephone."),),
    ),
    DemoTicket(
        11 * DAY,
        "Tomás Rivera",
        CARDS,
        "Branch 14 needs ten rolls of terminal paper",
        "The small ones.",
        (claim(2 * HOUR, NADIA), solve(5 * HOUR, NADIA, "Sent with today’s van."), confirm(2 * DAY)),
    ),
    DemoTicket(
        13 * DAY,
        "Oskar Lindqvist",
        PAYMENTS,
        "Direct debit was collected twice",
        "For one customer, 41.90 each, on the 5th.",
        (
            claim(HOUR, SAM),
            reply(2 * HOUR, SAM, "I see both bookings. May I have the customer’s reference?"),
            message(4 * HOUR, "MB-2291-07."),
            solve(DAY, SAM, "The second one is returned today. The file had been sent twice by us; we are sorry."),
        ),
    ),
    DemoTicket(
        20 * DAY,
        "Lukas Brandt",
        ROOMS,
        "Parking permit for a visitor on the 12th",
        "Two cars, the whole day.",
        (claim(3 * HOUR, NADIA), solve(6 * HOUR, NADIA, "Both number plates are on the list."), confirm(7 * HOUR)),
    ),
    DemoTicket(
        18 * DAY,
        "Amara Diallo",
        FAULT,
        "The overview of open loans that the regional managers get every Monday morning at seven o’clock by mail has "
        "not arrived for two weeks although nobody changed anything that we know of, and the managers ask for it daily",
        "It used to come from reports@. I looked in the junk folder as well.",
        (
            claim(2 * HOUR, ROSA),
            transfer(3 * HOUR, KEN, "System Administrators", "The job runs on your server."),
            claim(5 * HOUR, VIKTOR),
            solve(DAY, VIKTOR, "The job’s account had expired. It ran just now, and runs again on Monday."),
            confirm(DAY + 2 * HOUR),
        ),
    ),
]
