"""How mail programs introduce what they quote, in the languages they speak. Data; `quotes` says how it is used."""

import re

from mail.parsing.wordlists import any_of, words

# "On <date>, <somebody> wrote:": the verb, at the end or before the name.
WROTE = words(
    """
    wrote | writes | schrieb | schrieb am | hat geschrieben | a écrit | écrit | ecrit | écrivait | escribió |
    escribio | va escriure | escreveu | ha scritto | scrive | scriveva | schreef | heeft geschreven |
    het volgende geschreven | skrev | kirjoitti | kirjutas | napisał | napisała | napisał(a) | napisal | napisal(a) |
    pisze | napsal | napsala | napsal(a) | napísal | napísal(a) | napísala | написал | написала | написал(а) | пишет |
    писал | написав | пише | написа | напиша | ta írta | írta | irta | a scris | napisao | napisala | je napisao |
    je napisala | je napisao/la | yazdı | şunu yazdı | şöyle yazdı | έγραψε | έγραψε: | כתב | כתבה | כתב/ה | ‫כתב |
    كتب | نوشت | viết | đã viết | menulis | menulis: | เขียนว่า | เขียน | 写道 | 寫道 | 编写 | 写到 | のメール |
    さんは書きました | 書きました | wrote thus | 님이 작성 | 작성 | rakstīja | parašė | rašė | skrifaði |
    idatzi zuen | va escriure el | escribiu | ysgrifennodd | a scrís | scripsit
    """
)

# What such a line begins with, if not with a number or a day of the week.
BEGINS = words(
    """
    on | am | le | el | em | no dia | a | il | il giorno | in data | op | den | d. | dne | dňa | dnia | w dniu | в |
    на | за | στις | ב | בתאריך | في | در | vào | pada | tarihinde | на дата | pe | în | la data | u | dana | 2 | 1 |
    3 | 0 | од | день | kl. | at | from | sent | pe data | je | mån | tis | ons | tors | fre | lör | sön | ma | ti |
    ke | to | la | su
    """
)

# Labels of the block that Outlook and its like put above what they quote, without the colon.
FROM = words(
    """
    from | von | de | da | van | från | fra | lähettäjä | od | от | від | feladó | kimden | gönderen | από | מאת |
    من | 发件人 | 寄件者 | 寄件人 | 差出人 | 送信者 | 보낸 사람 | 보낸사람 | từ | dari | จาก | saatja | no | nuo |
    expéditeur | mittente | remitente | remetente | afzender | avsändare | avsender | afsender | expeditor | de la |
    пошиљалац | šalje | pošiljatelj | absender | frá | از | di | отправитель | odesílatel | odosielateľ | nadawca
    """
)

SENT = words(
    """
    sent | date | gesendet | datum | gesendet am | envoyé | envoyé le | enviado | enviado el | enviado em | enviada |
    enviada em | enviat | fecha | data | inviato | data invio | verzonden | verzonden op | skickat | skickad | sendt |
    lähetetty | lähetysaika | päivämäärä | päiväys | wysłano | wysłane | odesláno | odoslané | odosláno | отправлено |
    дата | надіслано | изпратено | elküldve | küldve | dátum | gönderildi | gönderme tarihi | tarih | στάλθηκε |
    ημερομηνία | εστάλη | נשלח | תאריך | تاريخ الإرسال | التاريخ | أُرسلت | تم الإرسال | تاریخ | 发送时间 | 发送日期 |
    发件时间 | 日期 | 时间 | 寄件日期 | 傳送日期 | 傳送時間 | 送信日時 | 日付 | 送信日 | 보낸 날짜 | 날짜 | 보낸시간 |
    đã gửi | ngày | gửi | dikirim | terkirim | tanggal | ส่ง | วันที่ | trimis | trimis la | trimise | dată |
    poslano | poslato | saadetud | kuupäev | nosūtīts | datums | išsiųsta | data ir laikas | sendt den | dato |
    sent at | sent on | send | le | mitteilung vom | dagsetning | sent date
    """
)

TO = words(
    """
    to | an | à | a | para | per | aan | till | til | vastaanottaja | do | komu | pro | кому | до | címzett | kime |
    alıcı | kimlere | προς | אל | إلى | 收件人 | 收件者 | 宛先 | 받는 사람 | 받는사람 | đến | tới | kepada | ถึง |
    către | catre | pentru | prima | za | kam | kellele | saaja | gavėjas | destinataire | destinatario |
    destinatário | empfänger | modtager | mottaker | adresat | به | na
    """
)

SUBJECT = words(
    """
    subject | betreff | objet | sujet | asunto | assumpte | assunto | oggetto | onderwerp | ämne | emne | aihe |
    temat | předmět | predmet | тема | относно | tárgy | konu | θέμα | נושא | الموضوع | 主题 | 主旨 | 标题 | 件名 |
    제목 | chủ đề | subjek | perihal | เรื่อง | subiect | zadeva | teema | temats | tema | re | موضوع | efni
    """
)

CC = words(
    """
    cc | kopie | kopi | kopia | copie | copia | cópia | копия | копія | 抄送 | 副本 | 참조 | reply-to | antwort an |
    répondre à | importance | priority | bcc | sent by | másolatot kap | dw | ud | udw | bilgi | κοιν | עותק |
    attachments | anlagen | wichtigkeit | priorität | pièces jointes | kópia | kopio | pp | đồng gửi | สำเนา |
    抄送人 | organization
    """
)

# "-----Original Message-----": the words between the hyphens.
ORIGINAL = words(
    """
    original message | original mail | original email | original e-mail | original appointment | reply message |
    ursprüngliche nachricht | originalnachricht | original-nachricht | originalmeldung | ursprüngliche e-mail |
    ursprüngliche mail | original nachricht | message d'origine | message d’origine | message original |
    message initial | mensaje original | mensagem original | mensagem de origem | correo original |
    missatge original | messaggio originale | messaggio originario | email originale | oorspronkelijk bericht |
    oorspronkelijke bericht | origineel bericht | ursprungligt meddelande | originalmeddelande | ursprungligt mail |
    oprindelig meddelelse | oprindelig besked | original meddelelse | opprinnelig melding | alkuperäinen viesti |
    viesti | wiadomość oryginalna | oryginalna wiadomość | wiadomość pierwotna | původní zpráva | původní e-mail |
    původní mail | pôvodná správa | исходное сообщение | исходное письмо | первоначальное сообщение |
    оригинальное сообщение | вихідне повідомлення | оригінальне повідомлення | оригинално съобщение | eredeti üzenet |
    özgün ileti | orijinal mesaj | orjinal mesaj | özgün mesaj | αρχικό μήνυμα | הודעה מקורית | ההודעה המקורית |
    الرسالة الأصلية | 原始邮件 | 原始郵件 | 原邮件 | 原件 | 原始信件 | 元のメッセージ | オリジナルメッセージ |
    元のメール | 원본 메시지 | 원본 메일 | 원본 이메일 | 원본메시지 | thư gốc | tin nhắn gốc | pesan asli |
    pesan asal | ข้อความต้นฉบับ | ต้นฉบับ | mesajul original | mesaj original | izvorna poruka | originalna poruka |
    izvirno sporočilo | algne kiri | sākotnējais ziņojums | originalus laiškas | پیام اصلی | reply separator |
    antwort | mensaje citado | reply above this line | urspr. nachricht | orig. nachricht
    """
)

# The same for a mail that is passed on.
FORWARDED = words(
    """
    forwarded message | forwarded by | forward message | begin forwarded message | weitergeleitete nachricht |
    weitergeleitet von | anfang der weitergeleiteten nachricht | anfang der weitergeleiteten e-mail |
    weitergeleitete mail | message transféré | message réexpédié | début du message transféré |
    début du message réexpédié | transféré par | mensaje reenviado | inicio del mensaje reenviado |
    missatge reenviat | mensagem encaminhada | mensagem reencaminhada | início da mensagem encaminhada |
    início da mensagem reencaminhada | messaggio inoltrato | inizio messaggio inoltrato | messaggio inoltrato da |
    doorgestuurd bericht | begin doorgestuurd bericht | vidarebefordrat meddelande | vidarebefordrat mejl |
    vidarebefordrat brev | videresendt meddelelse | videresendt melding | videresendt besked |
    start på videresendt besked | videresendt | välitetty viesti | edelleenlähetetty viesti | przekazana wiadomość |
    wiadomość przekazana | początek przekazywanej wiadomości | přeposlaná zpráva | začátek přeposílané zprávy |
    preposlaná správa | пересылаемое сообщение | пересланное сообщение | начало переадресованного сообщения |
    пересланное письмо | переслане повідомлення | перенаправлене повідомлення | препратено съобщение |
    továbbított üzenet | iletilen mesaj | yönlendirilen mesaj | iletilen ileti | προωθημένο μήνυμα | הודעה שהועברה |
    הודעה מועברת | رسالة معاد توجيهها | الرسالة المعاد توجيهها | 转发的邮件 | 转发邮件 | 轉寄郵件 | 轉寄的郵件 |
    转发信件 | 転送されたメッセージ | 転送メッセージ | 전달된 메시지 | 전달 메시지 | tin nhắn được chuyển tiếp |
    thư được chuyển tiếp | thư đã chuyển tiếp | pesan yang diteruskan | pesan terusan | ข้อความที่ส่งต่อ |
    mesaj redirecționat | mesajul redirecționat | proslijeđena poruka | prosleđena poruka | edastatud kiri |
    pārsūtīts ziņojums | persiųstas laiškas | پیام هدایت شده | framsend skilaboð
    """
)

# What help desks write above their mails, so that nobody writes below it.
ABOVE_THIS_LINE = words(
    """
    reply above this line | type your reply above this line | write above this line | above this line |
    above this email | oberhalb dieser zeile | über dieser zeile | au-dessus de cette ligne |
    au dessus de cette ligne | por encima de esta línea | encima de esta línea | sobre esta línea |
    acima desta linha | sopra questa linea | sopra questa riga | boven deze regel | boven deze lijn |
    ovanför denna rad | over denne linje | over denne linjen | powyżej tej linii | nad tímto řádkem |
    над этой чертой | над этой строкой | выше этой линии | bu satırın üzerine | この行より上 | 在此行上方 |
    在此线以上 | 이 줄 위에
    """
)

# The last line that telephones and programs add, as regular expressions.
SENT_FROM = any_of(
    r"""
    sent from my (?:[\w'’+/®™-]++\.? ?){1,6} |
    sent from (?:outlook|mail|yahoo|samsung|proton|gmail|aol|mobile|an?|the|windows|iphone|ipad|blackberry).{0,100} |
    sent from (?:nokia|bluemail|spark|airmail|mailbird|canary|superhuman|hey|galaxy|huawei|xiaomi|yandex).{0,100} |
    sent (?:via|with|using|by|through) (?:the )?(?:samsung|blackberry|my|outlook|proton|mailbird|spark|airmail).{0,80} |
    sent (?:via|with|using|by|through) (?:the )?(?:bluemail|superhuman|shift|mobile|windows|yahoo|android|tuta).{0,80} |
    sent (?:via|with|using|by|through) (?:the )?(?:boxer|canary|mailspring|galaxy|polymail|newton).{0,80} |
    get outlook for (?:ios|android|mac|windows).{0,80} | get \[?bluemail.{0,80} | von meinem .{1,60} gesendet.{0,10} |
    von meinen? .{1,60} (?:aus )?gesendet.{0,10} | gesendet (?:von|mit|über|vom|aus) .{1,80} |
    diese nachricht wurde von meinem .{1,80} | outlook für (?:ios|android).{0,30} |
    holen sie sich outlook für .{1,80} | mit .{1,40} gesendet |
    envoyé (?:de|depuis|à partir de|par|avec|via) .{1,80} | obtenez outlook pour .{1,60} |
    télécharge[rz] outlook pour .{1,60} | enviado (?:desde|do|de|a partir|pelo|con|com|via) .{1,80} |
    obtener outlook para .{1,60} | obter o outlook para .{1,60} | obtenha o outlook para .{1,60} |
    enviat (?:des|amb) .{1,60} | inviato (?:da|dal|dall|con|tramite).{1,80} | scarica outlook per .{1,60} |
    ottieni outlook per .{1,60} | verzonden (?:vanaf|vanuit|met|via|van) .{1,80} |
    verstuurd (?:vanaf|vanuit|met|via|van) .{1,80} | outlook voor (?:ios|android).{0,40} |
    download outlook voor .{1,60} | skickat från .{1,80} | hämta outlook för .{1,60} | sendt fra .{1,80} |
    hent outlook til .{1,60} | få outlook for .{1,60} | lähetetty .{1,80}(?:sta|stä|lta|ltä|lla|llä) |
    hanki outlook .{1,60} | wysłan[eoy] (?:z|za pomocą|przy użyciu) .{1,80} | pobierz (?:program )?outlook .{1,60} |
    odesláno z .{1,80} | získat outlook pro .{1,60} | odoslané z .{1,80} | отправлено (?:с|из|от|через) .{1,80} |
    скачать outlook для .{1,60} | надіслано (?:з|із|від) .{1,80} | изпратено от .{1,80} |
    elküldve .{1,40}(?:ról|ről|ból|ből|mról) | .{1,40}(?:dan|den|’?dan|'?dan|'?den) gönderildi |
    trimis (?:de pe|din|cu|prin) .{1,80} | στάλθηκε από .{1,80} | εστάλη από .{1,80} | נשלח מ.{1,60} |
    ‫?נשלח מ.{1,60} | أُ?رسلت? من .{1,60} | تم الإرسال من .{1,60} | 发自我的.{1,40} | 从我的.{1,40}发送 |
    发自.{1,40} | 發自我的.{1,40} | 從我的.{1,40}傳送 | 使用.{1,20}发送 | .{1,30}から送信(?:しました)?。? |
    나의 .{1,30}에서 보냄 | .{1,30}에서 (?:보냄|전송) | đã gửi từ .{1,60} | gửi từ .{1,60} | dikirim dari .{1,60} |
    ส่งจาก.{1,60} | poslano (?:s|z|iz) .{1,60} | poslato sa .{1,60} | saadetud minu .{1,60} | sent from the .{1,60}
    """
)

# Subjects that say "passed on".
_FORWARD = any_of(
    """
    fw | fwd | wg | tr | rv | enc | i | doorst | vs | vb | vl | pd | fs | ilt | пересл | пер | 转发 | 轉寄 | 転送 |
    전달 | továbbítás | προωθ | הועבר | redir | inoltro
    """
)
FORWARD_SUBJECT = re.compile(rf"^\s*(?:\[[^\]]{{1,60}}\]\s*)?{_FORWARD}\s*(?:\[\d+\])?\s*[:：]", re.IGNORECASE)
