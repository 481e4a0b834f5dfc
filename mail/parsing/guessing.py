"""Which charset bytes are in that nobody named: few candidates, told apart by the letters people use most.

Short texts are the rule here, and statistics over whole languages misjudge them; so a wrong label of the commonest
kinds is told from a right one, and everything else is read as Windows-1252.
"""

import re

_SAMPLE = 2_048  # bytes
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_CYRILLIC = ("cp1251", "koi8_r", "iso8859-5", "cp866")
# Commonest first; the share of a text that they make up is far lower in the wrong charset.
_COMMON_CYRILLIC = re.compile("[оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфіїєґўәң]")
_CAPITAL_CYRILLIC = re.compile("[А-Я]")
_COMMON_HAN = re.compile(
    "["
    "的一是不了人我在有他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生自会那后能对着事其里所去行过家十用发天如然作方成者多日都三小军二无同么经法当起与好看学进种将还分此心前面又定见只主没公从"
    "這為來個們到說國時會後能對著過發無經進種將還見沒從請謝問題電話信郵件訂單客戶服務您們嗎幫請謝请谢问题电话邮件订单客户服务吗帮"
    "]"
)
_KANA = re.compile("[\u3041-\u30ff]")
_HALF_WIDTH = re.compile("[\uff61-\uff9f]")
_HAN = re.compile("[\u4e00-\u9fff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_MARKS = re.compile("[，。！？：；、（）「」“”]")
_BLOCKS = {
    codec: re.compile(f"[{first}-{last}]")
    for codec, first, last in (("cp1253", "α", "ώ"), ("cp1255", "א", "ת"), ("cp1256", "ء", "ي"), ("cp874", "ก", "๛"))
}
_ASCII = re.compile("[\x00-\x7f]+")


def guess(data: bytes) -> str:
    """Return the likeliest charset of bytes that are no valid UTF-8."""
    return not_latin(data) or _western(data)


def not_latin(data: bytes) -> str | None:
    """Return the charset if the bytes look like another script than Latin, else None.

    In Latin text bytes beyond ASCII stand alone or in pairs within words; elsewhere whole words consist of them.
    """
    runs = _HIGH_RUN.findall(_sample(data))
    high = sum(map(len, runs))
    if high < 4:
        return None
    ascii_letters = len(re.findall(rb"[A-Za-z]", _sample(data)))
    long_runs = [run for run in runs if len(run) >= 3]
    if sum(map(len, long_runs)) < high * 0.6 or (len(long_runs) < 3 and ascii_letters > high * 0.5):
        return None
    return _cyrillic_or_other(data, runs)


def _cyrillic_or_other(data: bytes, runs: list[bytes]) -> str | None:
    sample = _sample(data)
    scores = {codec: _cyrillic_score(sample, codec) for codec in _CYRILLIC}
    scores["cp932"] = _kana_score(sample, "cp932")
    scores["euc_jp"] = _kana_score(sample, "euc_jp")
    scores["cp949"] = _hangul_score(sample)
    scores["gb18030"] = _han_score(sample, "gb18030")
    scores["big5hkscs"] = _han_score(sample, "big5hkscs")
    for codec, block in _BLOCKS.items():
        scores[codec] = _block_score(sample, codec, block)
    best = max(scores, key=lambda codec: scores[codec])
    return best if scores[best] >= 0.35 else None


def _sample(data: bytes) -> bytes:
    """Return the first few kilobytes around what is beyond ASCII, cut where a two-byte character can't be."""
    match = _HIGH_RUN.search(data)
    start = max(0, match.start() - 200) if match else 0
    piece = data[start : start + _SAMPLE]
    if len(data) > start + _SAMPLE and (cut := max(piece.rfind(b"\n"), piece.rfind(b" "))) > 0:
        piece = piece[:cut]
    return piece


def _letters(sample: bytes, codec: str) -> str | None:
    try:
        text = sample.decode(codec)
    except UnicodeError:
        return None
    return _ASCII.sub("", text)


def _count(pattern: re.Pattern[str], letters: str) -> int:
    return len(pattern.findall(letters))


def _cyrillic_score(sample: bytes, codec: str) -> float:
    letters = _letters(sample, codec)
    if not letters:
        return 0
    common = _count(_COMMON_CYRILLIC, letters)
    capital = _count(_CAPITAL_CYRILLIC, letters)
    return max(common, capital * 0.6) / len(letters)


def _kana_score(sample: bytes, codec: str) -> float:
    letters = _letters(sample, codec)
    if not letters:
        return 0
    kana = _count(_KANA, letters)
    half_width = _count(_HALF_WIDTH, letters)
    han = _count(_HAN, letters)
    if half_width > kana + han:
        return 0
    return 0.95 * (kana * 2 + han * 0.5) / (len(letters) + kana) if kana else 0


def _hangul_score(sample: bytes) -> float:
    letters = _letters(sample, "euc_kr")
    if not letters:
        return 0
    return 0.9 * _count(_HANGUL, letters) / len(letters)


def _han_score(sample: bytes, codec: str) -> float:
    letters = _letters(sample, codec)
    if not letters:
        return 0
    han = _count(_HAN, letters)
    marks = _count(_MARKS, letters)
    common = _count(_COMMON_HAN, letters)
    return 0.4 * (han + marks) / len(letters) + 0.8 * (common + marks) / len(letters)


def _block_score(sample: bytes, codec: str, block: re.Pattern[str]) -> float:
    letters = _letters(sample, codec)
    if not letters:
        return 0
    return 0.8 * _count(block, letters) / len(letters)


def _western(data: bytes) -> str:
    """Windows-1252, but for Central European text where its letters give it away."""
    sample = _sample(data)
    polish_or_czech = len(re.findall(rb"[a-z][\xb9\xe6\xea\xb3\xf1\x9c\x9f\xbf\x9a\x9e\xe8\xec\xf8\xf9][a-z ]", sample))
    western = len(re.findall(rb"[\xe4\xf6\xfc\xdf\xe0\xe2\xe7\xe9\xe8\xea\xee\xf4\xe5\xf1]", sample))
    return "cp1250" if polish_or_czech >= 4 and polish_or_czech > western * 1.5 else "cp1252"
