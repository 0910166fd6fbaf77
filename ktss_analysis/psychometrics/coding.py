"""Focus-group codings: who raises a code, when nothing new is heard, which codes go together."""

from __future__ import annotations

from itertools import permutations
from math import factorial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core import StatisticError
from .checks import FloatArray, check_choice
from .content import target_frame
from .registry import statistic

MAX_EXACT_GROUPS = 8
_UNITS = {"turn": ["group_id", "turn"], "person": ["group_id", "person_id"], "group": ["group_id"]}


def _codings(codings: pd.DataFrame, *needed: str) -> pd.DataFrame:
    """Return the codings with a code and a group, or refuse a table without the columns needed."""
    if not isinstance(codings, pd.DataFrame):
        raise StatisticError("codings: a DataFrame with group_id and code_id is needed")
    for name in ("group_id", "code_id", *needed):
        if name not in codings.columns:
            raise StatisticError(f"codings: column {name!r} is missing")
    return codings[codings["group_id"].notna() & codings["code_id"].notna()]


def _incidence(table: pd.DataFrame, unit: list[str], key: str) -> tuple[FloatArray, pd.DataFrame, list[str]]:
    """Return a 0/1 matrix (n_units, n_keys), the units in its rows and the keys in its columns."""
    table = table.dropna(subset=[*unit, key])
    keys = pd.Categorical(table[key].astype("string"))
    units = table[unit].drop_duplicates().sort_values(unit).reset_index(drop=True)
    position = pd.MultiIndex.from_frame(units).get_indexer(pd.MultiIndex.from_frame(table[unit]))
    matrix = np.zeros((len(units), len(keys.categories)))
    matrix[position, keys.codes] = 1
    return matrix, units, [str(name) for name in keys.categories]


def _count(name: str, given: int | None, found: int) -> int:
    if given is None:
        return found
    if given != int(given) or given < found:
        raise StatisticError(f"{name}={given!r}, but {found} are in the codings; give all who took part")
    return int(given)


@statistic(
    family="coding", symbol="salience", data="codings", returns="frame", bounds=(0, 1), min_n=1,
    invariant_to={"row_order"}, source="doi:10.1371/journal.pone.0198606",
)  # fmt: skip
def code_salience(codings: pd.DataFrame, *, n_groups: int | None = None, n_speakers: int | None = None) -> pd.DataFrame:
    """Count in how many groups, and by how many speakers, each code is raised.

    Definition: `estimate` is groups with at least one turn with the code, divided by all groups. Speakers and
    turns are counted once each, however many coders marked them.

    Parameters
    ----------
    codings : DataFrame, one row per code on a turn
        Columns `group_id`, `person_id`, `turn`, `code_id`; `valence` (+, 0, -) optional. Rows with a missing
        group or code are left out; one without a person counts for groups and turns only.
    n_groups, n_speakers : int, optional
        Groups held and persons who took part, silent ones included. Without them those with a coding are
        counted, which makes shares too large: give them.

    Returns
    -------
    DataFrame
        One row per code, the most widely raised first: `n_groups`, `n_speakers`, `n_turns`, `group_share`,
        `speaker_share`, turns by tone. No interval and no test: persons within a group are not independent.

    Raises
    ------
    StatisticError
        For a missing column, an unknown tone, or a total below the number found.

    Notes
    -----
    A turn that coders gave different tones counts under each of them. Do not rank codes by turns: two
    talkative persons can fill a group.

    References
    ----------
    Weller, S. C., et al. (2018). Open-ended interview questions and saturation. *PLOS ONE, 13*(6), e0198606.
    https://doi.org/10.1371/journal.pone.0198606

    Examples
    --------
    >>> import pandas as pd
    >>> from ktss_analysis.psychometrics.coding import code_salience
    >>> codings = pd.DataFrame({"group_id": ["FG1", "FG1", "FG2"], "person_id": ["a", "a", "b"],
    ...                         "turn": [1, 4, 2], "code_id": ["listening"] * 3})
    >>> code_salience(codings, n_groups=5, n_speakers=40)[["n_speakers", "group_share"]].values.tolist()
    [[2, 0.4]]
    """
    table = _codings(codings, "person_id", "turn")
    speakers = ["group_id", "person_id"]
    groups = _count("n_groups", n_groups, int(table["group_id"].nunique()))
    persons = _count("n_speakers", n_speakers, len(table[speakers].dropna().drop_duplicates()))
    by_code = {
        name: table.dropna(subset=unit).drop_duplicates([*unit, "code_id"]).groupby("code_id").size()
        for name, unit in (("n_groups", ["group_id"]), ("n_speakers", speakers), ("n_turns", _UNITS["turn"]))
    }
    counts = pd.DataFrame(by_code).fillna(0).astype(int)
    counts = counts.join(_tones(table)) if "valence" in table.columns else counts
    counts = counts.fillna(0).astype(int).sort_index().sort_values(
        ["n_groups", "n_speakers", "n_turns"], ascending=False, kind="stable"
    )  # fmt: skip
    share = counts["n_groups"].to_numpy() / max(groups, 1)
    return target_frame(
        counts.index.astype(str), key="code_id", estimate=share,
        method="groups that raise the code / all groups", group_share=share,
        speaker_share=counts["n_speakers"].to_numpy() / max(persons, 1),
        **{name: counts[name].to_numpy() for name in counts}, n_used=groups,
        status=["ok"] * len(counts), reason=[""] * len(counts),
    )  # fmt: skip


def _tones(table: pd.DataFrame) -> pd.DataFrame:
    """Return turns per code and tone."""
    toned = table[table["valence"].notna()]
    names = {"+": "n_positive", "0": "n_neutral", "-": "n_negative"}
    tone = toned["valence"].astype("string").str.strip()
    unknown = ~tone.isin(list(names))
    if unknown.any():
        found = tone[unknown].iloc[0]
        raise StatisticError(f"codings: column 'valence' holds {found!r}; allowed: '+', '0', '-'")
    toned = toned.assign(valence=tone.map(names)).drop_duplicates([*_UNITS["turn"], "code_id", "valence"])
    counts = pd.crosstab(toned["code_id"], toned["valence"])
    return counts.reindex(columns=list(names.values()), fill_value=0)


@statistic(
    family="coding", symbol="new information", data="codings", returns="frame", bounds=(0, None), min_n=2,
    invariant_to={"row_order"}, source="doi:10.1371/journal.pone.0232076",
)  # fmt: skip
def saturation(
    codings: pd.DataFrame, *, base: int = 2, run: int = 1, n_orders: int = 20_000, seed: int = 1
) -> pd.DataFrame:
    r"""Compute how much new the later groups add, over all orders of the groups.

    .. math:: \text{new}_p = \frac{\#\text{ codes first heard in groups } p - run + 1 \ldots p}
              {\#\text{ codes heard in the first } base \text{ groups}}

    Parameters
    ----------
    codings : DataFrame
        Columns `group_id`, `code_id`. A row with a missing code says that the group was held.
    base : int, default 2
        Groups that set the base.
    run : int, default 1
        Consecutive groups looked at together; runs overlap.
    n_orders, seed : int
        Orders sampled, and seed, when there are more than eight groups. With eight or fewer all orders are
        used (120 for five groups), which is exact.

    Returns
    -------
    DataFrame
        One row per number of groups heard (`n_groups`): `estimate` (mean share of new codes), `share_low` and
        `share_high` over the orders, `coverage` (codes heard so far, of all codes) with its range.
        ``undefined`` at positions the base and the first run cover. Orders whose base has no code are left
        out.

    Raises
    ------
    StatisticError
        For a missing column, or base or run below 1.

    Notes
    -----
    The order in which groups were held is one of many; a curve for it alone can look flat by luck. All codes
    are those *found*: nothing tells how many were never raised. A group in which no code was
    raised counts if it has a row with an empty `code_id`.

    References
    ----------
    Guest, G., Namey, E., & Chen, M. (2020). A simple method to assess and report thematic saturation in
    qualitative research. *PLOS ONE, 15*(5), e0232076. https://doi.org/10.1371/journal.pone.0232076

    Examples
    --------
    Three groups; two share their codes, one adds a third code:

    >>> import pandas as pd
    >>> from ktss_analysis.psychometrics.coding import saturation
    >>> codings = pd.DataFrame({"group_id": [1, 1, 2, 2, 3], "code_id": list("ABABC")})
    >>> table = saturation(codings)
    >>> round(float(table["estimate"][2]), 4), float(table["share_high"][2])
    (0.1667, 0.5)
    """
    for name, number in (("base", base), ("run", run)):
        if number != int(number) or number < 1:
            raise StatisticError(f"{name}={number!r}; allowed: whole numbers from 1")
    matrix, _, _ = _incidence(_codings(codings), ["group_id"], "code_id")
    n_silent = codings["group_id"].nunique() - len(matrix)
    n_codes, matrix = matrix.shape[1], np.vstack([matrix, np.zeros((n_silent, matrix.shape[1]))])
    n_groups = len(matrix) if n_codes else 0
    if not n_groups:
        empty = target_frame([], key="n_groups", estimate=[], status=[], reason=[])
        return empty.astype({"n_groups": "Int64"})
    orders, how = _orders(n_groups, n_orders, seed)
    first_heard = _first_heard(matrix.astype(bool), orders)
    usable = (first_heard < min(base, n_groups)).any(axis=1)
    first_heard = first_heard[usable]
    in_base = (first_heard < base).sum(axis=1)
    rows = []
    for position in range(1, n_groups + 1):
        heard = (first_heard < position).mean(axis=1)
        new = ((first_heard < position) & (first_heard >= position - run)).sum(axis=1) / in_base
        shares = [new.mean(), new.min(), new.max()] if position >= base + run else [np.nan] * 3
        rows.append([*shares, heard.mean(), heard.min(), heard.max()])
    names = ("estimate", "share_low", "share_high", "coverage", "coverage_low", "coverage_high")
    columns = dict(zip(names, np.array(rows, dtype=float).T, strict=True))
    late = np.arange(1, n_groups + 1) >= base + run
    return target_frame(
        range(1, n_groups + 1), key="n_groups", **columns, n_orders=len(first_heard), n_used=n_groups,
        method=f"new codes in runs of {run} / codes in the first {base} groups; {how}; {n_codes} codes",
        status=np.where(late, "ok", "undefined").tolist(),
        reason=np.where(late, "", f"the base of {base} and a run of {run} are not complete").tolist(),
    ).astype({"n_groups": "Int64"})  # fmt: skip


def _orders(n_groups: int, n_orders: int, seed: int) -> tuple[NDArray[np.intp], str]:
    """Return orders of the groups, shape (n_orders, n_groups), and how they were made."""
    if n_groups <= MAX_EXACT_GROUPS:
        return np.array(list(permutations(range(n_groups)))), f"all {factorial(n_groups)} orders"
    generator = np.random.default_rng(seed)
    orders = generator.permuted(np.tile(np.arange(n_groups), (n_orders, 1)), axis=1)
    return orders, f"{n_orders} sampled orders"


def _first_heard(heard: NDArray[np.bool_], orders: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the position (from 0) at which each code is first heard, shape (n_orders, n_codes)."""
    places = np.argsort(orders, axis=1)
    first = np.full((len(orders), heard.shape[1]), heard.shape[0])
    for group in range(heard.shape[0]):
        codes = heard[group]
        first[:, codes] = np.minimum(first[:, codes], places[:, [group]])
    return first


@statistic(
    family="coding", symbol="J", data="codings", returns="frame", bounds=(0, 1), min_n=1,
    invariant_to={"row_order"}, source="doi:10.1111/j.1469-8137.1912.tb05611.x",
)  # fmt: skip
def code_cooccurrence(codings: pd.DataFrame, *, unit: str = "turn") -> pd.DataFrame:
    r"""Compute how often each pair of codes goes together (Jaccard index).

    .. math:: J = |A \cap B| / |A \cup B|

    with A and B the units that carry the one and the other code.

    Parameters
    ----------
    codings : DataFrame
        Columns `group_id`, `code_id`, and `turn` or `person_id` for that unit. Rows with a missing cell in one of
        these are left out.
    unit : {"turn", "person", "group"}, default "turn"
        What must carry both codes.

    Returns
    -------
    DataFrame
        One row per pair of codes: `estimate` (0-1), `n_both`, `n_either`, `n_groups` in which they go
        together. No interval: units within a group are not independent.

    Raises
    ------
    StatisticError
        For a missing column or an unknown unit.

    Notes
    -----
    A pair that meets in one or two groups says little; draw only pairs with three groups or more.

    References
    ----------
    Jaccard, P. (1912). The distribution of the flora in the alpine zone. *New Phytologist, 11*, 37-50.
    https://doi.org/10.1111/j.1469-8137.1912.tb05611.x

    Examples
    --------
    >>> import pandas as pd
    >>> from ktss_analysis.psychometrics.coding import code_cooccurrence
    >>> codings = pd.DataFrame({"group_id": ["FG1"] * 4, "turn": [1, 1, 2, 3], "code_id": list("ABAB")})
    >>> row = code_cooccurrence(codings).iloc[0]
    >>> int(row["n_both"]), int(row["n_either"]), round(float(row["estimate"]), 3)
    (1, 3, 0.333)
    """
    keys = _UNITS[check_choice(unit, tuple(_UNITS), "unit")]
    matrix, units, codes = _incidence(_codings(codings, *keys), keys, "code_id")
    first, second = np.triu_indices(len(codes), k=1)
    both = (matrix.T @ matrix)[first, second]
    totals = matrix.sum(axis=0)
    either = totals[first] + totals[second] - both
    places = pd.factorize(units["group_id"])[0]
    groups = np.zeros(len(first))
    for group in range(places.max() + 1 if len(places) else 0):
        part = matrix[places == group]
        groups += (part.T @ part)[first, second] > 0
    return target_frame(
        [codes[index] for index in first], key="code_id", other_code_id=[codes[index] for index in second],
        estimate=both / np.maximum(either, 1), method=f"Jaccard index over units: {unit}", n_both=both,
        n_either=either, n_groups=groups, n_used=len(matrix), status=["ok"] * len(first),
        reason=[""] * len(first),
    )  # fmt: skip


@statistic(
    family="coding", symbol="framework", data="codings", returns="frame", bounds=(0, None), min_n=1,
    invariant_to={"row_order"}, source="doi:10.1186/1471-2288-13-117",
)  # fmt: skip
def framework_matrix(codings: pd.DataFrame, *, by: str = "code_id") -> pd.DataFrame:
    """Count turns and speakers for each code (or skill) in each group: the counts of a framework matrix.

    Definition: a cell counts the turns of a group that carry the code, each once.

    Parameters
    ----------
    codings : DataFrame
        Columns `group_id`, `person_id`, `turn`, `code_id` and the column named in `by`. Rows with a missing group
        or code are left out.
    by : {"code_id", "skill_id", "parent"}, default "code_id"
        Rows of the matrix.

    Returns
    -------
    DataFrame
        Long form, one row per cell, empty cells included: `by`, `group_id`, `n_turns`, `n_speakers`;
        `estimate` is `n_turns`.

    Raises
    ------
    StatisticError
        For a missing column or another `by`.

    Notes
    -----
    The counts are a way in; the summary in each cell is written, and checked, by people. Mask small cells
    before they leave the private folder.

    References
    ----------
    Gale, N. K., et al. (2013). Using the framework method for the analysis of qualitative data. *BMC Medical
    Research Methodology, 13*, 117. https://doi.org/10.1186/1471-2288-13-117

    Examples
    --------
    >>> import pandas as pd
    >>> from ktss_analysis.psychometrics.coding import framework_matrix
    >>> codings = pd.DataFrame({"group_id": ["FG1", "FG2", "FG2"], "person_id": ["a", "b", "b"],
    ...                         "turn": [1, 1, 2], "code_id": ["X", "Y", "Y"]})
    >>> framework_matrix(codings)[["code_id", "group_id", "n_turns"]].values.tolist()
    [['X', 'FG1', 1], ['X', 'FG2', 0], ['Y', 'FG1', 0], ['Y', 'FG2', 2]]
    """
    check_choice(by, ("code_id", "skill_id", "parent"), "by")
    table = _codings(codings, "person_id", "turn", by)
    table = table[table[by].notna()].astype({by: "string", "group_id": "string"})
    cells = pd.MultiIndex.from_product(
        [sorted(table[by].unique()), sorted(table["group_id"].unique())], names=[by, "group_id"]
    )
    counts = {
        name: table.dropna(subset=unit).drop_duplicates([by, *unit]).groupby([by, "group_id"]).size()
        .reindex(cells, fill_value=0).to_numpy()
        for name, unit in (("n_turns", _UNITS["turn"]), ("n_speakers", _UNITS["person"]))
    }  # fmt: skip
    return target_frame(
        cells.get_level_values(0), key=by, group_id=cells.get_level_values(1), estimate=counts["n_turns"],
        method="turns with the code, each counted once", **counts, status=["ok"] * len(cells),
        reason=[""] * len(cells),
    )  # fmt: skip
