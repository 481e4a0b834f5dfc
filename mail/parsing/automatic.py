"""Was this written by a person, and to us? Automatic answers (RFC 3834 and its informal cousins), lists, priority."""

import re

from mail.parsing.head import Head
from mail.parsing.wordlists import any_of, words

# These headers say it by being there, unless they say no.
_ANSWER_HEADERS = words(
    """
    x-autoreply | x-autorespond | x-autoresponder | x-autoreply-from | x-mail-autoreply | x-auto-reply |
    x-auto-reply-from | x-facebook-notify-autoreply | x-vacation | auto-reply
    """
)
_ANSWER_PRECEDENCE = frozenset({"auto_reply", "auto-reply", "autoreply"})
_BULK_PRECEDENCE = frozenset({"bulk", "list", "junk"})
_BULK_HEADERS = words(
    """
    list-id | list-unsubscribe | list-post | list-help | list-archive | list-subscribe | mailing-list |
    x-mailing-list | x-mailman-version | x-list-id | x-listname | x-beenthere | feedback-id | x-feedback-id |
    x-campaign | x-campaignid | x-campaign-id | x-mailchimp-id | x-mc-user | x-csa-complaints | x-mailer-recptid |
    x-bulkmail | x-mass-mail | x-newsletter
    """
)
_NO = frozenset({"", "no", "false", "0", "none"})

# Subjects alone decide nothing but where programs write them that set no header, and then only at the beginning.
_ANSWER_SUBJECT = re.compile(
    r"\s*(?:(?:re|aw|sv|vs|rv|tr|r|antw|odp|fwd?)\s*:\s*)?\[?"
    + any_of(
        r"""
        auto(?:matic|mated|matische|matisch)?[ -]?(?:re(?:ply|sponse|sponder)|answer|antwort|svar)\b |
        auto: .{0,80}out of | out[ -]of[ -](?:the )?office | ooo\s*: | vacation (?:reply|response|message|notice) |
        away from (?:my )?(?:mail|office|the office) | i(?:'m| am) (?:currently )?out of (?:the )?office |
        automatische (?:antwort|antwoord) | automatisch antwoord |
        abwesenheits(?:notiz|assistent|mitteilung|nachricht|benachrichtigung|meldung) | abwesend: | außer haus: |
        r[ée]ponse automatique | absence du bureau | notification d['’]absence | message d['’]absence |
        respuesta autom[aá]tica | fuera de (?:la )?oficina | resposta autom[aá]tica | fora do escrit[oó]rio |
        aus[eê]ncia tempor[aá]ria | risposta automatica | fuori (?:sede|ufficio): | afwezigheids(?:bericht|assistent) |
        autosvar | automatiskt svar | automatisk svar | frånvaromeddelande | frav[æe]r(?:smelding|sbesked) |
        automaattinen vastaus | poissaolo(?:viesti|ilmoitus) | odpowied[zź] automatyczna |
        automatyczna odpowied[zź] | automatick[aá] odpov[eě][dď] | автоматический ответ | автоответ |
        автоматична відповідь | автоматичен отговор | отсутствие на рабочем месте | automatikus v[aá]lasz |
        otomatik yan[ıi]t | αυτόματη απάντηση | מענה אוטומטי | תשובה אוטומטית | رد تلقائي | الرد التلقائي |
        自动(?:回复|答复) | 自動(?:回覆|回復|応答|返信) | 不在(?:通知|のお知らせ) | 자동 ?(?:회신|응답|답장) | 부재중 |
        tr[aả] lời tự động | balasan otomatis | r[aă]spuns automat | automatski odgovor | samodejni odgovor
        """
    ),
    re.IGNORECASE,
)
_PRIORITIES = {"1": "high", "2": "high", "3": "normal", "4": "low", "5": "low"}
_PRIORITY_WORDS = {
    **dict.fromkeys(("high", "highest", "urgent", "emergency", "flash"), "high"),
    "normal": "normal",
    **dict.fromkeys(("low", "lowest", "non-urgent", "nonurgent"), "low"),
}


def is_guess(head: Head) -> bool:
    """Return whether nothing but its subject, or whom it names, makes an answer of this: people write so too."""
    return not _says_so(head)


def is_auto_reply(head: Head) -> bool:
    """Return whether a program answered: a vacation note, "we received your mail", a reading receipt.

    What programs send unasked (RFC 3834 `auto-generated`) is no answer, but no robot shall answer it either.
    """
    is_called_so = _ANSWER_SUBJECT.match(head.first("subject") or "") is not None
    return _says_so(head) or is_called_so or _is_circular(head)


def _is_circular(head: Head) -> bool:
    """Return whether it calls itself one of many and names nobody whom it was written to. A list names itself."""
    if (head.first("precedence") or "").strip().lower() not in _BULK_PRECEDENCE:
        return False
    return not (head.addresses("to") or head.addresses("cc") or head.first("list-id") or head.first("list-post"))


def _says_so(head: Head) -> bool:
    """Return whether a header that programs set says that one answered."""
    submitted = (head.first("auto-submitted") or "").split(";")[0].split("(")[0].strip().lower()
    if submitted.startswith(("auto-replied", "auto-generated", "auto-notified")):
        return True
    if any((value := head.first(name)) is not None and value.strip().lower() not in _NO for name in _ANSWER_HEADERS):
        return True
    if (head.first("precedence") or "").strip().lower() in _ANSWER_PRECEDENCE:
        return True
    if (head.first("x-precedence") or "").strip().lower() in _ANSWER_PRECEDENCE:
        return True
    if head.first("x-cron-env") is not None or (
        (head.first("x-auto-response-suppress") or "").lower() == "all" and submitted
    ):
        return True
    # RFC 6522: what a mail system reports, whatever it is. Nobody's mail program writes it.
    if (head.first("content-type") or "").strip().lower().startswith("multipart/report"):
        return True
    generator = (head.first("x-ms-exchange-generated-message-source") or "").lower()
    return "mailbox rules agent" in generator or head.first("x-ms-exchange-inbox-rules-loop") is not None


def is_bulk(head: Head) -> bool:
    """Return whether the mail went to many: a list, a newsletter."""
    if (head.first("precedence") or "").strip().lower() in _BULK_PRECEDENCE:
        return True
    return any(head.first(name) is not None for name in _BULK_HEADERS)


def priority(head: Head) -> str | None:
    """Return "high", "normal" or "low" as the sender set it, None if he did not (PARITY I18)."""
    for name in ("x-priority", "importance", "priority", "x-msmail-priority"):
        said = (head.first(name) or "").strip().lower()
        if not said:
            continue
        found = _PRIORITIES.get(said[0]) if said[0].isdigit() else _PRIORITY_WORDS.get(said.split()[0].strip("(),"))
        if found:
            return found
    return None
