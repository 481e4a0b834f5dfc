"""Tables that leave the help desk as CSV."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpResponse

# No export has more rows.
MOST_ROWS = 20_000
# A cell that begins so is a formula to a spreadsheet.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_response(name: str, header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """Return the rows as a download. What would be a formula in a spreadsheet becomes words."""
    # A mark at the beginning: without it spreadsheets read UTF-8 as something else.
    text = io.StringIO("\ufeff")
    text.seek(0, io.SEEK_END)
    writer = csv.writer(text)
    writer.writerow(header)
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _harmless(cell: Any) -> str:
    text = "" if cell is None else str(cell).replace("\x00", "")
    return f"'{text}" if text.startswith(FORMULA) else text
