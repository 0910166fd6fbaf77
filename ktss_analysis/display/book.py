"""A report in the making: published numbers, texts and names, and the record of every number printed.

A notebook opens a `Book` and calls three things on it: `say`, `show_table` and `show_figure`. A book reads
published results only; what is masked there cannot be printed, drawn or put into an alternative text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ..core import KtssError
from ..framework import Framework
from ..glossary import CLAIM_COLUMNS
from ..rules import Rules, by_id
from ..study import REFERENCE_LANGUAGE, Study, StudyText
from .catalogue import Catalogue
from .exhibits import Exhibit, Kind, make_exhibit
from .numbers import NO_BREAK_SPACE, format_count, format_day, format_interval, format_value
from .registry import CHARTS, SENTENCES, TABLES
from .text_safety import safe_text

KIND_OF_UNIT = {
    "share": "share", "share of turns": "share", "share of codes": "share", "coefficient": "coefficient",
    "correlation": "correlation", "points": "points", "minutes": "points", "years": "points", "days": "points",
    "score": "coefficient",
    "chi-square": "number", "probability": "p", "share of pairs": "share",
    "share of resamples": "share",
}  # fmt: skip
"""How a number is printed follows from its unit; every unit that is not listed is a count."""


KIND_OF_STATISTIC = {"best_worst_score": "coefficient"} | dict.fromkeys(
    ("standard_error_of_measurement", "smallest_detectable_change_one_occasion", "retest_error",
     "retest_smallest_detectable_change", "retest_bias", "retest_lower_limit", "retest_upper_limit"), "number",
)  # fmt: skip
"""Statistics whose decimals do not follow from their unit."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One number as it was printed, and the result it comes from."""

    chapter: str
    text: str
    result_id: str
    field: str


@dataclass
class Book:
    """Published results with everything needed to print them.

    Parameters
    ----------
    rows : pandas.DataFrame
        Published result rows (``public/results.csv``).
    study, framework, rules
        The files behind them.
    language : str
        Language of the report.
    facts : dict
        Texts about the run that may be printed: hashes, versions.
    """

    rows: pd.DataFrame
    study: Study
    rules: Rules
    language: str = "en"
    facts: dict[str, str] = field(default_factory=dict)
    chapter: str = ""
    claims: list[Claim] = field(default_factory=list)
    exhibits: list[Exhibit] = field(default_factory=list)
    absences: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.catalogue = Catalogue(self.language)
        self.rows = self._reasons_in_words(self.rows)
        self._by_id = by_id(self.rows)
        self._used: dict[str, None] = {}
        self._places = {
            target: place
            for kind in ("skill", "module", "item")
            for place, target in enumerate(self.framework.target_ids(kind))
        }
        self._first_claim = 0
        self._groups = dict(list(self.rows.groupby(["stream", "statistic"], sort=False)))

    @property
    def framework(self) -> Framework:
        """The framework of the study."""
        return self.study.instrument

    def _reasons_in_words(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return rows of which those without a number give their reason in the report's language, in short.

        Published reasons are English sentences; a chart prints them beside what it does not show.
        """
        hidden = ~rows["status"].isin(["ok"])
        if self.language == REFERENCE_LANGUAGE or not hidden.any():
            return rows
        words = {status: self.text(f"cell.{status}") for status in rows.loc[hidden, "status"].unique()}
        return rows.assign(reason=rows["reason"].where(~hidden, rows["status"].map(words)))

    # ------------------------------------------------------------------ numbers

    def find(self, result_id: str) -> dict[str, Any] | None:
        """Return a published row, or None when it was not collected."""
        row = self._by_id.get(result_id)
        if row is not None:
            self._used[result_id] = None
        return row

    def row(self, result_id: str) -> dict[str, Any]:
        """Return a published row.

        Raises
        ------
        KtssError
            When there is no such row: a text may not speak of it.
        """
        row = self.find(result_id)
        if row is None:
            raise KtssError(f"a text asks for result {result_id!r}, which was not published")
        return row

    def select(self, stream: str, statistic: str, **wanted: str) -> pd.DataFrame:
        """Return the published rows of one statistic, in framework order where targets are in the framework."""
        rows = self._groups.get((stream, statistic))
        if rows is None:
            return self.rows.iloc[:0]
        for column, value in wanted.items():
            rows = rows[rows[column] == value]
        if len(rows) < 2:
            return rows
        last = len(self._places)
        places = [self._places.get(target, last) for target in rows["target_id"]]
        return rows.iloc[sorted(range(len(rows)), key=places.__getitem__)]

    def number(self, row: dict[str, Any], column: str = "estimate", *, kind: str | None = None) -> str:
        """Return one number of a published row as text, and record that it was printed.

        Raises
        ------
        KtssError
            When the row has no number (masked, too few, undefined): the caller must say so instead.
        """
        value = row[column]
        if row["status"] != "ok" and column in ("estimate", "ci_low", "ci_high"):
            raise KtssError(f"result {row['result_id']!r} is {row['status']}: it has no number to print")
        if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
            raise KtssError(f"result {row['result_id']!r} has no {column}")
        if kind is None:
            counts = column in ("n_used", "n_missing")
            kind = "share" if column == "ci_level" else "count" if counts else self.kind(row)
        text = format_value(float(value), kind, self.language)
        self.claim(text, row["result_id"], column)
        return text

    @staticmethod
    def kind(row: dict[str, Any]) -> str:
        """Return how a row's number is printed: share, coefficient, points or count."""
        return KIND_OF_STATISTIC.get(str(row["statistic"]), KIND_OF_UNIT.get(str(row["unit"]), "count"))

    def interval(self, row: dict[str, Any]) -> str:
        """Return the interval of a published row as text, e.g. ``70–92 %``."""
        if pd.isna(row["ci_low"]) or pd.isna(row["ci_high"]):
            return self.text("interval.none")
        for column in ("ci_low", "ci_high"):
            self.number(row, column)
        return format_interval(row["ci_low"], row["ci_high"], self.kind(row), locale=self.language)

    def span(self, row: dict[str, Any]) -> str:
        """Return the interval of a published row for a sentence: ``70–92 %`` or ``.13 to .26``."""
        if self.kind(row) == "share" or pd.isna(row["ci_low"]) or pd.isna(row["ci_high"]):
            return self.interval(row)
        low, high = self.number(row, "ci_low"), self.number(row, "ci_high")
        return self.text("interval.span", low=low, high=high)

    def claim(self, text: str, result_id: str, column: str = "estimate") -> str:
        """Record that `text` was printed from a result, and return it."""
        self.claims.append(Claim(self.chapter, text, result_id, column))
        self._used[result_id] = None
        return text

    def count(self, value: int, result_id: str) -> str:
        """Return a count derived from published rows as text, recorded under `result_id`."""
        return self.claim(format_count(value, locale=self.language), result_id, "count")

    def cell(self, row: dict[str, Any] | None, *, with_interval: bool = True) -> str:
        """Return what a table cell shows for a row: number and interval, or why there is none."""
        if row is None:
            return self.text("cell.not_collected")
        self._used[str(row["result_id"])] = None
        if row["status"] != "ok":
            return self.text(f"cell.{row['status']}")
        if self.only_counts(row):
            return self.hits(row)
        text = self.number(row)
        if with_interval and not (pd.isna(row["ci_low"]) or pd.isna(row["ci_high"])):
            limits = self.interval(row)
            whole = f"{text} [{limits}]" if self.kind(row) == "share" else f"{text} {limits}"
            return whole.replace(" ", NO_BREAK_SPACE)
        return text

    def only_counts(self, row: dict[str, Any]) -> bool:
        """Tell whether a share rests on so few answers that only counts may be printed."""
        if self.kind(row) != "share" or row["status"] != "ok" or pd.isna(row["n_used"]):
            return False
        return self.rules.printing_for(int(row["n_used"])).print_ == "counts"

    def judged(self, row: dict[str, Any]) -> bool:
        """Tell whether a share rests on enough answers for a verdict in words."""
        return row["status"] == "ok" and self.rules.printing_for(int(row["n_used"])).print_ == "percentages"

    def hits(self, row: dict[str, Any]) -> str:
        """Return a share as a count: ``7 / 9``."""
        count = self.count(round(float(row["estimate"]) * int(row["n_used"])), row["result_id"])
        return f"{count} / {self.number(row, 'n_used')}"

    def drawable(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return rows for a chart; shares that may only be printed as counts become hollow and say their count."""
        small = [self.only_counts(row) for row in rows.to_dict("records")]
        if not any(small):
            return rows
        changed = rows.copy()
        changed.loc[small, "reason"] = [
            self.text("cell.only_counts", counts=self.hits(row)) for row in rows[small].to_dict("records")
        ]
        changed.loc[small, "status"] = "too_few"
        changed.loc[small, ["estimate", "ci_low", "ci_high"]] = float("nan")
        return changed

    # ------------------------------------------------------------------ texts

    def absent(self, activity: str) -> str:
        """Return that an activity was not collected; once per chapter."""
        if (self.chapter, activity) in self.absences:
            return ""
        self.absences.add((self.chapter, activity))
        return self.text("stream.not_collected", stream=self.text(f"activity.{activity}"))

    def text(self, key: str, *, count: int | None = None, **slots: str) -> str:
        """Return a sentence of the catalogue with its slots filled."""
        return self.catalogue.text(key, count=count, **slots)

    def name(self, target_id: str, target_type: str = "skill") -> str:
        """Return the name of a skill, module or item in the report's language."""
        return self.framework.name(target_type, target_id, self.language)

    def safe_name(self, target_id: str, target_type: str = "skill") -> str:
        """Return a name as Markdown: markup in it is printed as text, another language than the report's is marked."""
        name = safe_text(self.name(target_id, target_type))
        return self.marked(name, self.framework.language_of(target_type, target_id, self.language))

    def cell_name(self, target_id: str, target_type: str = "skill", *, prefix: str = "") -> str:
        """Return a name for a cell of `emit_table`, which escapes it; `prefix` stands before it."""
        name = prefix + self.name(target_id, target_type)
        return self.marked(name, self.framework.language_of(target_type, target_id, self.language))

    def marked(self, text: str, language: str) -> str:
        """Return a text with its language, as a span of Markdown, when that is not the report's."""
        return f"[{text}]{{lang={language}}}" if text and language and language != self.language else text

    def of_study(self, name: StudyText) -> str:
        """Return a text of the study as Markdown, in the report's language or marked as being in another one."""
        text, language = self.study.text_in(name, self.language)
        return self.marked(text, language)

    def study_text(self, text: str) -> str:
        """Return a text of the study team: the study file, code names, the register of changes.

        They are written in the first language of the study.
        """
        return self.marked(text, self.study.languages[0] if self.study.languages else "")

    def quoted(self, text: str) -> str:
        """Return a text between the quotation marks of the report's language."""
        return self.text("list.quoted", text=text)

    def day(self, text: str) -> str:
        """Return a date such as ``2026-05-04`` as the report's language writes it."""
        return format_day(text, self.language)

    def names(self, target_ids: Iterable[str]) -> str:
        """Return skill names joined for a sentence; markup in a name is printed as text."""
        return self.joined([self.quoted(self.safe_name(target)) for target in target_ids])

    def joined(self, found: list[str]) -> str:
        """Return texts joined for a sentence: a, b and c."""
        if len(found) < 2:
            return "".join(found)
        return self.text("list.and", first=", ".join(found[:-1]), last=found[-1])

    def verdict(self, skill_id: str) -> str:
        """Return the verdict on a skill as its key (keep, revise, ...)."""
        return str(self.row(f"decisions.verdict.{skill_id}")["label"])

    def grade(self, skill_id: str, stream: str) -> tuple[str, str]:
        """Return a skill's grade in a stream as ``+ 0 - ?`` and the reason's key."""
        row = self.row(f"decisions.grade.{stream}.{skill_id}")
        signs = {"supported": "+", "undecided": "0", "not_supported": "-", "not_evaluable": "?"}
        return signs[str(row["label"])], str(row["reason"])

    def collected(self, stream: str) -> bool:
        """Tell whether an evidence stream published anything."""
        return any(key[0] == stream for key in self._groups)

    # ------------------------------------------------------------------ what notebooks call

    def open_chapter(self, key: str, level: int = 1) -> None:
        """Start a chapter: print its heading and file the numbers that follow under it."""
        from .emit import emit_markdown, hold

        hold("")
        self.chapter = key
        alone = " {.own-page}" if key == "one_page" else ""
        emit_markdown(f"{'#' * level} {self.text(f'chapter.{key}')}{alone}")

    def open_section(self, key: str) -> None:
        """Start a section of the chapter; its heading is printed with what follows, and not when nothing does."""
        from .emit import hold

        hold(f"## {self.text(f'section.{key}')}")

    def say(self, key: str, **options: Any) -> None:
        """Print the sentences registered under `key`, or the catalogue entry of that name."""
        from .emit import emit_markdown

        speaker = SENTENCES.get(key)
        if speaker is None and not self._concerns_something(key):
            return
        text = speaker(self, **options) if speaker else self.text(key, **options)
        if text:
            emit_markdown(text)

    def _concerns_something(self, key: str) -> bool:
        """Tell whether a fixed sentence of a stream has anything to stand beside: its stream was collected."""
        prefix = key.split(".")[0]
        if prefix == "votes":
            sizes = [self.find(f"{activity}.panel_size.all") for activity in ("quality_board", "assembly")]
            return any(row is not None and row["status"] == "ok" for row in sizes)
        return self.collected(prefix) or (f"activity.{prefix}" not in self.catalogue and prefix != "ranking")

    def show_table(self, name: str, **options: Any) -> None:
        """Print a registered table; when its stream was not collected, say so instead."""
        self._begin_exhibit()
        _known(TABLES, name, "table")(self, **options)

    def show_figure(self, name: str, **options: Any) -> None:
        """Draw a registered figure; when its stream was not collected, say so instead."""
        self._begin_exhibit()
        _known(CHARTS, name, "figure")(self, **options)

    def _begin_exhibit(self) -> None:
        self._used.clear()
        self._first_claim = len(self.claims)

    def claims_of_exhibit(self) -> list[Claim]:
        """Return the numbers printed since the table or figure in the making began."""
        return self.claims[self._first_claim :]

    def uses(self, rows: pd.DataFrame) -> list[dict[str, Any]]:
        """Return rows one by one, their results recorded as used though what is printed may be no number."""
        self._used |= dict.fromkeys(map(str, rows["result_id"]))
        return rows.to_dict("records")

    def exhibit(self, kind: Kind, label: str, caption: str, frame: pd.DataFrame) -> None:
        """File a table or figure that was just printed, with the published results looked at for it."""
        known = [name for name in self._used if name in self._by_id]
        self.exhibits.append(make_exhibit(self.exhibits, kind, label, caption, frame, known))
        self._used.clear()

    def claims_frame(self) -> pd.DataFrame:
        """Return every number printed so far with chapter, result, and the row of results it stands in, if any."""
        return pd.DataFrame(
            [(c.chapter, c.text, c.result_id, c.field, c.result_id if c.result_id in self._by_id else "")
             for c in self.claims],
            columns=list(CLAIM_COLUMNS),
        )  # fmt: skip


def _known(registry: dict[str, Callable[..., None]], name: str, what: str) -> Callable[..., None]:
    if name not in registry:
        raise KtssError(f"no {what} {name!r}; there are: {', '.join(sorted(registry))}")
    return registry[name]
