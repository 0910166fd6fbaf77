"""The two engines agree on any data both can handle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ktss_analysis.psychometrics.intraclass import MODELS, icc
from ktss_analysis.psychometrics.oracle import second_opinion
from ktss_analysis.psychometrics.reliability import cronbach_alpha

cells = st.one_of(st.integers(1, 6).map(float), st.just(np.nan))
tables = hnp.arrays(float, st.tuples(st.integers(4, 20), st.integers(2, 5)), elements=cells)
complete = hnp.arrays(float, st.tuples(st.integers(4, 12), st.integers(2, 4)), elements=st.integers(1, 9).map(float))


@given(tables)
@settings(max_examples=40, deadline=None)
def test_alpha_agrees(data):
    ours, theirs = cronbach_alpha(data, missing="listwise"), second_opinion("cronbach_alpha", data)
    assume(ours.status == "ok")
    assert theirs.value == pytest.approx(ours.value, rel=1e-10, abs=1e-10)
    assert theirs.n_used == ours.n_used


@given(complete, st.sampled_from(MODELS))
@settings(max_examples=15, deadline=None)
def test_icc_agrees(data, model):
    ours = icc(data, model=model)
    assume(ours.status == "ok" and abs(ours.value) < 1e6 and ours.value < 1 - 1e-9)
    assert second_opinion("icc", data, model=model).value == pytest.approx(ours.value, rel=1e-9, abs=1e-10)
