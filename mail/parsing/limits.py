"""How much of a mail is read. What lies beyond stays in the raw mail, and a remark says so."""

HEADER_BLOCK = 32 * 1024 * 1024  # bytes; a Cc of a million addresses fits
HEADERS = 2_000
HEADER_VALUE = 128 * 1024  # bytes of a header, addresses excepted
ADDRESS_HEADER = 1024 * 1024
ADDRESSES = 1_000  # of one header
REFERENCES = 200
HEADER_TEXT = 100_000  # characters of what is kept
DEPTH = 100  # deeper multiparts are read as if they stood here
PARTS = 10_000
TEXT = 2_000_000  # characters of shown text
HTML = 2_000_000
ATTRIBUTES = 500  # of one HTML tag; parsers compare each with each
QUOTE_LINES = 20_000  # looked at when quotes are searched
EMBEDDED = 64 * 1024 * 1024  # bytes unpacked from winmail.dat
BOUNCE_TEXT = 64 * 1024  # characters in which a bounce's words are searched
QUOTED_IDS = 100
GUESSES = 500  # of a charset, in one mail
