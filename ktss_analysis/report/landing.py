"""``index.html`` of the public folder: the way to the report in each language, its annexes, the tool and the data."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Final

from babel import Locale

from ..display.catalogue import Catalogue
from ..display.numbers import format_day
from ..study import REFERENCE_LANGUAGE, Study
from .labels import STAMP, banner

HERE: Final = Path(__file__).parent
TYPES: Final = {"html": "text/html", "pdf": "application/pdf",
                "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document"}  # fmt: skip
ANNEXES: Final = {
    "quality_board": "quality-board", "technical_annex": "technical-annex", "audit_annex": "audit-annex",
}  # fmt: skip
DATA: Final = {
    "results": "results.csv", "workbook": "results.xlsx", "claims": "claims.csv", "tables": "tables/index.csv",
    "glossary": "glossary.csv", "package": "datapackage.json",
}  # fmt: skip


def landing_page(study: Study, *, with_tool: bool) -> str:
    """Return the page as HTML, in English as the annexes and the data are; it asks for nothing from outside.

    Parameters
    ----------
    study : Study
        Its title, languages and formats; all of these files are in the public folder after a complete run.
    with_tool : bool
        Whether the run makes the self-assessment.
    """
    catalogue = Catalogue(REFERENCE_LANGUAGE)
    style = (HERE / "styles.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    title, subtitle = (study.text_in(name, REFERENCE_LANGUAGE)[0] for name in ("title", "subtitle"))
    return _template().render(
        t=catalogue.text, title=title, subtitle=subtitle, authors=", ".join(study.authors), licence=study.licence,
        date=format_day(study.date), stamp=STAMP if study.synthetic else "", banner=banner(REFERENCE_LANGUAGE),
        style=_trusted(style), policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'",
        reports=[_report(study, tag) for tag in study.outputs.languages],
        annexes=[
            {"title": catalogue.text(f"document.{kind}.title", title=title), "files": _files(stem, study)}
            for kind, stem in ANNEXES.items()
        ],
        tool="self-assessment/index.html" if with_tool else "",
        kit="dissemination/index.html" if study.outputs.dissemination else "",
        data=[{"file": file, "what": catalogue.text(f"landing.data.{key}")} for key, file in DATA.items()],
    )  # fmt: skip


def _report(study: Study, tag: str) -> dict[str, Any]:
    """Return one language of the report: its name in itself, its title, its files."""
    stem = "report" if tag == REFERENCE_LANGUAGE else f"report.{tag}"
    title, language = study.text_in("title", tag)
    return {
        "tag": tag, "name": str(Locale.parse(tag).get_display_name()), "title": title, "language": language,
        "draft": tag != REFERENCE_LANGUAGE, "files": _files(stem, study),
    }  # fmt: skip


def _files(stem: str, study: Study) -> list[dict[str, str]]:
    return [{"file": f"{stem}.{name}", "name": name.upper(), "type": TYPES[name]} for name in study.outputs.formats]


def _trusted(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)


@cache
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        keep_trailing_newline=True,
    )  # fmt: skip
    return environment.get_template("landing.html.j2")
