"""The cleaning rules: id, what each finds, what it does, and the key of the study file that governs it."""

from __future__ import annotations

from typing import NamedTuple


class Rule(NamedTuple):
    """One rule: what it finds, what happens (as in the change log's `action`), and which keys govern it."""

    finds: str
    action: str
    keys: str


RULES: dict[str, Rule] = {
    # --- rows
    "row.empty": Rule("a row without a filled cell", "set_aside", "always"),
    "row.too_long": Rule("a row with more cells than there are headers", "set_aside", "always"),
    "row.unreadable": Rule("a row or segment that its format does not allow", "set_aside", "always"),
    "row.header": Rule("a second row of headers: the first row, if no cell of it is an answer or is written again",
                       "set_aside", "`header_row`, for other places"),
    "row.excluded": Rule("a row an analyst names, with a reason", "set_aside", "`exclude`; default none"),
    "row.no_consent": Rule("a person whose consent the register records as not given", "set_aside", "always"),
    "person.purged": Rule("a person who was removed on request; nothing of the row is kept", "set_aside",
                          "`ktss purge`"),
    "row.test": Rule("a row the platform marks as preview, test or spam (Qualtrics `Status`, `DistributionChannel`)",
                     "set_aside or flagged", "`test_answers`; default `set_aside`"),
    "row.instrument": Rule("a result file of another self-assessment, version or wording", "set_aside",
                           "`format: self_assessment`"),
    "row.colleague": Rule("a result file in which somebody answered about a colleague", "set_aside",
                          "`format: self_assessment`"),
    "row.early": Rule("a row dated before the opening", "set_aside", "`opens`; default none"),
    "row.late": Rule("a row dated after the closing", "set_aside", "`closes`; default none"),
    "row.no_part": Rule("a row that no block is for", "set_aside", "`when` of the blocks"),
    "row.no_answer": Rule("a row in which no question is answered", "set_aside", "always"),
    "row.partial": Rule("a row that answers fewer of the questions asked than `minimum_share`", "flagged or set_aside",
                        "`minimum_share`, default 0.5; `partial`, default `keep`"),
    "row.repeated": Rule("a second row of a person, or a second value for one key", "set_aside",
                         "`repeated`; default `first`"),
    "row.double": Rule("all answers and the time of day of an earlier row: a form sent twice", "flagged or set_aside",
                       "`double_submissions`; default `flag`"),
    "row.incomplete": Rule("a row without what its table needs, such as an id", "set_aside", "always"),
    "target.unknown": Rule("an id that the framework does not have", "set_aside", "always"),
    "choice.broken": Rule("a best-worst set whose best is its worst, or was not shown", "set_aside", "always"),
    "person.missing": Rule("a row without the identifier that its source has; a person of its own", "flagged",
                           "`person`"),
    # --- cells
    "missing.code": Rule("a text that means \"no answer\"", "set_missing", "`missing`"),
    "missing.number": Rule("a number that means \"no answer\", outside the scale", "set_missing",
                           "`missing_numbers`; default none"),
    "missing.no_opinion": Rule("a text by which people decline to judge", "set_missing",
                               "`no_opinion`; default `shipped` ([list](labels.md#no-opinion))"),
    "label.unknown": Rule("a text that is no known label or word; never guessed", "set_missing", "`labels`"),
    "label.contradicts": Rule("a known label beside another number, as in \"4 - Strongly agree\"", "set_missing",
                              "`labels`"),
    "value.not_a_number": Rule("a text where a number should be", "set_missing", "always"),
    "value.out_of_range": Rule("a number outside the scale", "set_missing", "`scale`; default none"),
    "value.not_whole": Rule("a number with decimals where whole numbers are asked", "set_missing",
                            "`whole`; default true"),
    "value.reversed": Rule("an answer declared to be upside down; turned round on the scale", "recoded",
                           "`reverse`; default none"),
    "date.unreadable": Rule("a date that cannot be read; it is left missing", "flagged",
                            "`date_formats`; default: decided from the whole column of each file"),
    "identifier.masked": Rule("a direct identifier in a cell that is stored", "recoded", "`privacy.keep`"),
    "text.identifier_masked": Rule("a direct identifier in a free text", "recoded", "`privacy.keep`"),
    # --- what an analyst should look at; nothing is changed
    "flag.longstring": Rule("one answer to ten questions or more", "flagged", "always"),
    "flag.speed": Rule("less than two seconds per question", "flagged", "`seconds`"),
    "flag.careless": Rule("two signs or more of careless answers; the report shows results without these people too",
                          "flagged", "always"),
    "flag.same_answers": Rule("all answers of an earlier row, both without identifier", "flagged", "always"),
    "flag.reversed_rater": Rule("a reviewer who runs against all others and fits them better turned round", "flagged",
                                "apply it with `reverse`"),
    "item.reversed": Rule("an item whose correlation with the rest of its scale lies below zero with its whole "
                          "interval, from ten persons", "flagged", "`key` in the framework, or `reverse`"),
    "dictionary.contradicts": Rule("what a file says of a column does not go with the study file or with the cells",
                                   "flagged", "`labels: file`, `missing: file`, `scale`"),
}  # fmt: skip
"""Rule id -> rule, in the order in which the documentation lists them."""
