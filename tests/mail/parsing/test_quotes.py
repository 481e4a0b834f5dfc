"""New words told from quotes in plain text, as mail programs write them in many languages."""

import pytest

from mail.parsing.quotes import split_quote

pytestmark = pytest.mark.once

NEW = "Danke, das ist neu.\nZweite Zeile."
QUOTED = "> old words\n> more"
UNQUOTED = "old words\nmore"

# Beyond doubt: they say who wrote, and when.
INTRODUCTIONS = [
    "On Mon, Jan 5, 2026 at 10:00 AM Grace Hopper <grace@example.com> wrote:",
    "On Mon, Jan 5, 2026 at 10:00 AM Grace Hopper <grace@example.com>\nwrote:",
    "On Jan 5, 2026, at 10:00, Grace Hopper <grace@example.com> wrote:",
    "On 05/01/2026 10:00, Grace Hopper wrote:",
    "On 2026-01-05 10:00, Grace wrote:",
    "Am 05.01.2026 um 10:00 schrieb Grace Hopper:",
    "Am Mo., 5. Jan. 2026 um 10:00 Uhr schrieb Grace Hopper <grace@example.com>:",
    "Am Mo., 5. Jan. 2026 um 10:00 Uhr schrieb Grace Hopper <\ngrace@example.com>:",
    'Am 5.1.26 10:00 schrieb "Grace Hopper" <g@example.com>:',
    "Grace Hopper <g@example.com> schrieb am Mo., 5. Jan. 2026, 10:00:",
    "Le lun. 5 janv. 2026 à 10:00, Grace Hopper <grace@example.com> a écrit :",
    "Le 5 janvier 2026 à 10:00, Grace Hopper <grace@example.com> a écrit :",
    "Le 05/01/2026 à 10:00, Grace a écrit\xa0:",
    "El lun, 5 ene 2026 a las 10:00, Grace Hopper (<grace@example.com>) escribió:",
    "El 5/1/26 a las 10:00, Grace escribió:",
    "Em seg., 5 de jan. de 2026 às 10:00, Grace Hopper <grace@example.com> escreveu:",
    "No dia 5 de jan de 2026, às 10:00, Grace <g@example.com> escreveu:",
    "Il giorno lun 5 gen 2026 alle ore 10:00 Grace Hopper <grace@example.com> ha scritto:",
    "Il 05/01/2026 10:00, Grace ha scritto:",
    "Op ma 5 jan. 2026 om 10:00 schreef Grace Hopper <grace@example.com>:",
    "Op 5-1-2026 om 10:00 schreef Grace Hopper:",
    "Den mån 5 jan. 2026 kl 10:00 skrev Grace Hopper <grace@example.com>:",
    "Den 5.1.2026 10.00, skrev Grace:",
    "man. 5. jan. 2026 kl. 10:00 skrev Grace Hopper <grace@example.com>:",
    "Den man. 5. jan. 2026 kl. 10.00 skrev Grace Hopper <grace@example.com>:",
    "ma 5. tammik. 2026 klo 10.00 Grace Hopper (grace@example.com) kirjoitti:",
    "pon., 5 sty 2026 o 10:00 Grace Hopper <grace@example.com> napisał(a):",
    "W dniu 05.01.2026 o 10:00, Grace Hopper pisze:",
    "po 5. 1. 2026 v 10:00 odesílatel Grace Hopper <grace@example.com> napsal:",
    "Dne 5. 1. 2026 v 10:00 Grace napsal(a):",
    "пн, 5 янв. 2026 г. в 10:00, Grace Hopper <grace@example.com>:",
    "05.01.2026 10:00, Grace Hopper пишет:",
    "5 января 2026 г., в 10:00, Grace <g@example.com> написал(а):",
    '05.01.2026, 10:00, "Grace Hopper" <grace@example.com>:',
    "Понедельник, 5 января 2026, 10:00 +03:00 от Grace <g@example.com>:",
    "пн, 5 січ. 2026 р. о 10:00 Grace Hopper <grace@example.com> пише:",
    "На пн, 5.01.2026 г. в 10:00 Grace Hopper <grace@example.com> написа:",
    "Grace Hopper <grace@example.com> ezt írta (időpont: 2026. jan. 5., H, 10:00):",
    "2026. 01. 05. 10:00 keltezéssel, Grace írta:",
    "Grace Hopper <grace@example.com>, 5 Oca 2026 Pzt, 10:00 tarihinde şunu yazdı:",
    "Στις Δευ 5 Ιαν 2026 στις 10:00 π.μ., ο χρήστης Grace <g@example.com> έγραψε:",
    "\u202bבתאריך יום ב׳, 5 בינו׳ 2026 ב-10:00 מאת \u202aGrace\u202c\u200f <\u202ag@example.com\u202c\u200f>:\u202c",
    "في الاثنين، 5 يناير 2026 في 10:00 ص تمت كتابة ما يلي بواسطة Grace <g@example.com>:",
    "Grace Hopper <grace@example.com> 于2026年1月5日周一 10:00写道：",
    "Grace <g@example.com> 於 2026年1月5日 週一 上午10:00寫道：",
    "2026年1月5日(月) 10:00 Grace Hopper <grace@example.com>:",
    "2026/01/05 10:00、Grace <g@example.com>のメール:",
    "2026년 1월 5일 (월) 오전 10:00, Grace Hopper <grace@example.com>님이 작성:",
    "Vào Th 2, 5 thg 1, 2026 vào lúc 10:00 Grace Hopper <grace@example.com> đã viết:",
    "Pada tanggal Sen, 5 Jan 2026 pukul 10.00 Grace Hopper <grace@example.com> menulis:",
    "În lun., 5 ian. 2026 la 10:00, Grace Hopper <grace@example.com> a scris:",
    "pon, 5. sij 2026. u 10:00 Grace Hopper <grace@example.com> napisao je:",
]

# Only what follows tells that they introduce a quote.
VAGUE = [
    "Grace Hopper <grace@example.com> writes:",
    "Quoting Grace Hopper <grace@example.com>:",
    "Zitat von Grace Hopper <grace@example.com>:",
    "* Grace Hopper <grace@example.com> [2026-01-05 10:00]:",
    "Grace wrote:",
]

HEADER_BLOCKS = [
    "From: Grace <g@example.com>\nSent: Monday, January 5, 2026 10:00 AM\nTo: Ada\nSubject: Old",
    "From: Grace Hopper\nSent: 05 January 2026 10:00\nTo: Ada\nCc: Bob\nSubject: RE: Old",
    "*From:* Grace <g@example.com>\n*Sent:* Monday, January 5, 2026 10:00 AM\n*To:* Ada\n*Subject:* Old",
    "Von: Grace\nGesendet: Montag, 5. Januar 2026 10:00\nAn: Ada\nBetreff: Alt",
    "De : Grace <g@example.com>\nEnvoyé : lundi 5 janvier 2026 10:00\nÀ : Ada\nObjet : Vieux",
    "De: Grace\nEnviado el: lunes, 5 de enero de 2026 10:00\nPara: Ada\nAsunto: Viejo",
    "De: Grace\nEnviada em: segunda-feira, 5 de janeiro de 2026 10:00\nPara: Ada\nAssunto: Velho",
    "Da: Grace\nInviato: lunedì 5 gennaio 2026 10:00\nA: Ada\nOggetto: Vecchio",
    "Van: Grace\nVerzonden: maandag 5 januari 2026 10:00\nAan: Ada\nOnderwerp: Oud",
    "Från: Grace\nSkickat: den 5 januari 2026 10:00\nTill: Ada\nÄmne: Gammal",
    "Fra: Grace\nSendt: 5. januar 2026 10:00\nTil: Ada\nEmne: Gammel",
    "Lähettäjä: Grace\nLähetetty: 5. tammikuuta 2026 10:00\nVastaanottaja: Ada\nAihe: Vanha",
    "Od: Grace\nWysłano: poniedziałek, 5 stycznia 2026 10:00\nDo: Ada\nTemat: Stary",
    "Od: Grace\nOdesláno: pondělí 5. ledna 2026 10:00\nKomu: Ada\nPředmět: Starý",
    "От: Grace\nОтправлено: 5 января 2026 г. 10:00\nКому: Ada\nТема: Старое",
    "Від: Grace\nНадіслано: 5 січня 2026 р. 10:00\nКому: Ada\nТема: Старе",
    "Feladó: Grace\nElküldve: 2026. január 5. 10:00\nCímzett: Ada\nTárgy: Régi",
    "Kimden: Grace\nGönderildi: 5 Ocak 2026 10:00\nKime: Ada\nKonu: Eski",
    "发件人: Grace <g@example.com>\n发送时间: 2026年1月5日 10:00\n收件人: Ada\n主题: 旧",
    "寄件者: Grace\n寄件日期: 2026年1月5日 10:00\n收件者: Ada\n主旨: 舊",
    "差出人: Grace\n送信日時: 2026年1月5日 10:00\n宛先: Ada\n件名: 古い",
    "보낸 사람: Grace\n보낸 날짜: 2026년 1월 5일\n받는 사람: Ada\n제목: 옛",
    "מאת: Grace\nנשלח: יום שני 5 ינואר 2026 10:00\nאל: Ada\nנושא: ישן",
    "من: Grace\nتاريخ الإرسال: 05/01/2026 10:00\nإلى: Ada\nالموضوع: قديم",
    "From: Grace <g@example.com>\nDate: Monday, January 5, 2026 at 10:00\nTo: Ada <ada@example.org>\nSubject: Re: Old",
    "From:\tGrace <g@example.com>\nTo:\tAda <ada@example.org>\nDate:\t05.01.2026 10:00\nSubject:\tOld",
    "Von:    Grace\nAn:     Ada\nDatum:  05.01.2026 10:00\nBetreff:        Alt",
    "Date: Mon, 5 Jan 2026 10:00:00 +0000\nFrom: g@example.com\nTo: ada@example.org\nSubject: old",
]

SEPARATORS = [
    "-----Original Message-----",
    "-----Ursprüngliche Nachricht-----",
    "-------- Original-Nachricht --------",
    "-----Message d'origine-----",
    "----- Original Message -----",
    "-------- Mensaje original --------",
    "-------- Messaggio originale --------",
    "------------------ 原始邮件 ------------------",
    "-----原始邮件-----",
    "-------- 원본 메시지 --------",
    "-----Oprindelig meddelelse-----",
    "-----Ursprungligt meddelande-----",
    "-------- Исходное сообщение --------",
    "---- On Mon, 05 Jan 2026 10:00:00 +0000 Grace <g@example.com> wrote ----",
    "##- Please type your reply above this line -##",
    "-- reply above this line --",
    "--- Bitte antworten Sie oberhalb dieser Zeile ---",
]

# Nothing here is a quote or a signature.
KEPT = [
    "On Monday I will be away.\nGrace",
    "On the other hand:\nthis works",
    "I wrote:\nhello there",
    "From: Berlin\nTo: Munich\nI need a ticket",
    "Ada\nOn",
    "Hello,\nOn 5 Jan 2026 the following happened:\n- it broke",
    "Date: tomorrow\nTime: 10:00\nPlace: here",
    "Name: Ada\nE-Mail: a@b.c\nMessage: Help",
    "Am Montag um 10:00 Uhr geht es nicht:\nDer Drucker",
    "-----\nsection\n-----\nmore",
    "> what?\nYes.\n> and?\nNo.",
    "I got this error on 2026-01-05 10:00 from bob@example.org:\nstack trace here",
    "Please call me, it says:\n\n-- see below --\n\nfoo",
    "Le 5 janvier 2026 à 10:00, rendez-vous avec Grace :\nvenez",
    "To: whom it may concern\nSubject: my printer\nit is broken",
    "Sent from Berlin with love, and more to say",
    "Von: Berlin\nNach: Bonn\nDatum: 5.1.2026",
    "From 5 Jan 2026 on:\nnew rules",
]

SIGNATURES = [
    "Sent from my iPhone",
    "Von meinem iPhone gesendet",
    "Envoyé de mon iPhone",
    "Enviado desde mi iPhone",
    "Inviato da iPhone",
    "Verstuurd vanaf mijn iPhone",
    "Skickat från min iPhone",
    "Sendt fra min iPhone",
    "Lähetetty iPhonesta",
    "Wysłane z iPhone'a",
    "Отправлено с iPhone",
    "发自我的 iPhone",
    "iPhoneから送信",
    "나의 iPhone에서 보냄",
    "Gesendet mit der GMX Mail App",
    "Get Outlook for iOS",
    "Get Outlook for Android<https://aka.ms/ghei36>",
    "Sent with Proton Mail secure email.",
    "Sent from Yahoo Mail on Android",
    "Sent from Mail for Windows",
    "Gesendet von Outlook für iOS<https://aka.ms/o0ukef>",
    "Von meinem Samsung Gerät gesendet.",
    "Télécharger Outlook pour iOS",
    "-- \nAda Lovelace\nAnalyst",
    "--\nAda",
    "Sent via BlackBerry from T-Mobile",
]


@pytest.mark.parametrize("introduction", [*INTRODUCTIONS, *VAGUE])
def test_a_quote_goes_with_its_introduction(introduction: str):
    split = split_quote(f"{NEW}\n\n{introduction}\n{QUOTED}\n")

    assert split.reply == NEW
    assert split.quoted == f"{introduction}\n{QUOTED}"


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
def test_a_quote_without_marks_goes_by_its_introduction(introduction: str):
    assert split_quote(f"{NEW}\n\n{introduction}\n\n{UNQUOTED}\n").reply == NEW


@pytest.mark.parametrize("introduction", VAGUE)
def test_a_vague_introduction_alone_cuts_nothing(introduction: str):
    text = f"{NEW}\n\n{introduction}\n\n{UNQUOTED}"

    assert split_quote(text).reply == text


@pytest.mark.parametrize("above", ["", "________________________________\n", "-----Original Message-----\n"])
@pytest.mark.parametrize("block", HEADER_BLOCKS)
def test_what_stands_below_the_headers_of_a_mail_is_quoted(block: str, above: str):
    split = split_quote(f"{NEW}\n\n{above}{block}\n\n{UNQUOTED}\n")

    assert split.reply == NEW
    assert split.quoted.endswith(UNQUOTED)


@pytest.mark.parametrize("separator", SEPARATORS)
def test_what_stands_below_a_separator_is_quoted(separator: str):
    assert split_quote(f"{NEW}\n\n{separator}\n{UNQUOTED}\n").reply == NEW


@pytest.mark.parametrize("text", KEPT)
def test_what_people_write_is_kept(text: str):
    assert split_quote(text).reply == text
    assert split_quote(f"Hello.\n\n{text}").reply == f"Hello.\n\n{text}"


@pytest.mark.parametrize("signature", SIGNATURES)
def test_a_signature_goes_above_a_quote_too(signature: str):
    assert split_quote(f"{NEW}\n\n{signature}").reply == NEW
    assert (
        split_quote(f"{NEW}\n\n{signature}\n\nOn 5 Jan 2026, at 10:00, Grace <g@x.example> wrote:\n\n{QUOTED}").reply
        == NEW
    )


def test_answers_below_and_between_are_kept():
    introduction = "On 05/01/2026 10:00, Grace Hopper wrote:"

    assert split_quote(f"{introduction}\n{QUOTED}\n\n{NEW}").reply == NEW
    assert split_quote(f"{introduction}\n> one?\n\nYes.\n\n> two?\n\nNo.\n\n> three").reply == (
        f"{introduction}\n> one?\n\nYes.\n\n> two?\n\nNo."
    )


@pytest.mark.parametrize(
    "text", [QUOTED, f"On 05/01/2026 10:00, Grace wrote:\n{QUOTED}", "-- \nAda", "Sent from my iPhone"]
)
def test_if_nothing_were_left_everything_is_kept(text: str):
    assert split_quote(text).reply == text
    assert split_quote(text).quoted == ""


def test_a_mail_passed_on_is_no_quote():
    text = f"FYI\n\n---------- Forwarded message ---------\n{HEADER_BLOCKS[0]}\n\n{UNQUOTED}"

    assert split_quote(text).reply == text
    assert split_quote(f"FYI\n\n{HEADER_BLOCKS[0]}\n\n{UNQUOTED}", is_forward=True).quoted == ""


def test_the_frame_of_a_signature_by_pgp_is_no_text():
    text = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nHello\n- - dash\n"
        "-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----"
    )

    assert split_quote(text).reply == "Hello\n- dash"
