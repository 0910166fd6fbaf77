"""Identifiers and small groups planted into the demonstration's raw files, and the search for them in every output.

All of them are invented: example domains, numbers reserved for fiction, and published examples of personal numbers.
"""

from __future__ import annotations

import base64
import csv
import io
import re
import shutil
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pandas as pd
from openpyxl import load_workbook

NAME, OTHER = "Zebulon Quixley", "Ottoline Ferrabee"
TEXTS = {
    "mail": ("write to zeb.canary@canary.example", "zeb.canary@canary.example"),
    "mail in words": ("zeb.words (at) canary.example", "zeb.words"),
    "phone": ("ring +48 601 234 567 after five", "601234567"),
    "phone, national": ("numero 02 6933 4455", "69334455"),
    "address on the web": ("see https://www.canary.example/zeb/page", "canary.example/zeb"),
    "profile": ("at linkedin.com/in/zeb-canary", "in/zeb-canary"),
    "handle": ("ask @zebcanary about it", "zebcanary"),
    "bank account": ("pay GB82 WEST 1234 5698 7654 32", "GB82WEST"),
    "IT": ("codice RSSMRA85T10A562S", "RSSMRA85T10A562S"),
    "PL": ("pesel 44051401359", "44051401359"),
    "FI": ("hetu 131052-308T", "131052-308T"),
    "NL": ("bsn 111222333", "111222333"),
    "ES": ("dni 12345678Z", "12345678Z"),
    "FR": ("secu 2 55 08 14 168 025 38", "255081416802538"),
    "DE": ("steuer 86095742719", "86095742719"),
    "IPv4": ("from 203.0.113.77 today", "203.0.113.77"),
    "IPv6": ("from 2001:db8::ff00:42:8329 today", "2001:db8::ff00"),
    "coordinates": ("at 52.22977, 21.01178 in the yard", "52.22977"),
    "postal address": ("I live in Via Giuseppe Mazzinghi 77", "Mazzinghi"),
    "birth date": ("born on 29 February 1972", "29February1972"),
    "name": (f"as {NAME} told us", "Quixley"),
    "surname": ("like Ferrabee does", "Ferrabee"),
    "ORCID": ("orcid 0000-0002-1825-0097", "0000-0002-1825-0097"),
}
"""Kind -> text with an identifier, and what of it must not be found (without blanks, any case)."""

COLUMNS = {
    "first name": "Zebulon", "surname": "Quixley", "home phone": "+39 333 7654321", "date of birth": "1969-12-31",
    "IPAddress": "198.51.100.23", "LocationLatitude": "60.16981", "RecipientEmail": "zeb.column@canary.example",
    "ResponseId": "R_3CanaryZeb99xyz12", "what else": "unmapped words of zeb: cormorant-gazette",
}  # fmt: skip
COLUMN_NEEDLES = ("Zebulon", "3337654321", "1969-12-31", "198.51.100.23", "60.16981", "zeb.column", "CanaryZeb",
                  "cormorant-gazette")  # fmt: skip
HEADER, HEADER_NEEDLE = "remark for zeb.header@canary.example", "zeb.header"
SHEET, SHEET_NEEDLE = "zeb.sheet@canary.example", "zeb.sheet"
NEEDLES = {
    **{kind: needle for kind, (_, needle) in TEXTS.items()},
    **dict(zip([f"column {name}" for name in list(COLUMNS)[:1] + list(COLUMNS)[2:]], COLUMN_NEEDLES, strict=True)),
    "header": HEADER_NEEDLE, "sheet": SHEET_NEEDLE, "cell of a scale": "zeb.scale", "mapped word": "zeb.role",
    "person": "person.019@", "decided by": "zeb.board",
}  # fmt: skip

HOSTILE = (
    '"><script>alert(1)</script> <img src=x onerror=alert(2)> [a](javascript:alert(3)) ![b](file:///etc/hosts) '
    "{{7*7}} ${7*7} #import \\input{x} `c` $x_1$ *b* | ~~~ =1+1"
)
"""Markup of every language that a report goes through, and nothing that is an identifier."""

SMALL = {"MT": 1, "LU": 2, "IS": 3}
"""Countries and how many people say they come from there: small cells alone and with each role."""


def plant(folder: Path) -> None:
    """Plant identifiers and small groups into the raw files of a demonstration study in `folder`."""
    data = folder / "data"
    _workbook(data / "synthetic_register.xlsx")
    guide = data / "guide_review" / "synthetic_guide_review_FI.csv"
    rows = list(csv.reader(io.StringIO(guide.read_text(encoding="utf-8-sig")), delimiter=";"))
    head, comment = rows[0], rows[0].index("open comment")
    scale, body = head.index("S01_relevance"), [row for row in rows[1:] if row]
    head.append(HEADER)
    for number, row in enumerate(body):
        texts = [text for text, _ in TEXTS.values()][number :: len(body)]
        row[comment] = ". ".join([row[comment], *texts])
        row.append("fine")
    body[0][scale] = "zeb.scale@canary.example"
    _write(guide, [head, *body], ";", "utf-8-sig")
    for name, column, text in (
        ("triage/synthetic_decisions.csv", "decided_by", "zeb.board@canary.example"),
        ("triage/synthetic_decisions.csv", "reason", f"{NAME} said so, ring +48 601 234 567"),
        ("triage/synthetic_suggestions.csv", "text", "Ask zeb.canary@canary.example or Ferrabee."),
        ("triage/synthetic_changes.csv", "after", "See https://www.canary.example/zeb/page"),
    ):
        _change(data / name, column, text)
    quotes = data / "focus_groups" / "synthetic_quotes.csv"
    _change(quotes, "text", f"{NAME} (zeb.canary@canary.example, 131052-308T) would agree.", separator=";")
    _change(quotes, "text", HOSTILE, separator=";", row=2)
    framework = folder / "framework.yaml"
    words = framework.read_text(encoding="utf-8")
    first = re.search(r"- id: S02\n(?:.*\n)*?\s+en: (.*)\n", words)
    assert first is not None
    hostile = "'" + HOSTILE.replace("'", "''") + "'"
    framework.write_text(words[: first.start(1)] + hostile + words[first.end(1) :], encoding="utf-8")
    study = folder / "study.yaml"
    text = study.read_text(encoding="utf-8").replace("sheet: Register", "sheet: 2", 1)
    text = text.replace("free_text: [open comment]", f"free_text: [open comment, '{HEADER}']", 1)
    text = text.replace("labels: {BE: other, DE: other, ES: other, FR: other}", "labels: {BE: other}", 1)
    study.write_text(text + "\noutputs:\n  boot: 200\n", encoding="utf-8")


def _workbook(path: Path) -> None:
    book = load_workbook(path)
    sheet = book.worksheets[1]
    sheet.title = SHEET
    columns = {cell.value: cell.column for cell in sheet[1]}
    width = sheet.max_column
    for offset, name in enumerate(COLUMNS, 1):
        sheet.cell(1, width + offset, name)
        for row in range(2, sheet.max_row + 1):
            sheet.cell(row, width + offset, COLUMNS[name] if row < 5 else None)
    sheet.cell(6, width + 1, OTHER.split()[0])
    sheet.cell(6, width + 2, OTHER.split()[1])
    sheet.cell(7, columns["role"], "TTO officer, zeb.role@canary.example")
    asked = [row for row in range(10, sheet.max_row + 1) if "guide_review" in str(sheet.cell(row, 2).value)]
    for country, count in SMALL.items():
        for _ in range(count):
            sheet.cell(asked.pop(), columns["country"], country)
    book.save(path)


def _change(path: Path, column: str, text: str, *, separator: str = ",", row: int = 1) -> None:
    raw = path.read_bytes()
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig")), delimiter=separator))
    rows[row][rows[0].index(column)] = text
    _write(path, rows, separator, "utf-8-sig" if raw.startswith(b"\xef\xbb\xbf") else "utf-8")


def _write(path: Path, rows: list[list[str]], separator: str, encoding: str) -> None:
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator, lineterminator="\n").writerows(rows)
    path.write_bytes(stream.getvalue().encode(encoding))


# ------------------------------------------------------------------------- the search


def found_in(folder: Path, needles: dict[str, str]) -> list[str]:
    """Return 'kind: file, part' for every needle in any file below a folder."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        for part, text in parts_of(path.name, path.read_bytes()):
            plain = _plain(text)
            found += [
                f"{kind}: {path.relative_to(folder)}, {part}"
                for kind, needle in needles.items()
                if _plain(needle) in plain
            ]
    return found


def _plain(text: str) -> str:
    return re.sub(r"[\s\u00a0\u202f\u00ad\u200b]+", "", text).casefold()


def parts_of(name: str, content: bytes) -> Iterator[tuple[str, str]]:
    """Yield every readable text of a file: as it stands, unpacked, without markup, and of files inside it."""
    suffix = Path(name).suffix.lower()
    yield "name", name
    yield "bytes", content.decode("utf-8", "replace")
    if suffix in (".html", ".xml", ".rels", ".svg", ".md"):
        yield from _markup(content.decode("utf-8", "replace"))
    elif suffix == ".ipynb":
        for found in re.findall(r'"image/png": "([^"]+)"', content.decode("utf-8")):
            yield "picture", _png_texts(base64.b64decode(found.replace("\\n", "")))
    elif suffix == ".parquet":
        yield "table", pd.read_parquet(io.BytesIO(content)).to_csv()
    elif suffix == ".png":
        yield "picture", _png_texts(content)
    elif suffix == ".pdf":
        yield from _pdf(content)
    elif suffix in (".docx", ".xlsx", ".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.namelist():
                for part, text in parts_of(entry, archive.read(entry)):
                    yield f"{entry} {part}", text


def _markup(text: str) -> Iterator[tuple[str, str]]:
    yield "entities", unescape(text)
    yield "words", unescape(re.sub(r"<[^>]*>", "", text))
    for kind, data in re.findall(r"data:image/([a-z+]+);base64,([A-Za-z0-9+/=]+)", text):
        picture = base64.b64decode(data)
        yield f"picture {kind}", _png_texts(picture) if kind == "png" else picture.decode("utf-8", "replace")


def _png_texts(content: bytes) -> str:
    """Return the text chunks of a PNG picture, unpacked."""
    texts, place = [], 8
    while place + 8 <= len(content):
        length, kind = struct.unpack(">I4s", content[place : place + 8])
        body = content[place + 8 : place + 8 + length]
        if kind in (b"tEXt", b"iTXt", b"eXIf"):
            texts.append(body.decode("utf-8", "replace"))
        elif kind == b"zTXt":
            texts.append(zlib.decompress(body.split(b"\0", 1)[1][1:]).decode("latin-1"))
        place += 12 + length
    return "\n".join(texts)


def _pdf(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield the text of the pages, and all streams unpacked: metadata, attachments, alternative texts."""
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):
        try:
            unpacked = zlib.decompress(stream)
        except zlib.error:
            unpacked = stream
        yield "stream", unpacked.decode("utf-8", "replace")
        yield "stream, utf-16", unpacked.decode("utf-16-be", "replace")
    program = shutil.which("pdftotext")
    if program is not None:
        done = subprocess.run([program, "-", "-"], input=content, capture_output=True, check=False)
        yield "pages", done.stdout.decode("utf-8", "replace")
