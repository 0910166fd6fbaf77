"""The study file: which raw files there are, how their columns map to the canonical tables, and the plan."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, field_validator, model_validator

from .checklists import statement_names
from .core import StudyError
from .framework import Framework, Identifier, load_framework
from .lexicon import shipped_scales
from .resources import PACKAGE
from .yamlfile import Strict, load_model, sha256_of

Activity = Literal[
    "register", "guide_review", "tool_review", "workshop", "best_worst", "focus_groups", "quality_board",
    "assembly", "self_assessment", "triage",
]  # fmt: skip
Table = Literal[
    "people", "ratings", "responses", "codings", "codebook", "choices", "comments", "suggestions",
    "decisions", "changes", "item_versions",
]  # fmt: skip


Format = Literal[
    "auto", "csv", "tsv", "xlsx", "xls", "ods", "spss", "stata", "parquet",
    "refi_qda", "coded_segments", "marked_text", "code_list", "self_assessment",
    "limesurvey", "qualtrics", "google_forms", "microsoft_forms", "eusurvey", "redcap",
    "surveymonkey", "alchemer", "jisc", "odk",
]  # fmt: skip
"""What a source's `format` may say; a test holds it to the formats of the readers."""


DEFAULT_MISSING = ["n/a", "N/A", "NA", "-", "–", "."]
"""Texts that mean "no answer" unless a source says otherwise."""


class Cell(Strict):
    """Where a value comes from: a raw column, or one value for all rows; `labels` recodes texts."""

    column: str | None = None
    value: str | int | float | None = None
    labels: dict[str, str | int | float] = {}

    @model_validator(mode="after")
    def _one(self) -> Cell:
        if (self.column is None) == (self.value is None):
            raise ValueError("give either 'column' (a raw header) or 'value' (the same for all rows)")
        return self


class Reversal(Strict):
    """Answers that stand on the other end of the scale than the rest: turned round, and logged cell by cell.

    Parameters
    ----------
    targets : list of str
        Targets of the part; all when not given.
    column, texts : optional
        Only the rows with one of these texts in that raw column, for a rater or a version that read the scale
        upside down.
    reason : str
        How it is known; stands in the change log.
    """

    targets: list[str] = []
    column: str | None = None
    texts: list[str] = []
    reason: Annotated[str, Field(min_length=8)]

    @model_validator(mode="after")
    def _both(self) -> Reversal:
        if (self.column is None) != (not self.texts):
            raise ValueError("give 'column' and 'texts' together: which rows are turned round")
        return self


class Block(Strict):
    """One part of a raw file that fills one canonical table.

    With `columns` the part is wide: every matching raw column holds one value per person and becomes one row
    per person and target. `columns` is a pattern such as ``"{target}_relevance"``, where ``*`` stands for any
    text, or a mapping from raw header to target id. Without `columns` each raw row becomes one row of the
    table, filled from `fields`.

    Parameters
    ----------
    table : str
        Canonical table.
    columns : str or dict, optional
        Wide part: pattern with ``{target}``, or raw header -> target id.
    target_type : str, optional
        Kind of target: skill, module, item, or a free word for targets outside the framework.
    aspect : str, optional
        What is judged.
    round, occasion : int, optional
        Constant round or occasion of a wide part.
    scale : tuple of float or "framework", optional
        Allowed range; a value outside is set missing and logged.
    labels : dict or str, optional
        Label -> number, matched without regard to case, accents, blanks, typographic signs, HTML and a code
        beside it ("5 - Always", "Always (5)"). Or a word: ``framework`` (labels of the framework's scale, all
        languages), ``file`` (the raw file's own value labels), or a shipped scale such as ``agreement-5``
        (see [labels](labels.md)), which also gives `scale`. A label that starts with its number
        ("7 - Very important") needs no entry when `leading_number` is true.
    leading_number : bool
        Read the number a label starts with.
    whole : bool
        Only whole numbers are allowed.
    fields : dict
        Canonical column -> where it comes from.
    when : dict
        Raw column -> texts; only rows with one of these texts in that column belong to the part.
    reverse : list of Reversal
        Answers of a wide part that are turned round on its scale. For statements with which agreeing means less,
        use `key` in the framework instead.
    """

    table: Table
    columns: str | dict[str, str] | None = None
    target_type: str | None = None
    aspect: str | None = None
    round: int | None = None
    occasion: int | None = None
    scale: tuple[float, float] | Literal["framework"] | None = None
    labels: dict[str, float] | str = {}
    leading_number: bool = False
    whole: bool = True
    fields: dict[str, Cell] = {}
    when: dict[str, list[str]] = {}
    reverse: list[Reversal] = []

    @field_validator("labels")
    @classmethod
    def _known_labels(cls, value: dict[str, float] | str) -> dict[str, float] | str:
        if isinstance(value, str) and value not in ("framework", "file", *shipped_scales()):
            raise ValueError(f"needs label -> number, or one of: framework, file, {', '.join(shipped_scales())}")
        return value

    @model_validator(mode="after")
    def _wide_or_rows(self) -> Block:
        if isinstance(self.columns, str) and "{target}" not in self.columns:
            raise ValueError("a column pattern needs the word {target}, e.g. '{target}_relevance'")
        if self.columns is None and not self.fields:
            raise ValueError("give 'columns' (one column per target) or 'fields' (one row per raw row)")
        if self.columns is not None and self.table not in ("ratings", "responses", "comments"):
            raise ValueError(f"table {self.table!r} cannot be filled from one column per target; use 'fields'")
        if self.reverse and self.columns is None:
            raise ValueError("'reverse' needs a part with 'columns'")
        if self.table == "ratings" and self.columns is not None and not (self.target_type and self.aspect):
            raise ValueError("ratings need 'target_type' and 'aspect'")
        return self


class Exclude(Strict):
    """Rows an analyst sets aside by hand; the reason is printed."""

    column: str
    values: Annotated[list[str], Field(min_length=1)]
    reason: Annotated[str, Field(min_length=8)]


class Source(Strict):
    """One activity's raw files of one layout.

    Parameters
    ----------
    name : str
        Unique name, used in file names and result ids.
    activity : str
        Evidence stream the source feeds.
    files : list of str
        Paths or glob patterns below the study's `data_dir`.
    format : str
        ``auto``, or one of the readers' formats such as ``csv``, ``xlsx`` or ``limesurvey``.
    structure : str, optional
        Path below `data_dir` of a companion that describes the columns: a data dictionary, a survey's
        structure file, a form.
    sheet, header_row, encoding, separator, decimal : optional
        Overrides of what is detected; `header_row` counts from 1; a tab as separator is the word ``tab``.
    person : Cell, optional
        Identifies the participant; becomes a keyed pseudonym. Without it every row is a person of its own.
    language, answered_on, seconds : Cell, optional
        Language of the answers, date of the answer, time taken.
    date_formats : list of str
        Accepted formats in `strptime` notation, tried in this order. When not given, the format is decided from
        the whole column of each file; ``03/04/2024`` where no other cell decides the order is refused.
    opens, closes : str, optional
        ISO dates; earlier rows are taken for tests, later ones come too late: both are listed, not counted.
    test_answers : {"set_aside", "flag", "keep"}
        Rows that the survey platform marks as preview, test or spam.
    minimum_share : float
        Share of the questions of its wide parts that a row must answer; below it the row is partial.
    partial : {"keep", "set_aside"}
        Partial rows are kept and flagged, or set aside.
    double_submissions : {"flag", "set_aside"}
        Rows with all answers and the time of day of an earlier row.
    missing : list of str or "file"
        Texts that mean "no answer", besides empty cells; ``file`` adds to the default what the raw file
        declares for each column (user-missing values).
    missing_numbers : list of float
        Numbers such as 98 and 99 that mean "no answer"; inside a part's scale they stay answers.
    no_opinion : list of str or "shipped"
        Texts by which people decline to judge; ``shipped`` are those of nine languages (see
        [labels](labels.md)). A text that is a label of the scale is an answer.
    exclude : list of Exclude
        Rows set aside by hand.
    repeated : {"first", "last", "refuse", "keep"}
        What happens when one person stands in the source more than once; ``keep`` is for layouts with many
        rows per person. Repeats are set aside in quarantine, never dropped silently.
    free_text : list of str
        Raw columns that hold free text; kept apart with a review status.
    blocks : list of Block
        How the columns fill the canonical tables.
    """

    name: Identifier
    activity: Activity
    files: Annotated[list[str], Field(min_length=1)]
    format: Format = "auto"
    structure: str | None = None
    sheet: str | int | None = None
    header_row: Annotated[int, Field(ge=1)] | None = None
    encoding: str | None = None
    separator: str | None = None
    decimal: Literal[".", ","] | None = None
    person: Cell | None = None
    language: Cell | None = None
    answered_on: Cell | None = None
    seconds: Cell | None = None
    date_formats: list[str] = []
    opens: str | None = None
    closes: str | None = None
    test_answers: Literal["set_aside", "flag", "keep"] = "set_aside"
    minimum_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    partial: Literal["keep", "set_aside"] = "keep"
    double_submissions: Literal["flag", "set_aside"] = "flag"
    missing: list[str] | Literal["file"] = DEFAULT_MISSING
    missing_numbers: list[float] = []
    no_opinion: list[str] | Literal["shipped"] = "shipped"
    exclude: list[Exclude] = []
    repeated: Literal["first", "last", "refuse", "keep"] = "first"
    free_text: list[str] = []
    blocks: Annotated[list[Block], Field(min_length=1)]

    @field_validator("separator", mode="before")
    @classmethod
    def _one_sign(cls, value: object) -> object:
        if value == "\t":
            return "tab"
        if isinstance(value, str) and value != "tab" and len(value) != 1:
            raise ValueError("needs one sign such as , ; or |, or the word tab")
        return value

    @property
    def missing_texts(self) -> list[str]:
        """Texts that mean "no answer" in every column."""
        return DEFAULT_MISSING if self.missing == "file" else self.missing

    @field_validator("opens", "closes")
    @classmethod
    def _iso(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            raise ValueError("needs a date such as 2024-11-20")
        return value


class Keep(Strict):
    """A raw column whose direct identifiers are stored in clear; the reason is printed in the audit annex."""

    column: str
    source: str | None = None
    reason: Annotated[str, Field(min_length=8)]


class Privacy(Strict):
    """What protects the people in the data."""

    minimum_cell: Annotated[int, Field(ge=2)] = 5
    pseudonym_key_env: str = "KTSS_PSEUDONYM_KEY"
    pseudonym_key: str | None = None
    keep: list[Keep] = []
    review: str | None = None


class Funding(Strict):
    """Funding line and disclaimer that every public output carries; ``funding: none`` when nobody has to be named.

    Parameters
    ----------
    statement : str
        The funding line in the words of the grant agreement, such as "Co-funded by the European Union".
    disclaimer : str
        Who answers for the content, in the words of the grant agreement.
    emblem : {"none", "eu"}
        ``eu`` puts the emblem of the European Union beside the funding line of everything made for dissemination.
    none : bool
        True for ``funding: none``.
    """

    statement: str = ""
    disclaimer: str = ""
    emblem: Literal["none", "eu"] = "none"
    none: bool = False

    @model_validator(mode="after")
    def _whole(self) -> Funding:
        if self.none and (self.statement or self.disclaimer or self.emblem != "none"):
            raise ValueError("says that there is no funding to name, and names some; leave one of the two out")
        if self.emblem == "eu" and not (self.statement and self.disclaimer):
            raise ValueError(
                "the emblem stands beside a funding line and a disclaimer; give 'statement' and 'disclaimer'"
            )
        return self

    @property
    def is_declared(self) -> bool:
        """Whether the study says who paid, or that nobody has to be named."""
        return self.none or bool(self.statement)


REFERENCE_LANGUAGE = "en"
"""The language of the report that prevails over its translations."""


def report_languages() -> list[str]:
    """Return the languages in which the report can be printed: those with a catalogue of sentences."""
    return sorted(path.stem for path in (PACKAGE / "display" / "locales").glob("*.po"))


def check_catalogues(languages: Iterable[str]) -> None:
    """Refuse a language in which the report cannot be printed."""
    known = report_languages()
    unknown = [language for language in languages if language not in known]
    if unknown:
        raise ValueError(f"there is no catalogue of texts for {unknown[0]!r}; allowed: {', '.join(known)}")


class Outputs(Strict):
    """What the run renders."""

    formats: list[Literal["html", "pdf", "docx"]] = ["html", "pdf", "docx"]
    languages: Annotated[list[str], Field(min_length=1)] = [REFERENCE_LANGUAGE]
    boot: Annotated[int, Field(ge=200)] = 2000
    dissemination: bool = True

    @field_validator("languages")
    @classmethod
    def _with_catalogue(cls, value: list[str]) -> list[str]:
        check_catalogues(value)
        twice = sorted({language for language in value if value.count(language) > 1})
        if twice:
            raise ValueError(f"language {twice[0]!r} stands there twice")
        if REFERENCE_LANGUAGE not in value:
            raise ValueError(f"{REFERENCE_LANGUAGE!r} is missing: the English text prevails over a translation")
        return value

    @property
    def translations(self) -> list[str]:
        """The languages of the report besides English."""
        return [language for language in self.languages if language != REFERENCE_LANGUAGE]


class StudyTexts(Strict):
    """Texts of the study in one more language; one that is empty is printed as the study file has it."""

    title: str = ""
    subtitle: str = ""
    subject: str = ""
    population: str = ""
    statement: str = ""
    disclaimer: str = ""


StudyText = Literal["title", "subtitle", "subject", "population", "statement", "disclaimer"]


class PlannedGroup(Strict):
    """People planned for an activity, or for a group of it, and why it came otherwise.

    Parameters
    ----------
    activity : str
        Activity.
    country, role, language : str, optional
        The group, by one of these as it stands in the register; the whole activity when none is given.
    people : int
        People planned.
    reason : str
        Why more or fewer took part; printed beside the numbers.
    """

    activity: Activity
    country: str | None = None
    role: str | None = None
    language: str | None = None
    people: Annotated[int, Field(ge=0)]
    reason: str = ""

    @model_validator(mode="after")
    def _one_group(self) -> PlannedGroup:
        if sum(value is not None for value in (self.country, self.role, self.language)) > 1:
            raise ValueError("name the group by one of country, role and language")
        return self

    @property
    def group(self) -> tuple[str, str]:
        """By what the group is named, and its name; two empty texts for a whole activity."""
        named = [(name, getattr(self, name)) for name in ("country", "role", "language")]
        return next(((name, str(value)) for name, value in named if value is not None), ("", ""))


class Study(Strict):
    """A study: sources, plan, framework and rules."""

    id: Identifier
    title: str
    subtitle: str = ""
    synthetic: bool = False
    authors: list[str] = []
    date: str = ""
    licence: str = "CC BY 4.0"
    doi: str = ""
    contact: str = ""
    framework: str
    rules: str
    data_dir: str = "."
    languages: list[str] = ["en"]
    seed: int = 20240101
    plan: dict[str, Annotated[int, Field(ge=0)]] = {}
    planned: list[PlannedGroup] = []
    scope: dict[str, str] = {}
    statements: dict[str, Annotated[str, Field(min_length=8)]] = {}
    texts: dict[str, StudyTexts] = {}
    privacy: Privacy = Privacy()
    funding: Funding = Funding()
    outputs: Outputs = Outputs()
    sources: list[Source] = []

    _path: Path = PrivateAttr(default=Path())

    @field_validator("statements")
    @classmethod
    def _asked_for(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if name not in (known := statement_names()):
                near = get_close_matches(name, known, n=3, cutoff=0.6)
                raise ValueError(f"no checklist asks for {name!r}; {'nearest' if near else 'known'}: "
                                 f"{', '.join(near or known)}")  # fmt: skip
        return value

    @field_validator("texts")
    @classmethod
    def _in_known_languages(cls, value: dict[str, StudyTexts]) -> dict[str, StudyTexts]:
        check_catalogues(value)
        return value

    @field_validator("funding", mode="before")
    @classmethod
    def _no_funding(cls, value: object) -> object:
        return {"none": True} if value == "none" else value

    @model_validator(mode="after")
    def _check(self) -> Study:
        if self.synthetic and self.funding.emblem != "none":
            raise ValueError("funding.emblem: a study with invented data was funded by nobody; leave the emblem out")
        names = [source.name for source in self.sources]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"source name {twice[0]!r} stands there twice")
        if self.privacy.pseudonym_key is not None and not self.synthetic:
            raise ValueError(
                "privacy.pseudonym_key is only for synthetic data; put the key into the environment variable "
                f"{self.privacy.pseudonym_key_env}"
            )
        self._check_kept(names)
        self._check_planned()
        return self

    def text_in(self, name: StudyText, language: str) -> tuple[str, str]:
        """Return a text of the study in a language, else in the study's first one, and which language that is."""
        own = self.texts.get(language)
        if own is not None and getattr(own, name):
            return str(getattr(own, name)), language
        funding = {"statement": self.funding.statement, "disclaimer": self.funding.disclaimer}
        texts = {"title": self.title, "subtitle": self.subtitle, **funding}
        return texts.get(name, self.scope.get(name, "")), self.languages[0] if self.languages else ""

    def _check_planned(self) -> None:
        seen: set[tuple[str, str, str]] = set()
        for number, entry in enumerate(self.planned):
            key = (entry.activity, *entry.group)
            if key in seen:
                raise ValueError(f"planned[{number}]: {' '.join(filter(None, key))} stands there twice")
            seen.add(key)
            whole = self.plan.get(entry.activity)
            if not entry.group[0] and whole is not None and whole != entry.people:
                raise ValueError(
                    f"planned[{number}]: {entry.people} people for {entry.activity}, but 'plan' says {whole}; "
                    "state the number once, or twice the same"
                )

    def _check_kept(self, names: list[str]) -> None:
        for keep in self.privacy.keep:
            if keep.source is not None and keep.source not in names:
                raise ValueError(f"privacy.keep: there is no source {keep.source!r}")
            for source in self.sources:
                column = None if source.person is None else source.person.column
                if column == keep.column and keep.source in (None, source.name):
                    raise ValueError(
                        f"privacy.keep: column {keep.column!r} identifies the person in source {source.name!r}; "
                        "it always becomes a pseudonym"
                    )

    @property
    def path(self) -> Path:
        """The study file."""
        return self._path

    @property
    def folder(self) -> Path:
        """Folder that the study file's relative paths start from."""
        return self._path.parent

    @property
    def rules_path(self) -> Path:
        """The decision rules file."""
        return (self.folder / self.rules).resolve()

    @property
    def framework_path(self) -> Path:
        """The framework file."""
        return (self.folder / self.framework).resolve()

    @cached_property
    def instrument(self) -> Framework:
        """The framework, read once."""
        return load_framework(self.framework_path)

    def require_funding(self) -> None:
        """Refuse to make texts and pictures for the public that do not say who paid.

        Raises
        ------
        StudyError
            When `outputs.dissemination` is on, and the study neither gives a funding line nor says ``funding: none``.
        """
        if self.outputs.dissemination and not self.funding.is_declared:
            raise StudyError(
                f"{self._path}, funding: nothing is said, and a run makes texts and pictures for the public that must "
                "say who paid; give 'funding: {statement: ..., disclaimer: ...}' in the words of the grant agreement, "
                "or 'funding: none', or make none with 'outputs: {dissemination: false}'"
            )

    def of(self, *activities: str) -> list[Source]:
        """Return the sources that feed one of `activities`."""
        return [source for source in self.sources if source.activity in activities]

    def files(self, source: Source) -> list[Path]:
        """Return the raw files of a source, sorted by name.

        Raises
        ------
        StudyError
            When a path or pattern matches no file.
        """
        base = (self.folder / self.data_dir).resolve()
        found: list[Path] = []
        for pattern in source.files:
            matches = sorted(base.glob(pattern)) if any(c in pattern for c in "*?[") else [base / pattern]
            matches = [path for path in matches if path.is_file()]
            if not matches:
                near = get_close_matches(pattern, _files_below(base), n=3, cutoff=0.6)
                advice = f"; nearest: {', '.join(near)}" if near else "; correct 'files', or 'data_dir'"
                raise StudyError(f"{self._path}, source {source.name!r}: no file {pattern!r} in {base}{advice}")
            found += [path for path in matches if path not in found]
        return found

    def structure(self, source: Source) -> Path | None:
        """Return the companion file of a source, if it names one.

        Raises
        ------
        StudyError
            When there is no such file.
        """
        if source.structure is None:
            return None
        path = (self.folder / self.data_dir / source.structure).resolve()
        if not path.is_file():
            raise StudyError(f"{self._path}, source {source.name!r}: no structure file {source.structure!r}")
        return path

    @property
    def review_path(self) -> Path | None:
        """The file in which somebody decided which free texts may be printed, if the study names one.

        Raises
        ------
        StudyError
            When there is no such file.
        """
        if self.privacy.review is None:
            return None
        path = (self.folder / self.privacy.review).resolve()
        if not path.is_file():
            raise StudyError(
                f"{self._path}, privacy.review: no file {self.privacy.review!r}; a run writes one as "
                "private/free_text_review.csv, to be filled in and kept beside the study file"
            )
        return path

    def fingerprint(self) -> dict[str, str]:
        """Return the SHA-256 of the study, framework and rules files."""
        return {
            "study": sha256_of(self._path),
            "framework": sha256_of(self.framework_path),
            "rules": sha256_of(self.rules_path),
        }


def _files_below(base: Path, most: int = 2000) -> list[str]:
    """Return the paths of the files below a folder, for advice; folders that begin with a point are left out."""
    found = (path.relative_to(base) for path in base.rglob("*") if path.is_file()) if base.is_dir() else iter(())
    shown = (path.as_posix() for path in found if not any(part.startswith(".") for part in path.parts))
    return sorted(islice(shown, most))


def load_study(path: str | Path) -> Study:
    """Read and check a study file; its framework is read on first use.

    Raises
    ------
    StudyError
        With one line per fault: file, line, path in the file, what is wrong.
    """
    location = Path(path).resolve()
    study = load_model(Study, location)
    study._path = location
    return study
