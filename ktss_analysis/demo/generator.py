"""Writes the whole demonstration study: raw exports, study file, framework, and the planted truth apart."""

from __future__ import annotations

import shutil
from pathlib import Path

from . import exports
from .groups import focus_groups
from .panels import assembly, best_worst, quality_board, workshop
from .people import make_people
from .reviews import guide_review, tool_review
from .setting import HERE, Setting, read_text_file
from .triage import triage
from .truth import write_truth

DEFAULT_SEED: int = read_text_file("plan.yaml")["seed"]


def write_demo(
    folder: Path,
    *,
    seed: int | None = None,
    params_dir: Path | None = None,
    n: int | None = None,
    clean: bool = False,
    null: bool = False,
    orphan_decision: bool = False,
) -> None:
    """Write the demonstration study; the same options give the same bytes.

    Parameters
    ----------
    folder : pathlib.Path
        Where to write. Without `params_dir` it becomes a study folder of its own: ``study.yaml``,
        ``framework.yaml``, ``rules.yaml``, ``data/`` with the raw exports and ``truth/``. With `params_dir`
        it takes the raw exports and ``truth/`` only.
    seed : int, optional
        Seed of all random numbers; without it the one of ``plan.yaml``.
    params_dir : pathlib.Path, optional
        Where study file and framework go; the rules file is expected one folder above it.
    n : int, optional
        People per source, 4 or more, for very small studies.
    clean : bool
        The same answers without defects of format, without repeated and late submissions.
    null : bool
        No structure: all skills alike, answers without a common factor, codes and choices at random.
    orphan_decision : bool
        One decision answers a suggestion that does not exist.

    Notes
    -----
    Every part draws from a stream of random numbers of its own, named after its purpose. So a dirty and a
    clean study carry the same answers, and a change in one part leaves the others as they were.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as place:
    ...     write_demo(Path(place), seed=7)
    ...     sorted(path.name for path in Path(place).iterdir())
    ['data', 'framework.yaml', 'rules.yaml', 'study.yaml', 'truth']
    """
    setting = Setting(
        DEFAULT_SEED if seed is None else seed, n=n, clean=clean, null=null, orphan_decision=orphan_decision
    )
    folder = Path(folder)
    data = folder if params_dir is not None else folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    people = make_people(setting)
    guide, tool = guide_review(setting, people), tool_review(setting, people)
    panel, desk = workshop(setting, people), triage(setting, people)
    exports.register(setting, people, data)
    exports.guide_review(setting, people, guide, desk, data)
    exports.tool_review(setting, people, tool, data)
    exports.workshop(setting, panel, data)
    exports.small_files(
        setting, quality_board(setting, people), assembly(setting, people), best_worst(setting, people), data
    )
    exports.focus_groups(focus_groups(setting, people), desk, data)
    exports.triage(desk, data)
    write_truth(setting, people, tool.truth, panel, desk, folder / "truth")
    _write_params(folder, params_dir)


def _write_params(folder: Path, params_dir: Path | None) -> None:
    target = folder if params_dir is None else Path(params_dir)
    target.mkdir(parents=True, exist_ok=True)
    text = (HERE / "texts" / "study.yaml").read_text(encoding="utf-8")
    if params_dir is None:
        text = text.replace("data_dir: ../../data/demo", "data_dir: data").replace(
            "rules: ../rules.yaml", "rules: rules.yaml"
        )
        shutil.copyfile(_rules_file(), target / "rules.yaml")
    (target / "study.yaml").write_bytes(text.encode("utf-8"))
    (target / "framework.yaml").write_bytes((HERE / "texts" / "framework.yaml").read_bytes())


def _rules_file() -> Path:
    """Return the decision rules: in the installed package, else in the repository."""
    bundled = HERE.parent / "_bundled" / "params" / "rules.yaml"
    return bundled if bundled.is_file() else HERE.parent.parent / "params" / "rules.yaml"
