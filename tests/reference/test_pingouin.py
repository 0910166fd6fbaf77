"""A second engine: pingouin's point estimates equal ours; its interval with missing rows is not used."""

from __future__ import annotations

import ast

import numpy as np
import pandas as pd
import pytest

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics.intraclass import MODELS, icc
from ktss_analysis.psychometrics.oracle import second_opinion
from ktss_analysis.psychometrics.reliability import cronbach_alpha


@pytest.fixture
def sixty_with_seventeen_complete():
    """The size of the case in which the wrong interval was found: 60 persons, 17 of them complete."""
    generator = np.random.default_rng(12)
    trait = generator.normal(size=(60, 1))
    data = np.clip(np.rint(3.5 + 1.5 * trait + generator.normal(size=(60, 6))), 1, 6)
    data[np.arange(43), generator.integers(0, 6, size=43)] = np.nan
    return pd.DataFrame(data, columns=list("abcdef"))


def test_alpha_agrees_to_ten_digits(sixty_with_seventeen_complete):
    ours = cronbach_alpha(sixty_with_seventeen_complete, missing="listwise")
    theirs = second_opinion("cronbach_alpha", sixty_with_seventeen_complete)
    assert theirs.value == pytest.approx(ours.value, abs=1e-10)
    assert (theirs.n_used, theirs.n_missing) == (ours.n_used, ours.n_missing) == (17, 43)
    assert theirs.method.startswith("pingouin ")


@pytest.mark.parametrize("model", MODELS)
def test_icc_agrees_to_ten_digits(model):
    ratings = np.random.default_rng(3).integers(1, 8, size=(12, 4)) + np.arange(12)[:, None] / 2
    assert second_opinion("icc", ratings, model=model).value == pytest.approx(
        icc(ratings, model=model).value, abs=1e-10
    )


def test_interval_of_a_listwise_call_is_that_of_the_rows_left(sixty_with_seventeen_complete):
    """R28: the interval must not know of persons who were dropped. pingouin's does; ours does not."""
    import pingouin

    data = sixty_with_seventeen_complete
    listwise, dropped = cronbach_alpha(data, missing="listwise"), cronbach_alpha(data.dropna())
    assert (listwise.low, listwise.high) == (dropped.low, dropped.high)
    theirs_listwise = pingouin.cronbach_alpha(data=data, nan_policy="listwise")
    theirs_dropped = pingouin.cronbach_alpha(data=data.dropna())
    assert theirs_dropped[1] == pytest.approx([dropped.low, dropped.high], abs=5.1e-4)
    assert theirs_listwise[0] == pytest.approx(theirs_dropped[0], abs=1e-12)
    # When this fails, pingouin has mended its count: the warning in oracle.py can then go.
    width = theirs_listwise[1][1] - theirs_listwise[1][0]
    assert width < 0.7 * (theirs_dropped[1][1] - theirs_dropped[1][0])


def test_adapter_never_passes_a_missing_row(sixty_with_seventeen_complete, monkeypatch):
    import pingouin

    seen = []
    real = pingouin.cronbach_alpha
    monkeypatch.setattr(pingouin, "cronbach_alpha", lambda data: seen.append(data) or real(data=data))
    second_opinion("cronbach_alpha", sixty_with_seventeen_complete)
    assert len(seen) == 1
    assert not seen[0].isna().any().any()
    assert len(seen[0]) == 17


def test_oracle_is_the_only_module_that_imports_pingouin(repo):
    importing = set()
    for path in (repo / "ktss_analysis").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] == "pingouin" for name in names):
                importing.add(path.relative_to(repo / "ktss_analysis").as_posix())
    assert importing == {"psychometrics/oracle.py"}


def test_pingouin_is_loaded_only_when_asked(repo):
    import subprocess
    import sys

    code = "import sys, ktss_analysis.psychometrics.oracle; sys.exit('pingouin' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=repo, check=False).returncode == 0


@pytest.mark.parametrize(("data", "status"), [
    (np.empty((0, 3)), "too_few"), (np.ones((1, 3)), "too_few"), (np.ones((5, 1)), "undefined"),
    (np.full((6, 3), np.nan), "too_few"), (np.full((6, 3), 2.0), "undefined"),
])  # fmt: skip
@pytest.mark.parametrize("name", ["cronbach_alpha", "icc"])
def test_bad_data_give_a_reason(name, data, status):
    opinion = second_opinion(name, data)
    assert (opinion.status, opinion.value) == (status, None)
    assert opinion.reason


def test_unknown_name_is_refused():
    with pytest.raises(StatisticError, match="name='kappa'; allowed"):
        second_opinion("kappa", [[1, 2]])
