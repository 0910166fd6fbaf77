"""Write the reference pages from the code: study-file.md, labels.md, glossary.md and statistics.md.

    python docs/make_reference.py            # writes the pages
    python docs/make_reference.py --check    # exit code 1 when a page is not up to date

A test runs the check, so the pages cannot fall behind the code.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ktss_analysis import framework, rules, study
from ktss_analysis.checklists import checklists, statement_names
from ktss_analysis.glossary import COLUMNS, RESULT_COLUMNS
from ktss_analysis.intake.catalogue import RULES
from ktss_analysis.intake.schemas import KEYS, RECORDS, TABLES, VOCABULARY
from ktss_analysis.lexicon import no_opinion_texts, shipped_scales
from ktss_analysis.psychometrics import STATISTICS

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS))

import method_pages  # noqa: E402  (lies beside this file)

NOTE = "<!-- Written by docs/make_reference.py from the code. Change the code, not this page. -->"

STUDY_MODELS = (study.Study, study.Source, study.Block, study.Reversal, study.Cell, study.Exclude, study.PlannedGroup,
                study.Privacy, study.Keep, study.Funding, study.StudyTexts, study.Outputs)  # fmt: skip
FRAMEWORK_MODELS = (framework.Framework, framework.Scale, framework.Skill, framework.Esco, framework.Module,
                    framework.Item)  # fmt: skip
RULES_MODELS = (rules.Rules, rules.Threshold, rules.Gate, rules.Printing, rules.StreamRule, rules.VerdictRule)
MODELS = (*STUDY_MODELS, *FRAMEWORK_MODELS, *RULES_MODELS)

# Meanings of keys about which their model's docstring says nothing, or the same for several keys.
MEANINGS = {
    "Study.id": "identity of the study; names the folder of its runs",
    "Study.title": "title of the report",
    "Study.subtitle": "second line of the title",
    "Study.synthetic": "`true` marks every page and figure SYNTHETIC",
    "Study.authors": "authors of the report",
    "Study.date": "date that the report carries; without it the report has none, so that a rerun gives the same bytes",
    "Study.licence": "licence of the report",
    "Study.doi": "DOI of the report, for its citation",
    "Study.contact": "Whom people write to when something keeps them from using the self-assessment (an address of an "
    "office, not of a person); printed in its accessibility statement",
    "Study.framework": "path of the framework file, from the study file's folder",
    "Study.rules": "path of the rules file, from the study file's folder",
    "Study.data_dir": "folder that the paths of the sources start in, from the study file's folder",
    "Study.languages": "languages of the study, BCP 47 tags",
    "Study.seed": "seed of everything that is drawn at random",
    "Study.plan": "activity -> number of people planned; shown beside the number achieved",
    "Study.planned": "people planned for activities and groups of them, with the reason where it came otherwise",
    "Study.scope": "words that the report fills in: `subject` (what the study is about), `population` (who was asked)",
    "Study.statements": "what only the authors can say, for the checklists of the audit annex; "
    "see [Statements](#statements)",
    "Study.texts": "language of the report -> title, funding line and other texts in it",
    "Study.privacy": "what protects the people in the data",
    "Study.funding": (
        "funding line and disclaimer, on the cover and on everything that is made to be shared; `none` when nobody "
        "paid who must be named"
    ),
    "Study.outputs": "what the run renders",
    "Study.sources": "the raw files; any activity may be missing",
    "Source.sheet": "sheet of a workbook, by name or number; else the only one, or the first that holds a table",
    "Source.header_row": "row that holds the headers, counted from 1; else it is detected",
    "Source.encoding": "encoding of a text file; else it is detected",
    "Source.separator": "one sign such as `;`, or the word `tab`; else it is detected",
    "Source.decimal": "decimal sign of numbers; else it is detected",
    "Source.language": "language of the answers",
    "Source.answered_on": "date of the answer",
    "Source.seconds": "time the person took",
    "Block.round": "round that all rows of a wide part belong to",
    "Block.occasion": "occasion that all rows of a wide part belong to",
    "Cell.column": "header of a raw column",
    "Cell.value": "one value for all rows",
    "Cell.labels": "text in the column -> value in the table",
    "Exclude.column": "raw column that names the rows",
    "Exclude.values": "rows with one of these texts in that column are set aside",
    "Exclude.reason": "why; stands in the quarantine beside the row",
    "Privacy.minimum_cell": "a number that rests on fewer people is masked in everything public",
    "Privacy.pseudonym_key_env": "environment variable that holds the secret key of the pseudonyms",
    "Privacy.pseudonym_key": "the key itself, for synthetic data alone",
    "Privacy.keep": "columns whose direct identifiers are stored in clear in the private folder",
    "Privacy.review": "path, from the study file's folder, of the filled-in `free_text_review.csv` of an earlier run",
    "Keep.column": "header of the raw column; never the column that identifies the person",
    "Keep.source": "name of the source; without it every source with such a column",
    "Keep.reason": "why; printed in the audit annex",
    "Funding.statement": "funding line on the cover",
    "Funding.disclaimer": "who answers for the content",
    "StudyTexts.title": "title",
    "StudyTexts.subtitle": "second line of the title",
    "StudyTexts.subject": "`scope.subject`",
    "StudyTexts.population": "`scope.population`",
    "StudyTexts.statement": "`funding.statement`",
    "StudyTexts.disclaimer": "`funding.disclaimer`",
    "Outputs.formats": "formats of the three documents",
    "Outputs.languages": (
        "languages of the public report, whatever languages the instrument has, out of those with a catalogue of "
        "sentences. `en` is always among them: its files have the plain name `report.html`, and its text prevails; a "
        "translation is `report.it.html`. Both annexes are in English"
    ),
    "Outputs.dissemination": (
        "whether a run writes `public/dissemination/`: texts and pictures to share. They must say who paid, so "
        "`funding` must then say something"
    ),
    "Outputs.boot": "bootstrap resamples",
    "Framework.title": "title per language",
    "Framework.licence": "licence of the texts",
    "Framework.clusters": "cluster -> name per language",
    "Scale.min": "lowest point",
    "Scale.max": "highest point",
    "Scale.labels": "language -> one text per point, lowest first",
    "Skill.id": "identity, used in columns of raw files and in result ids",
    "Skill.name": "name per language",
    "Skill.definition": "definition per language",
    "Skill.behaviours": "language -> what can be observed",
    "Skill.cluster": "cluster the skill belongs to",
    "Skill.esco": "link to the ESCO classification",
    "Esco.uri": "address of the ESCO concept",
    "Esco.label": "its label there",
    "Esco.match": "how close it is",
    "Esco.version": "version of ESCO",
    "Module.id": "identity",
    "Module.name": "name per language",
    "Module.skills": "skills that the module trains",
    "Item.id": "identity, used in columns of raw files and in result ids",
    "Item.skill": "skill that it measures",
    "Item.key": "-1 when agreeing more is having less of the skill",
    "Item.text": "wording per language",
    "Item.version": "version of the wording",
    "Item.status": "retired items are not analysed",
    "Rules.id": "identity",
    "Rules.version": "version",
    "Rules.fixed_on": "date on which the rules were fixed; the report warns when it is later than the first answer",
    "Rules.ci_level": "confidence level of all intervals",
    "Rules.thresholds": "name -> threshold",
    "Rules.gates": "statistic -> smallest n",
    "Rules.printing": "what is printed for a cell of n answers",
    "Rules.streams": "stream -> where it comes from and how many answers it needs",
    "Rules.verdicts": "table of verdicts, first matching line wins; the last line matches always",
    "Threshold.value": "the cut",
    "Threshold.step": "one step of the sensitivity analysis; without it the threshold is not varied",
    "Threshold.meaning": "what it cuts",
    "Threshold.source": "where it comes from, or that it is an own rule",
    "Gate.minimum": "below this n there is no number",
    "Gate.warn": "below this n the number carries a warning",
    "Gate.source": "where it comes from",
    "Printing.from": "from this number of answers",
    "Printing.print": "what is printed",
    "Printing.note": "remark printed beside it",
    "StreamRule.source": "activity that feeds the stream",
    "StreamRule.minimum": "answers (or groups) needed for a grade other than ?",
    "StreamRule.full": "answers needed before a verdict may be keep",
    "VerdictRule.id": "identity of the line, printed with the verdict",
    "VerdictRule.verdict": "what follows",
    "VerdictRule.all": "conditions that must all hold: stream -> allowed grades",
    "VerdictRule.any": "conditions of which one must hold",
}  # fmt: skip


def documented(model: type[BaseModel]) -> dict[str, str]:
    """Return the meaning of each parameter that a numpy docstring lists."""
    text = inspect.getdoc(model) or ""
    _, _, section = text.partition("Parameters\n----------\n")
    found: dict[str, str] = {}
    names: list[str] = []
    for line in section.split("\n\n")[0].splitlines():
        if line[:1].strip():
            names = [name.strip() for name in line.split(" : ")[0].split(",")]
        else:
            for name in names:
                found[name] = f"{found.get(name, '')} {line.strip()}".strip()
    return found


def meaning(model: type[BaseModel], key: str) -> str:
    """Return what a key means, from `MEANINGS` or else from the model's docstring."""
    text = MEANINGS.get(f"{model.__name__}.{key}") or documented(model)[key]
    return _sentence(text.replace("``", "`"))


def _sentence(text: str) -> str:
    """Return text that fits a cell, as a sentence; a first word in code stays as it is."""
    text = re.sub(r"\s+", " ", text).strip().rstrip(".").replace("|", "\\|")
    return text if text[:1] == "`" else text[:1].upper() + text[1:]


def summary(entry: Any) -> str:
    """Return the first paragraph of a docstring in one line."""
    return " ".join((inspect.getdoc(entry) or "").split("\n\n")[0].split())


def kind(annotation: Any) -> str:
    """Return a type in words; another model becomes a link to its section."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return kind(arguments[0]) + _limits(arguments[1:])
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(kind(part) for part in arguments if part is not type(None))
    if origin is list:
        return f"list of {kind(arguments[0])}"
    if origin is dict:
        return f"mapping of {kind(arguments[0])} to {kind(arguments[1])}"
    if origin is tuple:
        return f"{len(arguments)} numbers"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    return {str: "text", int: "whole number", float: "number", bool: "`true`, `false`"}[annotation]


def _limits(metadata: Sequence[Any]) -> str:
    parts = []
    for entry in (part for item in metadata for part in (item.metadata if isinstance(item, FieldInfo) else [item])):
        for name, words in (("ge", "at least"), ("gt", "above"), ("lt", "below"), ("min_length", "length at least")):
            if getattr(entry, name, None) is not None:
                parts.append(f"{words} {getattr(entry, name)}")
        if getattr(entry, "pattern", None):
            parts.append(f"form `{entry.pattern}`".replace("|", "\\|"))
    return f" ({', '.join(parts)})" if parts else ""


def default(field: FieldInfo) -> str:
    """Return the default of a key as YAML, or that there is none."""
    if field.is_required():
        return "**required**"
    value = field.default
    if isinstance(value, BaseModel):
        return "its own defaults"
    if value is None or value in ("", [], {}):
        return "–"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "`[" + ", ".join(map(str, value)) + "]`" if isinstance(value, list) else f"`{value}`"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    return "\n".join("| " + " | ".join(line) + " |" for line in (header, ["---"] * len(header), *rows))


def model_section(model: type[BaseModel]) -> str:
    """Return heading, meaning and table of keys of one part of a file."""
    body = (inspect.getdoc(model) or "").split("\n\nParameters\n")[0]
    body = re.sub(r"(?<!`)``(?!`)", "`", body)
    rows = [
        (f"`{key}`", kind(field.annotation) + _limits(field.metadata), default(field), meaning(model, key))
        for key, field in ((field.alias or name, field) for name, field in model.model_fields.items())
    ]
    return f"### {model.__name__}\n\n{body}\n\n" + table(("key", "value", "default", "meaning"), rows)


def _statement_rows() -> list[tuple[str, ...]]:
    """Return name, items and question of every statement that a checklist asks for."""
    rows = []
    for name in statement_names():
        items = [(c.name, item) for c in checklists().values() for item in c.items if item.said == name]
        rows.append((f"`{name}`", ", ".join(f"{c} {item.id}" for c, item in items), items[0][1].asks))
    return rows


def study_page() -> str:
    """Return the page of the three YAML files."""
    parts = [
        NOTE,
        "# Study, framework and rules file",
        "Three YAML files in UTF-8 describe a study. An unknown key, a key written twice or a value of the wrong kind "
        "is refused with file, line and path, all faults at once. `yes`, `no`, `on` and dates stay text; only `true` "
        "and `false` are truth values. Complete examples: [study](../params/demo/study.yaml), "
        "[framework](../params/demo/framework.yaml), [rules](../params/rules.yaml). A small study of one's own is "
        "worked out in [how-to.md](how-to.md).",
        "## Study file",
        *map(model_section, STUDY_MODELS),
        "### Statements",
        "What only the authors can say. The audit annex prints each statement in the checklists that ask for it, and "
        "prints *not reported* where it is missing. Name roles, not people.",
        table(("name", "asked by", "what is asked"), _statement_rows()),
        "### Cleaning rules",
        "What cleaning touches stands in the change log with the id of the rule, the cell before and after, and the "
        "reason. `set_missing`: the cell counts as no answer. `set_aside`: the row stands in the quarantine and is not "
        "used. `recoded`: the cell has another value. `flagged`: nothing changes; a person should look.",
        table(
            ("rule", "finds", "does", "governed by"),
            [(f"`{name}`", _sentence(rule.finds), rule.action, rule.keys) for name, rule in RULES.items()],
        ),
        "## Framework file",
        *map(model_section, FRAMEWORK_MODELS),
        "## Rules file",
        "How the rules are applied is told in [decision-rules.md](decision-rules.md).",
        *map(model_section, RULES_MODELS),
    ]
    return "\n\n".join(parts) + "\n"


def glossary_page() -> str:
    """Return the page of tables and columns: the data dictionary."""
    used: dict[str, list[str]] = {}
    for name, columns in {**TABLES, **RECORDS, "results": RESULT_COLUMNS}.items():
        for column in columns:
            used.setdefault(column, []).append(name)
    tables = [
        (f"`{name}`", ", ".join(f"`{column}`" for column in columns), ", ".join(KEYS.get(name, ())) or "–")
        for name, columns in {**TABLES, **RECORDS}.items()
    ]
    words = [(f"`{name}`", ", ".join(f"`{word}`" for word in allowed)) for name, allowed in VOCABULARY.items()]
    columns = [
        (f"`{name}`", one.dtype, one.unit or "–", _sentence(one.meaning), ", ".join(used.get(name, ["statistics"])))
        for name, one in COLUMNS.items()
    ]
    parts = [
        NOTE,
        "# Glossary of tables and columns",
        f"One name per concept. A table that leaves the module that made it with another column is refused. "
        f"{len(COLUMNS)} columns; dtypes are pandas dtypes.",
        "## Canonical tables and records of the cleaning",
        table(("table", "columns, in this order", "columns that name one row"), tables),
        "## Columns with a closed list of words",
        table(("column", "allowed"), words),
        "## Columns",
        table(("column", "dtype", "unit", "meaning", "where"), columns),
    ]
    return "\n\n".join(parts) + "\n"


def statistics_page() -> str:
    """Return the page of all registered statistics."""
    parts = [
        NOTE,
        "# Statistics",
        f"The {len(STATISTICS)} statistics that `ktss stat` computes on one file. The same functions stand behind the "
        "report. *Smallest n* is the n below which the function returns no number at all; the report asks for more "
        "(`gates` in the [rules file](../params/rules.yaml)). Formula, missing-data rule, limits and a worked "
        "example of each stand on its method page, which the name links to, and in its docstring.",
    ]
    for family in sorted({entry.family for entry in STATISTICS.values()}):
        entries = sorted((e for e in STATISTICS.values() if e.family == family), key=lambda entry: entry.name)
        rows = [
            (
                f"[{one.name}](methods/{method_pages.slug(family)}.md#{one.name})",
                one.symbol,
                summary(one.function),
                one.data,
                str(one.min_n),
                _link(one.source),
            )
            for one in entries
        ]
        parts += [
            f"## {family[:1].upper()}{family[1:]}",
            table(("name", "symbol", "what it does", "data", "smallest n", "source"), rows),
        ]
    kinds = inspect.getdoc(STATISTICS["cronbach_alpha"].__class__) or ""
    said = " ".join(kinds.partition("data : ")[2].partition("returns : ")[0].split("\n", 1)[1].split())
    parts += ["## Kinds of data", said]
    return "\n\n".join(parts) + "\n"


def labels_page() -> str:
    """Return the page of the shipped response scales."""
    scales = shipped_scales()
    languages = ", ".join(f"`{language}`" for language in next(iter(scales.values())).labels)
    parts = [
        NOTE,
        "# Response labels",
        "`labels: agreement-5` in a block of the [study file](study-file.md#block) turns the texts below into 1, 2, "
        f"... The {len(scales)} scales are shipped in {len(next(iter(scales.values())).labels)} languages "
        f"({languages}); a file may mix them. Case, accents, blanks, the shape of quotes and dashes, HTML and a code "
        "beside the label do not count: `5 - Strongly agree`, `Strongly agree (5)` and `STRONGLY&nbsp;AGREE` are one "
        "label. A code that contradicts its label is refused, and a text that is not listed is never guessed: it is "
        "set missing, logged, and listed by `ktss check` with the nearest known labels.",
        "**No native speaker has reviewed these texts yet.** They are drafts; read them before you rely on them. When "
        "a survey uses other texts, write label -> number under `labels`, take the framework's labels with "
        "`labels: framework`, or the raw file's own with `labels: file`.",
    ]
    for name, scale in scales.items():
        rows = [(f"`{language}`", *("; ".join(texts) for texts in points)) for language, points in scale.labels.items()]
        parts += [f"## {name}", table(("language", *map(str, range(1, scale.n_points + 1))), rows)]
    texts = "; ".join(sorted(no_opinion_texts()))
    parts += [
        "## No opinion",
        "Texts by which people decline to judge, without case and accents. The cell is set missing under the rule "
        "`missing.no_opinion`. `no_opinion: []` in a source switches them off, a list replaces them.",
        texts + ".",
    ]
    return "\n\n".join(parts) + "\n"


def _link(source: str) -> str:
    """Return a source with its DOI as a link."""
    if not source.startswith("doi:") or " " in source:
        return source.replace("|", "\\|")
    doi = source.removeprefix("doi:")
    return f"[{doi}](https://doi.org/{doi.replace('(', '%28').replace(')', '%29')})"


PAGES = {
    "study-file.md": study_page, "labels.md": labels_page, "glossary.md": glossary_page,
    "statistics.md": statistics_page,
    **method_pages.pages(NOTE),
}  # fmt: skip


def outdated() -> Iterator[str]:
    """Yield the names of pages that differ from what the code says."""
    for name, page in PAGES.items():
        path = DOCS / name
        if not path.is_file() or path.read_text(encoding="utf-8") != page():
            yield name
    yield from (path.relative_to(DOCS).as_posix() for path in stale())


def stale() -> Iterator[Path]:
    """Yield method pages of families that are no more."""
    yield from (path for path in sorted(DOCS.glob("methods/*.md")) if path.relative_to(DOCS).as_posix() not in PAGES)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the pages; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; say which pages are not up to date")
    if parser.parse_args(arguments).check:
        late = list(outdated())
        for name in late:
            print(f"{name}: not up to date; run docs/make_reference.py")
        return int(bool(late))
    (DOCS / "methods").mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8", newline="\n")
    for path in stale():
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
