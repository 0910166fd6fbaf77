"""Tables of the reports: which published rows stand in which cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from .book import Book
from .notes import interval_note
from .numbers import format_exact
from .overridden import rule_cell
from .registry import table
from .sentences import ACTIVITIES, code_name, sentence, summary_skills, verdict_groups

BADGES = {
    "keep": "keep", "keep_discordant": "keep", "provisional": "provisional", "revise": "revise",
    "drop": "drop", "not_decided": "undecided",
}  # fmt: skip
Row = dict[str, Any]


def badge(book: Book, verdict: str) -> str:
    """Return a verdict as a badge: a word on a colour."""
    return f"[{book.text(f'verdict.{verdict}')}]{{.badge .{BADGES[verdict]}}}"


def _emit(
    book: Book, records: Sequence[dict[str, str]], name: str, caption: str, notes: Sequence[str] = (),
    label: str = "",
) -> None:  # fmt: skip
    from .emit import emit_markdown, emit_table

    if not records:
        if not any(chapter == book.chapter for chapter, _ in book.absences):
            emit_markdown(book.text("cell.not_collected_sentence"))
        return
    label = label or f"tbl-{name}"
    frame = pd.DataFrame(records)
    emit_table(frame, label=label, caption=caption, notes=list(notes), note_word=book.text("note.word"))
    book.exhibit("table", label, caption, frame)


emit_records = _emit


def _column(book: Book, key: str) -> str:
    return book.text(f"column.{key}")


# ------------------------------------------------------------------------------ decisions


@table("summary")
def summary(book: Book) -> None:
    """Print verdict and evidence of the skills that are ready, and of the provisional ones if they are few."""
    skills, only_ready = summary_skills(book)
    if not skills:
        from .emit import emit_markdown

        return emit_markdown(book.text("table.summary.none"))
    records = []
    for skill in skills:
        record = {
            _column(book, "skill"): book.cell_name(skill),
            _column(book, "verdict"): badge(book, book.verdict(skill)),
            _column(book, "relevance"): book.cell(book.find(f"guide_review.item_cvi.relevance.{skill}")),
            _column(book, "consensus"): book.cell(book.find(f"workshop.share_agreeing.importance.{skill}.last_round")),
            _column(book, "salience"): groups_cell(book, skill),
            _column(book, "items"): items_cell(book, skill),
            _column(book, "tier"): tier_cell(book, skill),
        }
        records.append(record)
    caption = book.text("table.summary" if only_ready else "table.summary.provisional")
    return _emit(book, records, "summary", caption, interval_note(book))


def groups_cell(book: Book, skill: str) -> str:
    """Return ``k of G`` groups that raised a skill."""
    row = book.find(f"focus_groups.groups_raising.{skill}")
    if row is None or row["status"] != "ok":
        return book.cell(row)
    return f"{book.number(row)} / {book.number(row, 'n_used')}"


def items_cell(book: Book, skill: str) -> str:
    """Return ``i / j`` items of a skill that reviewers support."""
    items = book.framework.scales().get(skill, [])
    if not items:
        return "–"
    rows = [book.find(f"tool_review.item_cvi.relevance.{item.id}") for item in items]
    known = [row for row in rows if row is not None and row["status"] == "ok"]
    if not known:
        return book.cell(rows[0])
    cut = book.rules.value("relevance_supported")
    if not any(book.judged(row) for row in known):
        return book.text("cell.too_few")
    supported = sum(row["ci_low"] >= cut for row in known)
    base = f"tool_review.item_cvi.relevance.{skill}"
    return f"{book.count(supported, base)} / {book.count(len(items), base)}"


def tier_cell(book: Book, skill: str) -> str:
    """Return the tier of a skill."""
    row = book.find(f"ranking.tier.{skill}")
    score = book.find(f"ranking.best_worst_score.{skill}")
    if row is None or row["status"] != "ok" or score is None or score["status"] != "ok":
        return "–"
    return book.claim(str(row["label"]), row["result_id"], "label")


@table("joint")
def joint(book: Book) -> None:
    """Print the joint display: grade and reason of every skill in every stream, and the rule that decided."""
    records = []
    for name, skills in verdict_groups(book).items():
        for skill in skills:
            record = {_column(book, "skill"): book.cell_name(skill)}
            for stream in ("relevance", "consensus", "items", "salience"):
                sign, reason = book.grade(skill, stream)
                record[book.text(f"stream.{stream}")] = f"{sign_text(sign)} {book.text(f'reason.{reason}')}"
            relation = str(book.row(f"decisions.relation.{skill}")["label"])
            record[_column(book, "relation")] = book.text(f"relationword.{relation}")
            record[_column(book, "verdict")] = badge(book, name)
            record[_column(book, "rule")] = rule_cell(book, skill)
            records.append(record)
    _emit(book, records, "joint", book.text("table.joint"))


def sign_text(sign: str) -> str:
    """Return a grade's sign as it is printed."""
    return {"+": "+", "0": "0", "-": "−", "?": "?"}[sign]


MOST_NAMES = 8


@table("sensitivity")
def sensitivity(book: Book) -> None:
    """Print how many verdicts change when one threshold moves, or one stream is left out."""
    rows = book.select("decisions", "n_verdicts_changed")
    moved = rows[rows["estimate"] > 0].sort_values(["target_type", "estimate"], ascending=False, kind="stable")
    records = []
    for row in moved.to_dict("records"):
        if row["target_type"] == "threshold":
            what = book.text(f"threshold.{row['target_id']}")
        else:
            what = book.text(f"stream.{row['target_id']}")
        skills = [book.name(skill) for skill in str(row["label"]).split("|") if skill]
        records.append(
            {
                _column(book, "threshold"): what,
                _column(book, "change"): book.text(f"direction.{row['aspect']}"),
                _column(book, "changed"): f"{book.number(row)} / {book.number(row, 'n_used')}",
                _column(book, "which"): "; ".join(skills) if len(skills) <= MOST_NAMES else book.text("cell.many"),
            }
        )
    if not records:
        return
    rest = len(rows) - len(moved)
    notes = [book.text("note.sensitivity", count=rest, k=book.count(rest, "decisions.n_verdicts_changed"))]
    _emit(book, records, "sensitivity", book.text("table.sensitivity"), notes)


@table("rules")
def rules(book: Book) -> None:
    """Print every threshold in force with its source."""
    records = []
    for name, cut in book.rules.thresholds.items():
        text = book.claim(format_exact(cut.value, locale=book.language), f"rules.{name}", "threshold")
        records.append(
            {_column(book, "meaning"): cut.meaning, _column(book, "value"): text, _column(book, "source"): cut.source}
        )
    note = book.text("note.rules", id=book.rules.id, version=book.rules.version, date=book.day(book.rules.fixed_on))
    _emit(book, records, "rules", book.text("table.rules"), [note])


@table("gates")
def gates(book: Book) -> None:
    """Print the smallest n of every statistic, with its source."""
    records = [
        {
            _column(book, "statistic"): name.replace("_", " "),
            _column(book, "minimum"): book.claim(str(gate.minimum), f"rules.{name}", "minimum"),
            _column(book, "warn"): book.claim(str(gate.warn), f"rules.{name}", "warn"),
            _column(book, "source"): gate.source,
        }
        for name, gate in book.rules.gates.items()
    ]
    _emit(book, records, "gates", book.text("table.gates"))


# ------------------------------------------------------------------------------ people


@table("participants")
def participants(book: Book) -> None:
    """Print planned, invited, consented and used people per activity."""
    records = []
    for activity in ACTIVITIES:
        found = {
            step: book.find(f"participants.{step}.{activity}")
            for step in ("n_planned", "n_invited", "n_consented", "n_used_people")
        }
        if all(row is None for row in found.values()):
            continue
        cells = {step: "–" if row is None else book.cell(row, with_interval=False) for step, row in found.items()}
        name = book.text(f"activity.{activity}")
        records.append(
            {
                _column(book, "activity"): name[:1].upper() + name[1:],
                _column(book, "planned"): cells["n_planned"],
                _column(book, "invited"): cells["n_invited"],
                _column(book, "consented"): cells["n_consented"],
                _column(book, "used"): cells["n_used_people"],
            }
        )
    notes = [book.text("note.self"), *([book.text("note.masked")] if _hidden(book, records) else [])]
    _emit(book, records, "participants", book.text("table.participants"), notes)


@table("background")
def background(book: Book, *, columns: Sequence[str] = ("country", "role")) -> None:
    """Print people by country, role or language; small cells are hidden."""
    records = [
        {
            _column(book, "background"): book.text(
                "background.cell", column=book.text(f"background.{column}"), category=_category(book, row)
            ),
            _column(book, "people"): book.cell(row, with_interval=False),
        }
        for column in columns
        for row in sorted(book.select("participants", "people", aspect=column).to_dict("records"), key=_is_other)
    ]
    notes = [book.text("note.masked")] if _hidden(book, records) else []
    _emit(book, records, "background", book.text("table.background"), notes)


def _is_other(row: Row) -> bool:
    """Tell whether a row is what is left of the categories; it stands last."""
    return (str(row["label"]) or str(row["target_id"])) == "other"


def _category(book: Book, row: Row) -> str:
    """Return a country or language by its name, anything else as it was published."""
    text = str(row["label"]) or str(row["target_id"])
    if _is_other(row):
        return book.text("figure_word.other")
    locale = book.catalogue.locale
    if row["aspect"] == "country":
        return str(locale.territories.get(text.upper(), text))
    return str(locale.languages.get(text.lower(), text)) if row["aspect"] == "language" else text


def _hidden(book: Book, records: Sequence[dict[str, str]]) -> bool:
    word = book.text("cell.masked")
    return any(word in record.values() for record in records)


@table("country_role")
def country_role(book: Book) -> None:
    """Print people by country and role with primary and complementary suppression."""
    rows = book.select("participants", "people", aspect="country_role")
    names = {row["target_id"]: str(row["label"]) or row["target_id"].replace("-", " ")
             for row in rows.to_dict("records")}  # fmt: skip
    records = []
    for group in sorted(rows["group"].unique()):
        country = str(book.catalogue.locale.territories.get(str(group).upper(), group))
        record = {book.text("background.country"): country}
        for row in rows[rows["group"] == group].to_dict("records"):
            record[names[row["target_id"]]] = book.cell(row, with_interval=False)
        records.append(record)
    _emit(book, records, "country-role", book.text("table.country_role"), [book.text("note.masked")])


# ------------------------------------------------------------------------------ reviews


def named(book: Book, target: str, target_type: str) -> str:
    """Return the name of a target; an item is its id with its text."""
    return book.cell_name(target, target_type, prefix=f"{target}: " if target_type == "item" else "")


@table("content")
def content(book: Book, *, activity: str, target_type: str) -> None:
    """Print item CVI for relevance and clarity, and Aiken's V, per target."""
    rows = book.select(activity, "item_cvi", aspect="relevance", target_type=target_type)
    small_panel = not book.select(activity, "modified_kappa", aspect="relevance", target_type=target_type).empty
    records = []
    for target in rows["target_id"]:
        kappa = book.find(f"{activity}.modified_kappa.relevance.{target}")
        records.append(
            {
                _column(book, target_type): named(book, target, target_type),
                _column(book, "relevance"): book.cell(book.find(f"{activity}.item_cvi.relevance.{target}")),
                **({_column(book, "kappa"): "–" if kappa is None else book.cell(kappa)} if small_panel else {}),
                _column(book, "clarity"): book.cell(book.find(f"{activity}.item_cvi.clarity.{target}")),
                _column(book, "aiken"): book.cell(book.find(f"{activity}.aiken_v.relevance.{target}")),
                _column(book, "n"): _n(book, book.find(f"{activity}.item_cvi.relevance.{target}")),
            }
        )
    notes = [*interval_note(book), book.text("note.cvi"), *([book.text("note.kappa")] if small_panel else [])]
    _emit(book, records, f"content-{target_type}", book.text(f"table.content.{target_type}"), notes)


def _n(book: Book, row: Row | None) -> str:
    return "–" if row is None or pd.isna(row["n_used"]) else book.number(row, "n_used")


n_cell = _n


@table("modules")
def modules(book: Book) -> None:
    """Print the share of favourable answers per module and aspect."""
    rows = book.select("guide_review", "share_favourable")
    records = []
    for module in dict.fromkeys(rows["target_id"]):
        mine = rows[rows["target_id"] == module]
        record = {_column(book, "module"): book.cell_name(module, "module")}
        for row in mine.to_dict("records"):
            key = f"aspect.{row['aspect']}"
            name = book.text(key) if key in book.catalogue else str(row["aspect"])
            record[name[:1].upper() + name[1:]] = book.cell(row, with_interval=False)
        record[_column(book, "n")] = _n(book, mine.iloc[0].to_dict())
        records.append(record)
    _emit(book, records, "modules", book.text("table.modules"))


@table("items")
def items(book: Book) -> None:
    """Print every item with difficulty, item-rest correlation, alpha without it and flags."""
    records = []
    flags = book.select("decisions", "item_flag")
    for scale in book.framework.scales().values():
        for item in scale:
            marks = [book.text(f"flagword.{flag}") for flag in flags.loc[flags["target_id"] == item.id, "aspect"]]
            records.append(
                {
                    _column(book, "item"): named(book, item.id, "item"),
                    _column(book, "difficulty"): _short(book, f"self_assessment.item_difficulty.{item.id}"),
                    _column(book, "item_rest"): book.cell(
                        book.find(f"self_assessment.item_rest_correlation.{item.id}")
                    ),
                    _column(book, "without"): _short(book, f"self_assessment.alpha_if_item_deleted.{item.id}"),
                    _column(book, "todo"): ", ".join(marks) or "–",
                }
            )
    _emit(book, records, "items", book.text("table.items"), [*interval_note(book), book.text("note.flags")])


@table("flagged")
def flagged(book: Book) -> None:
    """Print the items that need work: text, what to do, and the result that says so."""
    flags = book.select("decisions", "item_flag")
    if flags.empty:
        return
    order = {flag: place for place, flag in enumerate(FLAGS)}
    flags = flags.assign(_place=flags["aspect"].map(order)).sort_values("_place", kind="stable")
    records = [
        {
            _column(book, "item"): named(book, row["target_id"], "item"),
            _column(book, "skill"): book.cell_name(book.framework.item(row["target_id"]).skill),
            _column(book, "todo"): book.text(f"flagword.{row['aspect']}"),
            _column(book, "evidence"): _flag_evidence(book, row),
        }
        for row in flags.to_dict("records")
    ]
    _emit(book, records, "flagged", book.text("table.flagged"), interval_note(book))


FLAGS = ("not_relevant", "check_scoring", "revise_wording", "redundant", "weak")


def _flag_evidence(book: Book, row: Row) -> str:
    """Return the number behind a flag in words."""
    evidence = book.find(str(row["source_rows"]).split("|")[0])
    cell = book.cell(evidence)
    if row["aspect"] == "redundant" and evidence is not None:
        others = [item for item in str(evidence["target_id"]).split("~") if item != row["target_id"]]
        return book.text("evidence.correlation", value=cell, other=", ".join(others))
    key = {"not_relevant": "relevance", "revise_wording": "clarity"}.get(str(row["aspect"]), "item_rest")
    return book.text(f"evidence.{key}", value=cell)


def _short(book: Book, result_id: str) -> str:
    return book.cell(book.find(result_id), with_interval=False)


@table("reliability")
def reliability(book: Book) -> None:
    """Print alpha, omega and the standard error of measurement per skill."""
    records = []
    for row in book.select("self_assessment", "cronbach_alpha").to_dict("records"):
        skill = row["target_id"]
        records.append(
            {
                _column(book, "skill"): book.cell_name(skill),
                _column(book, "items"): book.count(len(book.framework.scales()[skill]), f"framework.n_items.{skill}"),
                _column(book, "alpha"): book.cell(row),
                _column(book, "omega"): book.cell(book.find(f"self_assessment.omega_total.{skill}")),
                _column(book, "sem"): _short(book, f"self_assessment.standard_error_of_measurement.{skill}"),
                _column(book, "sdc"): _short(book, f"self_assessment.smallest_detectable_change_one_occasion.{skill}"),
                _column(book, "n"): _n(book, row),
            }
        )
    notes = [*interval_note(book), book.text("note.reliability")]
    _emit(book, records, "reliability", book.text("table.reliability"), notes)


@table("without_flagged")
def without_flagged(book: Book) -> None:
    """Print alpha, omega and mean score of each skill for everybody, without flagged people, and the difference."""
    records, any_number = [], False
    for skill in book.framework.scales():
        for name, key in (("cronbach_alpha", "alpha"), ("omega_total", "omega"), ("score_mean", "mean_score")):
            found = {
                group: book.find(f"self_assessment.{name}_by_flag.{skill}.{group}")
                for group in ("everybody", "without_flagged", "difference")
            }
            if found["everybody"] is None:
                continue
            rest = found["without_flagged"]
            any_number |= rest is not None and rest["status"] == "ok"
            records.append(
                {
                    _column(book, "skill"): book.cell_name(skill),
                    _column(book, "measure"): _column(book, key),
                    _column(book, "everybody"): book.cell(found["everybody"]),
                    _column(book, "without_flagged"): book.cell(rest),
                    _column(book, "difference"): book.cell(found["difference"]),
                    _column(book, "n"): _n(book, rest),
                }
            )
    if any_number:
        _emit(book, records, "without-flagged", book.text("table.without_flagged"), interval_note(book))


# ------------------------------------------------------------------------------ panel, ranking, groups, votes


@table("consensus")
def consensus(book: Book) -> None:
    """Print agreement, median, spread and disagreement index of the last round."""
    records = []
    for row in book.select("workshop", "share_agreeing", group="last_round").to_dict("records"):
        skill = row["target_id"]
        sign, _ = book.grade(skill, "consensus")
        divided = book.grade(skill, "consensus")[1] == "panel_divided"
        median = book.find(f"workshop.median.importance.{skill}.last_round")
        records.append(
            {
                _column(book, "skill"): book.cell_name(skill),
                _column(book, "share"): book.cell(row),
                _column(book, "median"): "–" if divided else book.cell(median, with_interval=False),
                _column(book, "spread"): _short(book, f"workshop.interquartile_share.importance.{skill}.last_round"),
                _column(book, "disagreement"): _short(
                    book, f"workshop.disagreement_index.importance.{skill}.last_round"
                ),
                _column(book, "n"): _n(book, row),
                _column(book, "grade"): book.text(f"grade.{sign}"),
            }
        )
    notes = [*interval_note(book), book.text("note.spread")]
    _emit(book, records, "consensus", book.text("table.consensus"), notes)


@table("ranking")
def ranking(book: Book) -> None:
    """Print best-worst scores with tiers."""
    rows = book.select("ranking", "best_worst_score").to_dict("records")
    rows.sort(key=lambda row: int(tier_text) if (tier_text := tier_cell(book, row["target_id"])).isdigit() else 99)
    records = [
        {
            _column(book, "skill"): book.cell_name(row["target_id"]),
            _column(book, "tier"): tier_cell(book, row["target_id"]),
            _column(book, "score"): book.cell(row),
            _column(book, "n"): _n(book, row),
        }
        for row in rows
    ]
    _emit(book, records, "ranking", book.text("table.ranking"), interval_note(book))


@table("salience")
def salience(book: Book) -> None:
    """Print groups, speakers and turns per skill and code."""
    records = []
    for row in book.select("focus_groups", "groups_raising").to_dict("records"):
        target, kind = row["target_id"], row["target_type"]
        if kind != "skill" and row["estimate"] == 0:
            continue  # the roof of the codebook, and codes nobody used
        name = book.cell_name(target) if kind == "skill" else book.study_text(code_name(book, target))
        records.append(
            {
                _column(book, "code"): name,
                _column(book, "groups"): _of(book, row),
                _column(book, "speakers"): _short(book, f"focus_groups.speakers_raising.{target}"),
                _column(book, "turns"): _short(book, f"focus_groups.turns_coded.{target}"),
                _column(book, "in_favour"): _short(book, f"focus_groups.share_positive.{target}"),
                _column(book, "against"): _short(book, f"focus_groups.share_negative.{target}"),
            }
        )
    _emit(book, records, "salience", book.text("table.salience"))


def _of(book: Book, row: Row) -> str:
    """Return ``k / n`` of a published count, or why there is none."""
    return book.cell(row) if row["status"] != "ok" else f"{book.number(row)} / {book.number(row, 'n_used')}"


@table("coders")
def coders(book: Book) -> None:
    """Print the agreement of coders per code."""
    records = []
    for row in book.select("focus_groups", "krippendorff_alpha").to_dict("records"):
        target, kind = row["target_id"], row["target_type"]
        raised = book.find(f"focus_groups.groups_raising.{target}")
        if kind != "skill" and raised is not None and raised["estimate"] == 0:
            continue
        records.append(
            {
                _column(book, "code"): book.cell_name(target)
                if kind == "skill"
                else book.study_text(code_name(book, target)),
                _column(book, "alpha"): _agreement(book, row),
                _column(book, "gwet"): _agreement(book, book.find(f"focus_groups.gwet_ac1.{target}")),
                _column(book, "agreement"): _short(book, f"focus_groups.coder_agreement_share.{target}"),
                _column(book, "prevalence"): _short(book, f"focus_groups.code_prevalence.{target}"),
            }
        )
    notes = [*interval_note(book), book.text("note.coders")]
    if any(_without_disagreement(row) for row in book.select("focus_groups", "krippendorff_alpha").to_dict("records")):
        notes.append(book.text("note.no_disagreement"))
    _emit(book, records, "coders", book.text("table.coders"), notes)


def _without_disagreement(row: Row) -> bool:
    """Tell whether coders never disagreed on a code, so that their answers give no interval of alpha."""
    return row["status"] == "ok" and row["ci_low"] <= -1 and row["ci_high"] >= 1


def _agreement(book: Book, row: Row | None) -> str:
    """Return a coefficient of agreement; an interval that holds every possible value is not printed as one."""
    if row is None or not _without_disagreement(row):
        return book.cell(row)
    return book.text("cell.no_disagreement", value=book.number(row))


@table("votes")
def votes(book: Book) -> None:
    """Print the votes of the quality board and the assembly side by side."""
    records = []
    for skill in book.framework.target_ids("skill"):
        cells = {}
        for activity, key in (("quality_board", "board"), ("assembly", "assembly")):
            row = book.find(f"{activity}.n_supporting.{skill}")
            cells[_column(book, key)] = (
                "–"
                if row is None
                else book.cell(row)
                if row["status"] != "ok"
                else f"{book.number(row)} / {book.number(row, 'n_used')}"
            )
        if any(cell != "–" for cell in cells.values()):
            records.append({_column(book, "skill"): book.cell_name(skill), **cells})
    _emit(book, records, "votes", book.text("table.votes"), [book.text("note.counts")])


# ------------------------------------------------------------------------------ feedback, cleaning, definitions


@table("rejections")
def rejections(book: Book, *, limit: int = 5) -> None:
    """Print rejected suggestions with their reasons, the most severe first."""
    rows = book.select("triage", "rejection").head(limit)
    records = [
        {
            _column(book, "suggestion"): suggested_text(book, row),
            _column(book, "reason"): book.study_text(str(row["reason"])),
        }
        for row in book.uses(rows)
    ]
    _emit(book, records, "rejections", book.text("table.rejections"))


def suggested_text(book: Book, row: Row) -> str:
    """Return a suggestion's text; of one that nobody released for print only what it is about."""
    if row["aspect"] != "kind":
        return book.study_text(str(row["label"]))
    key = f"suggestion_kind.{row['label']}"
    kind = book.text(key if key in book.catalogue else "suggestion_kind.other")
    return book.text("cell.not_released", kind=kind)


@table("changes")
def changes(book: Book) -> None:
    """Print what changed in the items and their versions."""
    records = [
        {
            _column(book, "target_changed"): _changed(book, row),
            _column(book, "change"): str(row["label"]),
            _column(book, "versions"): str(row["reason"]),
        }
        for row in book.uses(book.select("triage", "change"))
    ]
    _emit(book, records, "changes", book.text("table.changes"))


def _changed(book: Book, row: Row) -> str:
    """Return what was changed: an item by its id, a skill or module by its name."""
    target, kind = str(row["target_id"]), str(row["target_type"])
    known = kind in ("skill", "module") and target in book.framework.target_ids(kind)
    return book.cell_name(target, kind) if known else target


@table("accounts")
def accounts(book: Book) -> None:
    """Print rows read, used and set aside per source."""
    records = []
    for row in book.select("cleaning", "rows_read").to_dict("records"):
        source = row["target_id"]
        records.append(
            {
                _column(book, "source"): source.replace("_", " "),
                _column(book, "read"): book.number(row),
                _column(book, "used"): book.number(book.row(f"cleaning.rows_used.{source}")),
                _column(book, "set_aside"): book.number(book.row(f"cleaning.rows_set_aside.{source}")),
            }
        )
    _emit(book, records, "accounts", book.text("table.accounts"))


@table("cleaning")
def cleaning(book: Book) -> None:
    """Print how many cells and rows each cleaning rule touched."""
    records = [
        {
            _column(book, "source"): str(row["target_id"]).replace("_", " "),
            _column(book, "rule"): _in_words(book, "rule", str(row["aspect"])),
            _column(book, "action"): _in_words(book, "action", str(row["group"])),
            _column(book, "count"): book.number(row),
        }
        for row in _cleaning_rows(book)
    ]
    _emit(book, records, "cleaning", book.text("table.cleaning"))


def _cleaning_rows(book: Book) -> list[Row]:
    """Return what each rule touched; rows set aside by a rule that the change log has too stand there once."""
    touched = book.select("cleaning", "cells_touched").to_dict("records")
    known = {(row["target_id"], row["aspect"]) for row in touched}
    aside = book.select("cleaning", "rows_set_aside_by_rule").to_dict("records")
    return touched + [{**row, "group": "set_aside"} for row in aside if (row["target_id"], row["aspect"]) not in known]


def _in_words(book: Book, kind: str, name: str) -> str:
    """Return the words for a cleaning rule or action; an unknown one is spelt out."""
    key = f"{kind}.{name.replace('.', '_')}"
    return book.text(key) if key in book.catalogue else name.replace("_", " ").replace(".", ": ")


@table("topline")
def topline(book: Book, *, activity: str, target_type: str, aspect: str) -> None:
    """Print how many people gave each answer, per question."""
    rows = book.select(activity, "answers", aspect=aspect, target_type=target_type)
    records = []
    for target in dict.fromkeys(rows["target_id"]):
        mine = rows[rows["target_id"] == target].to_dict("records")
        record = {_column(book, "target"): named(book, target, target_type)}
        for row in sorted(mine, key=lambda r: int(str(r["group"]).split("_")[1])):
            record[str(row["group"]).split("_")[1]] = book.cell(row, with_interval=False)
        record[_column(book, "n")] = _n(book, mine[0])
        records.append(record)
    aspect_name = book.text(f"aspect.{aspect}") if f"aspect.{aspect}" in book.catalogue else aspect
    _emit(book, records, f"topline-{target_type}-{aspect}", book.text("table.topline", aspect=aspect_name))


@table("definitions")
def definitions(book: Book) -> None:
    """Print all skills with their definitions."""
    first = book.framework.languages[0]
    records = [
        {
            _column(book, "skill"): book.cell_name(skill.id),
            _column(book, "definition"): skill.definition.get(book.language, skill.definition.get(first, "–")),
        }
        for skill in book.framework.skills
    ]
    _emit(book, records, "definitions", book.text("table.definitions"))


# ------------------------------------------------------------------------------ audit


@table("facts")
def facts(book: Book) -> None:
    """Print hashes and versions behind the run."""
    records = [
        {_column(book, "fact"): name.removeprefix("print "), _column(book, "value"): value}
        for name, value in book.facts.items()
        if name.startswith("print ")
    ]
    _emit(book, records, "facts", book.text("table.facts"))


@table("verification")
def verification(book: Book) -> None:
    """Print published values next to what this run computed."""
    records = []
    for row in book.select("verification", "published_value").to_dict("records"):
        records.append(
            {
                _column(book, "statistic"): str(row["target_id"]).replace("_", " "),
                _column(book, "expected"): str(row["label"]),
                _column(book, "computed"): book.claim(str(row["group"]), row["result_id"], "group"),
                _column(book, "agrees"): "✓" if row["estimate"] == 1 else "✗",
                _column(book, "source"): str(row["method"]),
            }
        )
    _emit(book, records, "verification", book.text("table.verification"), [book.text("note.verification")])


@table("states")
def states(book: Book) -> None:
    """Print how many figures are reported, too few, undefined or hidden."""
    counts = book.rows["status"].value_counts()
    records = [
        {
            _column(book, "state"): book.text(f"cell.{status}"),
            _column(book, "count"): book.count(int(counts.get(status, 0)), f"status.{status}"),
        }
        for status in ("ok", "too_few", "undefined", "masked")
    ]
    _emit(book, records, "states", book.text("table.masking"))


@table("kept")
def kept(book: Book) -> None:
    """Print the raw columns whose identifiers are stored in clear in the private folder, and why."""
    from .emit import emit_markdown

    records = [
        {
            _column(book, "source"): str(row["group"]).replace("_", " ") or book.text("privacy.every_source"),
            _column(book, "column"): str(row["reason"]),
            _column(book, "reason"): str(row["label"]),
        }
        for row in book.uses(book.select("cleaning", "kept_in_clear"))
    ]
    if records:
        _emit(book, records, "kept", book.text("table.kept"))
    else:
        emit_markdown(book.text("privacy.nothing_kept"))


MOST_CLAIMS = 40
"""Rows of results per chapter in the audit annex; ``claims.csv`` holds every one."""


@table("claims")
def claims(book: Book, *, frame: pd.DataFrame) -> None:
    """Print, chapter by chapter, the rows of results behind the report and the numbers printed from them."""
    from .emit import emit_markdown

    unique = frame.drop_duplicates(["chapter", "text", "result_id"])
    for chapter, part in unique.groupby("chapter", sort=False):
        texts = part.groupby("result_id", sort=False)["text"].agg(" · ".join)
        title = book.text(f"chapter.{chapter}") if chapter else "–"
        book.uses(part[part["result_id"].isin(texts.head(MOST_CLAIMS).index)])
        records = [
            {_column(book, "result"): str(result), _column(book, "as_printed"): text}
            for result, text in texts.head(MOST_CLAIMS).items()
        ]
        _emit(book, records, f"claims-{chapter}".replace("_", "-"), book.text("table.claims", chapter=title))
        rest = len(texts) - len(records)
        if rest:
            emit_markdown(book.text("claims.more", count=rest, k=str(rest), file="`claims.csv`"))


@sentence("claims.intro")
def claims_intro(book: Book) -> str:
    """Say what the index is, and where the whole of it lies."""
    return book.text("claims.intro", file="`claims.csv`")
