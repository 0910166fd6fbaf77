"""What people were asked: scales and dates of every source, the questionnaire in every language, its readability."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from babel import Locale

from ..framework import instrument_hash
from ..lexicon import shipped_scales
from ..psychometrics.reading_ease import readability
from ..study import Block, Source
from .book import Book
from .numbers import format_count, format_exact, format_number
from .registry import table
from .tables import emit_records

ASKING = ("ratings", "responses", "choices")
"""Canonical tables that hold answers to a question with a scale, or choices."""
FORMULAS = {
    ("en", "flesch"): "Flesch", ("en", "flesch_kincaid"): "Flesch-Kincaid", ("nl", "flesch"): "Flesch-Douma",
    ("it", "gulpease"): "Gulpease", ("pl", "fog_polish"): "FOG",
}  # fmt: skip
"""Names of the formulas that were fitted to a language; names are not translated."""
HASH_LENGTH = len("sha256:") + 16


def _column(book: Book, key: str) -> str:
    return book.text(f"column.{key}")


def _word(book: Book, family: str, name: str) -> str:
    key = f"{family}.{name}"
    return book.text(key) if key in book.catalogue else name.replace("_", " ")


# ------------------------------------------------------------------------------ what was asked, when


@table("asked")
def asked(book: Book) -> None:
    """Print what each source asked, on which scale with which labels, and when."""
    records = [record for source in book.study.sources for record in _questions(book, source)]
    if records:
        emit_records(book, records, "asked", book.text("table.asked"), [book.text("note.asked")])


def _questions(book: Book, source: Source) -> Iterator[dict[str, str]]:
    """Return one record per kind of question of a source; questions on the same scale stand together."""
    blocks = [block for block in source.blocks if block.table in ASKING]
    for (kind, scale, labels), alike in groupby(blocks, key=lambda b: (_target(book, b), _scale(book, source, b),
                                                                       _labels(book, b))):  # fmt: skip
        same = list(alike)
        aspects = ", ".join(dict.fromkeys(filter(None, (_aspect(book, block) for block in same))))
        yield {
            _column(book, "source"): source.name.replace("_", " "),
            _column(book, "asked"): aspects if not kind or aspects.lower() == kind.lower() else f"{kind}: {aspects}",
            _column(book, "scale"): scale,
            _column(book, "labels"): labels,
            _column(book, "began"): began(book, source, same[0].table),
            _column(book, "closed"): book.day(source.closes) if source.closes else "–",
        }


def _fixed(block: Block, name: str) -> str:
    """Return what a block says for all its rows, e.g. the kind of target; empty when the file says it row by row."""
    cell = block.fields.get(name)
    return str(getattr(block, name) or (cell.value if cell is not None and cell.value is not None else ""))


def _target(book: Book, block: Block) -> str:
    if block.table == "responses":
        return book.text("column.item")
    kind = _fixed(block, "target_type")
    return _word(book, "section" if kind == "usability" else "column", kind) if kind else ""


def _aspect(book: Book, block: Block) -> str:
    if block.table == "responses":
        return book.text("asked.own")
    if block.table == "choices":
        return book.text("asked.best_worst")
    name = _fixed(block, "aspect")
    return _word(book, "section" if name == "usability" else "aspect", name) if name else "–"


def _limits(book: Book, block: Block) -> tuple[float, float] | None:
    if block.scale == "framework":
        return book.framework.scale.limits if book.framework.scale else None
    if block.scale is None and isinstance(block.labels, str) and block.labels in shipped_scales():
        return 1, shipped_scales()[block.labels].n_points
    return None if block.scale is None else (block.scale[0], block.scale[1])


def _scale(book: Book, source: Source, block: Block) -> str:
    limits = _limits(book, block)
    if limits is None:
        return "–"
    low, high = (book.claim(format_exact(end, locale=book.language), f"study.scale.{source.activity}", "scale")
                 for end in limits)  # fmt: skip
    return book.text("interval.span", low=low, high=high)


def _labels(book: Book, block: Block) -> str:
    """Return the labels of a scale with their points; a word where they stand elsewhere or nowhere."""
    if isinstance(block.labels, str):
        scale = shipped_scales().get(block.labels)
        if scale is None:
            return book.text(f"asked.labels.{block.labels}")
        points = scale.labels.get(book.language) or next(iter(scale.labels.values()))
        return "; ".join(f"{number} = {texts[0]}" for number, texts in enumerate(points, 1))
    pairs = sorted(block.labels.items(), key=lambda pair: pair[1])
    return "; ".join(f"{format_exact(point, locale=book.language)} = {label}" for label, point in pairs) or "–"


def began(book: Book, source: Source, kind: str) -> str:
    """Return the day of the first answer in a source; a dash when it holds no dates."""
    row = book.find(f"cleaning.first_answer.{kind}.{source.name}")
    return "–" if row is None or row["status"] != "ok" else book.day(str(row["label"]))


# ------------------------------------------------------------------------------ the questionnaire


def language_in_words(book: Book, tag: str) -> str:
    """Return the name of a language in the language of the document."""
    own = Locale.parse(book.catalogue.locale.language)
    return str(Locale.parse(tag.replace("-", "_")).get_display_name(own) or tag)


def _in_use(book: Book) -> list[tuple[str, dict[str, str]]]:
    return [(item.id, item.text) for items in book.framework.scales().values() for item in items]


@table("scale_labels")
def scale_labels(book: Book) -> None:
    """Print the labels of the questionnaire's response scale in every language, point by point."""
    scale = book.framework.scale
    if scale is None or not scale.labels or not book.framework.scales():
        return
    points = [format_exact(point, locale=book.language) for point in range(scale.min, scale.max + 1)]
    records = []
    for tag in book.framework.languages:
        labels = [book.marked(label, tag) for label in scale.labels.get(tag, ())]
        texts = labels or [book.text("cell.not_translated")] * len(points)
        records.append({_column(book, "tongue"): language_in_words(book, tag), **dict(zip(points, texts, strict=True))})
    emit_records(book, records, "scale-labels", book.text("table.scale_labels"))


@table("languages")
def languages(book: Book) -> None:
    """Print version, extent, readability and check sum of the questionnaire in every language."""
    if not book.framework.scales():
        return
    records = [_version(book, tag) for tag in book.framework.languages]
    notes = [book.text("note.languages"), book.text("note.hash", file="`framework.json`")]
    emit_records(book, records, "languages", book.text("table.languages"), notes)


def _version(book: Book, tag: str) -> dict[str, str]:
    texts = [text[tag] for _, text in _in_use(book) if text.get(tag)]
    measures = readability(texts, tag).set_index("statistic")

    def value(name: str) -> str:
        if measures.loc[name, "status"] != "ok":
            return book.text(f"cell.{measures.loc[name, 'status']}")
        text = format_number(float(measures.loc[name, "estimate"]), digits=1, locale=book.language)
        return book.claim(text, f"instrument.{tag}", name)

    fitted = [(name, key) for (language, key), name in FORMULAS.items() if language == tag.split("-")[0]]
    return {
        _column(book, "tongue"): language_in_words(book, tag),
        _column(book, "version"): book.framework.version,
        _column(book, "statements"): book.claim(format_count(len(texts), locale=book.language), f"instrument.{tag}",
                                                "n_statements"),
        _column(book, "words"): book.claim(format_count(int(measures["n_used"].iloc[0]), locale=book.language),
                                           f"instrument.{tag}", "n_words"),
        _column(book, "sentence_words"): value("words_per_sentence"),
        "LIX": value("lix"),
        _column(book, "formula"): "\n".join(f"{name} {value(key)}" for name, key in fitted)
        or book.text("cell.no_formula"),
        _column(book, "hash"): instrument_hash(book.framework, tag)[len("sha256:"):HASH_LENGTH],
    }  # fmt: skip


@table("instruments")
def instruments(book: Book) -> None:
    """Print every statement of the questionnaire in every language as shown, one table per skill."""
    for skill, items in book.framework.scales().items():
        records = [
            {
                _column(book, "item"): item.id,
                _column(book, "version"): item.version,
                _column(book, "key"): "+" if item.key == 1 else "−",
                _column(book, "tongue"): language_in_words(book, tag),
                _column(book, "text"): book.marked(item.text[tag], tag) if item.text.get(tag)
                else book.text("cell.not_translated"),
            }
            for item in items
            for tag in book.framework.languages
        ]  # fmt: skip
        reversed_items = [item.id for item in items if item.key == -1]
        note = book.text("note.reversed", count=len(reversed_items), items=book.joined(reversed_items))
        emit_records(book, records, f"statements-{skill}", book.text("table.instruments", skill=book.safe_name(skill)),
                     [note] if reversed_items else [])  # fmt: skip
