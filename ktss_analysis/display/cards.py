"""Skill cards: one block per skill with verdict, evidence, voices, items and changes."""

from __future__ import annotations

from ..evidence import VERDICTS
from .book import Book
from .decision_sentences import survival_line
from .overridden import item_override, override_sentence
from .registry import SENTENCES, sentence
from .sentences import bullets, paragraphs, share_sentence, verdict_groups
from .tables import badge, items_cell, tier_cell
from .text_safety import safe_text

ESCO_LANGUAGE = "en"
"""Frameworks name a concept of ESCO by its English label."""


@sentence("card")
def card(book: Book, *, skill_id: str) -> str:
    """Return the content of a skill's card."""
    skill = book.framework.skill(skill_id)
    first = book.framework.languages[0]
    verdict = book.verdict(skill_id)
    definition = skill.definition.get(book.language, skill.definition.get(first, ""))
    defined_in = book.language if book.language in skill.definition else first
    behaviours = skill.behaviours.get(book.language, skill.behaviours.get(first, []))
    described_in = book.language if book.language in skill.behaviours else first
    head = badge(book, verdict)
    parts = [
        f"{head} {book.marked(f'*{safe_text(definition)}*', defined_in)}" if definition else head,
        override_sentence(book, skill_id),
        _columns(
            paragraphs(
                _list(book, "card.behaviours", [book.marked(safe_text(text), described_in) for text in behaviours]),
                _items(book, skill_id),
            ),
            paragraphs(
                _list(book, "card.evidence", _evidence(book, skill_id)),
                book.text(f"relation.{book.row(f'decisions.relation.{skill_id}')['label']}"),
                SENTENCES["focus_groups.quotes"](book, skill_id=skill_id),
                _contrary(book, skill_id),
            ),
        ),
        _list(book, "card.changes", _changes(book, skill_id)),
    ]
    if skill.esco is not None and skill.esco.match != "none":
        label = book.marked(f"[{safe_text(skill.esco.label or skill.esco.uri)}]({skill.esco.uri})", ESCO_LANGUAGE)
        key = f"card.esco.{skill.esco.match}"
        known = key in book.catalogue
        parts.append(
            book.text(key, label=label) if known else book.text("card.esco", match=skill.esco.match, label=label)
        )
    return paragraphs(*parts)


def _columns(left: str, right: str) -> str:
    """Return two columns that narrow screens and Word print one after the other."""
    column = ":::: {{.card-column}}\n{}\n::::"
    return f"::::: {{.card-columns}}\n{column.format(left)}\n\n{column.format(right)}\n:::::"


def _list(book: Book, key: str, lines: list[str]) -> str:
    kept = [line for line in lines if line]
    return paragraphs(f"**{book.text(key)}**", bullets(kept)) if kept else ""


def _evidence(book: Book, skill_id: str) -> list[str]:
    row = book.find(f"guide_review.item_cvi.relevance.{skill_id}")
    lines = [share_sentence(book, row, "guide_review.skill") if row else ""]
    sign, reason = book.grade(skill_id, "consensus")
    share = book.find(f"workshop.share_agreeing.importance.{skill_id}.last_round")
    if reason == "panel_divided":
        lines.append(book.text("card.consensus_divided"))
    elif share is not None and share["status"] == "ok" and sign != "?":
        lines.append(
            book.text("card.consensus", share=book.number(share), n=book.number(share, "n_used"),
                      interval=book.span(share))
        )  # fmt: skip
    else:
        lines.append(book.text("card.consensus_none"))
    raised = book.find(f"focus_groups.groups_raising.{skill_id}")
    if raised is not None and raised["status"] == "ok":
        lines.append(
            book.text(
                "card.salience", count=int(raised["n_used"]), k=book.number(raised), total=book.number(raised, "n_used")
            )
        )
    else:
        lines.append(book.text("card.salience_none"))
    tier = book.find(f"ranking.tier.{skill_id}")
    if tier is not None and tier_cell(book, skill_id) != "–":
        tiers = int(book.select("ranking", "tier")["label"].astype(int).max())
        lines.append(
            book.text("card.tier", tier=book.claim(str(tier["label"]), tier["result_id"], "label"),
                      tiers=book.count(tiers, "ranking.tier"))
        )  # fmt: skip
    return [*lines, survival_line(book, skill_id)]


def _contrary(book: Book, skill_id: str) -> str:
    quotes = book.select("focus_groups", "quote", target_id=skill_id)
    if quotes.empty or (quotes["aspect"] == "contrary").any():
        return ""
    return book.text("quote.no_contrary")


def _items(book: Book, skill_id: str) -> str:
    items = book.framework.scales().get(skill_id, [])
    if not items:
        return book.text("card.no_items")
    flags = book.select("decisions", "item_flag")
    changed = book.select("triage", "retest")
    lines = []
    for item in items:
        marks = [book.text(f"flagword.{flag}") for flag in flags.loc[flags["target_id"] == item.id, "aspect"]]
        marks += [mark for mark in [item_override(book, item.id)] if mark]
        if (changed["target_id"] == item.id).any():
            marks.append(book.text("card.not_retested"))
        text = book.text("card.item", id=f"`{item.id}`", text=book.safe_name(item.id, "item"))
        lines.append(f"{text} — *{', '.join(marks)}*" if marks else text)
    head = f"**{book.text('card.items')}**"
    cell = items_cell(book, skill_id)
    if "/" in cell:
        head += f" ({book.text('card.items_line', cell=cell)})"
    return paragraphs(head, bullets(lines))


MOST_CHANGES = 3


def _changes(book: Book, skill_id: str) -> list[str]:
    """Return what feedback changed in a skill and its items, the widest changes first."""
    own = {skill_id, *(item.id for item in book.framework.scales().get(skill_id, []))}
    rows = book.select("triage", "change")
    rows = rows[rows["target_id"].isin(own)]
    order = {"major": 0, "minor": 1, "patch": 2}
    rows = rows.assign(_place=rows["aspect"].map(order)).sort_values("_place", kind="stable")
    return [
        text if row["target_id"] == skill_id
        else book.text("card.change", id=f"`{row['target_id']}`", change=text)
        for row in rows.head(MOST_CHANGES).to_dict("records")
        for text in [book.study_text(safe_text(str(row["label"])))]
    ]  # fmt: skip


def show_cards(book: Book) -> None:
    """Print the cards of all skills, best verdict first."""
    from .emit import emit_block, emit_markdown

    for name in VERDICTS:
        for skill in verdict_groups(book)[name]:
            emit_markdown(f"## {book.safe_name(skill)} {{#skill-{skill.lower()}}}")
            emit_block("skill-card", card(book, skill_id=skill))
