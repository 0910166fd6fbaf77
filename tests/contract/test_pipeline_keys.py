"""What counts as a change, what does not, and what the runner does about it; no kernel is started here."""

from __future__ import annotations

import functools
import io
import json
import os
import pickle
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from toy_notebooks import TABLE, WRITE, Toy, edit_notebook, names, tamper_with_output, write_notebook

from ktss_analysis.core import PipelineError
from ktss_analysis.files import sha256_file, sha256_tree, write_atomic
from ktss_analysis.pipeline import execute, keys
from ktss_analysis.pipeline.imports import ModuleGraph
from ktss_analysis.pipeline.keys import DEFAULT_PACKAGES, InputHashes, key_of
from ktss_analysis.pipeline.notebook import read_notebook
from ktss_analysis.pipeline.progress import LiveTable, PlainLines, make_progress
from ktss_analysis.pipeline.record import RunRecord
from ktss_analysis.pipeline.steps import Step, in_order
from ktss_analysis.pipeline.store import Store

ALL = {"01", "02", "03", "04", "05"}


def run_in_this_process(job: execute.Job, watch: execute._Watch) -> str:
    """Stand in for papermill: the same cells, the same files, no kernel."""
    notebook = nbformat.reads(job.notebook, as_version=4)
    notebook.metadata["papermill"] = {}
    watch.notebook, watch.ready = notebook, time.perf_counter()
    namespace: dict[str, object] = {}
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            try:
                exec(cell.source, namespace)
            except Exception as error:
                return f"cell {number + 1}: {execute._one_line(type(error).__name__, str(error))}"
            cell.execution_count = number
            if "parameters" in cell.metadata.get("tags", []):
                namespace.update(job.parameters)
    return ""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    """Return a toy study whose notebooks run in this process."""
    monkeypatch.setattr(execute, "_run_notebook", run_in_this_process)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("toy", "toy.stats"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return Toy(tmp_path)


@pytest.fixture
def ran(toy: Toy) -> Toy:
    """Return the toy study after a first run."""
    assert names(toy.run()) == ALL
    return toy


# ------------------------------------------------------------------ what makes a step run again


@pytest.mark.parametrize(("change", "expected"), TABLE, ids=lambda value: getattr(value, "__name__", ""))
def test_a_change_runs_the_ideal_notebooks_again(ran, change, expected):
    change(ran)
    planned = ran.plan()
    record = ran.run()
    assert names(record) == expected
    assert names(record, "reused") == ALL - expected
    sure = {name[:2] for name, (will_run, _) in planned.items() if will_run is True}
    maybe = {name[:2] for name, (will_run, _) in planned.items() if will_run == "maybe"}
    assert sure <= expected <= sure | maybe
    assert bool(record.warnings) == (change is tamper_with_output)


def test_reasons_name_the_cause(ran):
    changes = dict(zip([change.__name__ for change, _ in TABLE], [change for change, _ in TABLE], strict=True))
    for name in ("edit_prose", "one_parameter", "edit_package", "change_input_row"):
        changes[name](ran)
    reasons = {name: reason for name, (_, reason) in ran.plan().items()}
    assert reasons["02_clean"] == "input b.csv changed"
    expected = "the notebook changed in cell 1; parameter draws: 200 became 500; code toy/stats.py changed"
    assert reasons["03_reliability"] == expected
    assert reasons["05_report"] == "runs if the outputs of 03_reliability, 04_validity change"
    record = ran.run()
    assert record.step("04_validity").reason == "output of 02_clean changed; code toy/stats.py changed"


def test_tampered_value_is_replaced_and_told(ran):
    path = ran.output("03_reliability/rel.json")
    before = path.read_text()
    path.write_text("999999")
    record = ran.run()
    assert path.read_text() == before
    assert record.warnings == ("03_reliability: rel.json altered since it was written",)


def test_outputs_are_read_again_whatever_their_times_say(ran):
    """Same size, same time, other content: an audit must see it."""
    path = ran.output("03_reliability/rel.json")
    state = path.stat()
    path.write_text(path.read_text().replace("1", "7"))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert path.stat().st_size == state.st_size
    assert names(ran.run()) == {"03"}


def test_added_files_and_altered_notebooks_are_noticed(ran):
    ran.output("01_clean/extra.csv").write_text("1")
    executed = ran.output("04_validity/executed.ipynb")
    executed.write_text(executed.read_text() + " ")
    record = ran.run()
    assert names(record) == {"01", "04"}
    assert not ran.output("01_clean/extra.csv").exists()
    assert len(record.warnings) == 2


def test_traces_of_the_desktop_are_not_tampering(ran):
    ran.output("01_clean/.ipynb_checkpoints").mkdir()
    ran.output("01_clean/.ipynb_checkpoints/a.ipynb").write_text("{}")
    ran.output("01_clean/.DS_Store").write_text("x")
    assert names(ran.run()) == set()


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"key": 1}'])
def test_damaged_record_of_a_step_is_not_trusted(ran, damage):
    ran.output("02_clean/step.json").write_text(damage)
    assert names(ran.run()) == {"02"}


def test_forged_key_is_not_trusted(ran):
    path = ran.output("02_clean/step.json")
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "key": "0" * 64}))
    assert names(ran.run()) == {"02"}


def test_versions_lock_file_and_runner_count(ran, monkeypatch):
    ran.lock.write_text("numpy==2\n")
    record = ran.run()
    assert names(record) == ALL
    assert record.step("01_clean").reason == "the lock file changed"
    monkeypatch.setattr(keys, "installed_versions", lambda: {"numpy": "9"})
    assert names(ran.run()) == ALL
    monkeypatch.setattr(keys, "installed_versions", lambda: {"numpy": "10"})
    assert ran.plan()["01_clean"][1] == 'version of numpy: "9" became "10"'
    ran.run()
    monkeypatch.setattr(keys, "RUNNER_VERSION", "next")
    assert ran.plan()["01_clean"] == (True, "the runner changed")


def test_notebook_key_ignores_outputs_and_layout_only(ran):
    def layout(notebook):
        for cell in notebook["cells"]:
            cell["id"] = f"new-{cell['id']}"
            cell["metadata"]["collapsed"] = True
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], 7
            cell["source"] = "".join(cell["source"]).splitlines(keepends=True)
        notebook["metadata"]["kernelspec"] = {"name": "other", "display_name": "other", "language": "python"}

    edit_notebook(ran.notebook("01_clean"), layout)
    assert names(ran.run()) == set()
    edit_notebook(ran.notebook("01_clean"), lambda nb: nb["cells"][2]["metadata"].update(tags=["hide-input"]))
    assert names(ran.run()) == {"01"}
    edit_notebook(ran.notebook("02_clean"), lambda nb: nb["cells"][0].update(cell_type="raw"))
    assert names(ran.run()) == {"02"}


def test_parameter_types_count():
    values = [1, True, "1", 1.5, None, [1], {"a": 1}, float("inf")]
    assert len({key_of({"parameters": {"x": value}}) for value in values}) == len(values)


def test_moved_study_has_the_same_keys(ran, tmp_path):
    moved = ran.copy(tmp_path / "elsewhere")
    assert set(moved.plan().values()) == {(False, "nothing changed")}


def after_ok(executed: Path, out: Path, *, text: str = "page") -> None:
    assert executed.is_file()
    (out / "page.html").write_text(text)


def after_bad(executed: Path, out: Path) -> None:
    raise ValueError("no glyph for this")


def test_function_after_the_notebook_belongs_to_the_step(ran):
    def steps(after):
        return [*ran.steps()[:-1], replace(ran.steps()[-1], after=after, outputs=("page.html",))]

    assert names(ran.run(steps(functools.partial(after_ok, text="one")))) == {"05"}
    assert ran.output("05_report/page.html").read_text() == "one"
    assert names(ran.run(steps(functools.partial(after_ok, text="one")))) == set()
    assert names(ran.run(steps(functools.partial(after_ok, text="two")))) == {"05"}
    with pytest.raises(PipelineError, match=r"after the notebook: ValueError: no glyph for this"):
        ran.run(steps(after_bad))
    assert (ran.root / "failed/05_report.ipynb").is_file()
    with pytest.raises(PipelineError, match=r"declared output page\.html is missing or empty"):
        ran.run(steps(functools.partial(after_ok, text="")))
    with pytest.raises(PipelineError, match="not plain data"):
        ran.run(steps(functools.partial(after_ok, text=object())))


def test_only_and_force(ran):
    assert names(ran.run(only=["03_reliability"], force=True)) == {"03"}
    ran.draws = 5
    record = ran.run(only=["04_validity"])
    assert names(record, "reused") == {"01", "02", "04"}
    assert names(record, "not_run") == {"03", "05"}
    assert names(ran.run(force=True)) == ALL
    assert names(ran.run(only="01_clean"), "reused") == {"01"}
    with pytest.raises(PipelineError, match="there is no step 4"):
        ran.run(only=["4"])


# ------------------------------------------------------------------ failures


def test_failure_stops_what_depends_on_it_and_only_that(ran):
    edit_notebook(ran.notebook("03_reliability"), lambda nb: nb["cells"][3].update(source="1 / 0"))
    (ran.folder / "b.csv").write_text("8\n")
    with pytest.raises(PipelineError) as caught:
        ran.run()
    record = caught.value.record
    assert names(record) == {"02", "04"}
    assert (names(record, "failed"), names(record, "not_run")) == ({"03"}, {"05"})
    assert record.step("03_reliability").reason.startswith("03_reliability.ipynb, cell 4: ZeroDivisionError")
    assert record.step("05_report").reason == "03_reliability failed"
    assert not record.complete
    assert "not run because of this: 05_report" in str(caught.value)
    for name in ("03_reliability", "05_report"):
        assert not ran.output(name).exists()
        assert (ran.root / "stale" / name).is_dir()
    assert (ran.root / "failed/03_reliability.ipynb").is_file()


def test_undoing_a_failure_brings_the_old_results_back(ran):
    path = ran.notebook("03_reliability")
    before = path.read_text()
    edit_notebook(path, lambda nb: nb["cells"][3].update(source="1 / 0"))
    with pytest.raises(PipelineError):
        ran.run()
    path.write_text(before)
    assert names(ran.run(), "reused") == ALL
    assert ran.output("05_report/report.txt").read_text() == "1200 15"


def test_a_step_whose_input_changes_while_it_runs_fails(toy):
    source = toy.folder / "a.csv"
    code = f"{WRITE}Path({str(source)!r}).write_text('9')\nPath(out, 'x').write_text('1')"
    edit_notebook(toy.notebook("01_clean"), lambda nb: nb["cells"][2].update(source=code))
    with pytest.raises(PipelineError, match=r"while the step ran, input a\.csv changed: run again"):
        toy.run(only=["01_clean"])
    assert not toy.output("01_clean").exists()


def test_a_module_that_breaks_during_the_run_fails_the_steps_that_use_it(toy):
    module = toy.packages["toy"] / "stats.py"
    code = f"{WRITE}Path({str(module)!r}).write_text('def')\nPath(out, 'clean_a.csv').write_text('1')"
    edit_notebook(toy.notebook("01_clean"), lambda nb: nb["cells"][2].update(source=code))
    with pytest.raises(PipelineError, match=r"03_reliability failed: .*stats\.py, line 1: not Python") as caught:
        toy.run(jobs=1)
    record = caught.value.record
    assert (names(record), names(record, "failed")) == ({"01", "02"}, {"03", "04"})
    assert record.step("05_report").reason == "03_reliability failed"


def test_outputs_of_steps_no_longer_in_the_graph_are_moved_away(ran):
    record = ran.run(ran.steps()[:4])
    assert not ran.output("05_report").exists()
    assert "05_report is no step of this run" in record.warnings[0]
    assert names(ran.run(), "reused") == ALL


def test_left_over_folders_of_a_killed_run_are_removed(ran):
    left = ran.root / "stages/.tmp-03_reliability-x"
    left.mkdir()
    (left / "rel.json").write_text("1")
    ran.run()
    assert not left.exists()


def test_two_runs_in_one_folder_exclude_each_other(ran):
    with Store(ran.root).locked(), pytest.raises(PipelineError, match=f"process {os.getpid()}, since 20"):
        ran.run()
    (ran.root / ".lock").write_text('{"pid": 1, "started": "long ago"}')
    assert names(ran.run(), "reused") == ALL


# ------------------------------------------------------------------ refused before anything runs


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"drawz": 5}, "unknown parameter 'drawz'; parameter 'draws' is not given .*has: out, root, draws"),
        ({}, "parameter 'draws' is not given"),
        ({"draws": Path("x")}, "parameter 'draws' is PosixPath"),
        ({"draws": [1, {2}]}, "parameter 'draws' is list"),
        ({"draws": 1, "out": "x"}, "'out' is filled in by the runner"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="the name of the path type differs")
def test_wrong_parameters_are_refused(toy, parameters, message):
    steps = toy.steps()
    steps[2] = replace(steps[2], parameters=parameters)
    with pytest.raises(PipelineError, match=message):
        toy.run(steps)
    assert not toy.root.exists()


@pytest.mark.parametrize(
    ("cell", "message"),
    [("import os", "holds 'import os'"), ("x, y = 1, 2", "holds"), ("x = ", "not Python")],
)
def test_parameters_cell_holds_assignments_only(tmp_path, cell, message):
    notebook = read_notebook(write_notebook(tmp_path / "n.ipynb", parameters=cell))
    with pytest.raises(PipelineError, match=message):
        notebook.parameter_names()


def test_graph_faults_are_refused(toy, tmp_path):
    path = toy.notebook("01_clean")

    def refused(*steps, match):
        with pytest.raises(PipelineError, match=match):
            in_order(steps)

    refused(Step("a", path), Step("a", path), match="two steps are named a")
    refused(Step("a", path, needs=("b",)), match="a needs b; steps there are: a")
    refused(Step("a", path, needs=("b",)), Step("b", path, needs=("a",)), match="in a circle")
    with pytest.raises(PipelineError, match=r"named '\.\./a'"):
        Step("../a", path)
    (tmp_path / "none.ipynb").write_text("{")
    for name, match in (("absent", "no such notebook"), ("none", "not a notebook")):
        with pytest.raises(PipelineError, match=match):
            toy.run([Step("a", tmp_path / f"{name}.ipynb")])
    steps = toy.steps()
    with pytest.raises(PipelineError, match=r"01_clean: input .*gone\.csv cannot be read"):
        toy.run([replace(steps[0], inputs=(tmp_path / "gone.csv",)), *steps[1:]])
    with pytest.raises(PipelineError, match=r"there is no module toy\.nothing"):
        toy.run([replace(steps[0], modules=("toy.nothing",)), *steps[1:]])
    assert not toy.root.exists()


# ------------------------------------------------------------------ the modules that a notebook reaches


@pytest.fixture
def package(tmp_path: Path) -> ModuleGraph:
    """Return a package in which each module imports in another way."""
    files = {
        "__init__.py": "",
        "plain.py": "from . import base",
        "base.py": "",
        "lazy.py": "def f():\n    from .sub.deep import x\n    return x",
        "typed.py": "import typing as t\nif t.TYPE_CHECKING:\n    from .base import y\nelse:\n    y = 1",
        "named.py": "import importlib as i\ni.import_module('pack.base')\ni.import_module('.plain', 'pack')",
        "exempt.py": "def f():\n    from . import base  # not in step keys",
        "absolute.py": "import pack.sub.other as o, os",
        "sub/__init__.py": "",
        "sub/deep.py": "from ..base import x",
        "sub/other.py": "",
        "sub/texts/de.json": "{}",
        "sub/texts/.hidden": "",
        "loader/__init__.py": "import importlib as i\ndef f(n):\n    i.import_module(f'pack.loader.{n}')",
        "loader/one.py": "from .. import base",
        "flat/only.py": "",
    }
    for name, text in files.items():
        path = tmp_path / "pack" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return ModuleGraph({"pack": tmp_path / "pack"})


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("pack.base", {"base.py"}),
        ("pack.plain", {"plain.py", "base.py"}),
        ("pack.lazy", {"lazy.py", "sub/__init__.py", "sub/deep.py", "base.py", "sub/texts/de.json"}),
        ("pack.typed", {"typed.py"}),
        ("pack.named", {"named.py", "base.py", "plain.py"}),
        ("pack.exempt", {"exempt.py"}),
        ("pack.absolute", {"absolute.py", "sub/__init__.py", "sub/other.py", "sub/texts/de.json"}),
        ("pack.loader", {"loader/__init__.py", "loader/one.py", "base.py"}),
        ("pack.flat.only", {"flat/only.py"}),
    ],
)
def test_closure_of_imports(package, module, expected):
    assert set(package.hashes([module])) == {f"pack/{name}" for name in expected | {"__init__.py"}}


def test_notebook_imports(package, tmp_path):
    def found(*cells):
        return package.from_notebook(read_notebook(write_notebook(tmp_path / "n.ipynb", *cells)))

    assert found("import os\n%matplotlib inline\nfrom pack.sub import deep") == {
        "pack",
        "pack.sub",
        "pack.sub.deep",
    }
    assert found("%%bash\nfrom pack import base", "!ls") == set()
    everything = found("for")
    assert {"pack.flat.only", "pack.loader.one", "pack.sub.deep"} <= everything
    assert found("import importlib\nname = 'x'\nimportlib.import_module(name)") == everything


def test_real_package_core_depends_on_nothing_else():
    labels = set(ModuleGraph(DEFAULT_PACKAGES).hashes(["ktss_analysis.core"]))
    assert {name for name in labels if name.endswith(".py")} == {
        "ktss_analysis/__init__.py",
        "ktss_analysis/core.py",
    }


# ------------------------------------------------------------------ cost, record, display, files


def test_nothing_to_do_is_fast_and_loads_no_notebook_library(ran):
    """Twelve steps; papermill alone takes half a second to import."""
    for number in range(6, 13):
        write_notebook(
            ran.notebook(f"{number:02}_more"),
            "from toy import stats",
            "import pathlib\npathlib.Path(out, 'x').write_text('1')",
        )
    steps = [
        *ran.steps(),
        *(Step(f"{n:02}_more", ran.notebook(f"{n:02}_more"), ("05_report",)) for n in range(6, 13)),
    ]
    assert len(ran.run(steps).steps) == 12
    script = (
        "import pickle, sys, time\nbegin = time.perf_counter()\n"
        "from ktss_analysis.pipeline.runner import run_steps\n"
        "steps, root, options = pickle.loads(bytes.fromhex(sys.argv[1]))\nstart = time.perf_counter()\n"
        "record = run_steps(steps, root, **options)\nend = time.perf_counter()\n"
        "assert all(step.state == 'reused' for step in record.steps), record\n"
        "heavy = {'papermill', 'nbformat', 'nbconvert', 'pandas', 'numpy', 'rich', 'jupyter_client'}\n"
        "print(end - start, *sorted(heavy & set(sys.modules)))\n"
    )
    given = pickle.dumps((steps, ran.root, ran.options())).hex()
    repository = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script, given], capture_output=True, text=True, check=False, cwd=repository
    )
    assert done.returncode == 0, done.stderr
    seconds, *loaded = done.stdout.split()
    assert loaded == []
    assert float(seconds) < 1


def test_job_and_function_can_be_sent_to_a_cluster():
    job = execute.Job("r", "n", "n.ipynb", "{}", {"a": 1}, "t", "f", "r", after=functools.partial(after_ok, text="x"))
    assert pickle.loads(pickle.dumps(job)).after.keywords == {"text": "x"}
    assert pickle.loads(pickle.dumps(execute.execute)) is execute.execute


def test_record_is_complete_and_readable(ran):
    ran.draws = 7
    record = ran.run(seed=11, command="ktss run study.yaml")
    read = RunRecord.from_json((ran.root / "run.json").read_text())
    assert read == record
    assert record.complete
    assert (record.seed, record.command) == (11, "ktss run study.yaml")
    assert record.versions["packages"]["papermill"]
    step = record.step("03_reliability")
    assert step.outputs == {"rel.json": sha256_file(ran.output("03_reliability/rel.json"))}
    assert step.reason == "parameter draws: 200 became 7"
    assert set(step.seconds) == {"kernel_start", "execution", "total"}
    assert record.step("01_clean").seconds == {}
    assert record.step("01_clean").produced < step.produced
    lines = record.time_table().splitlines()
    assert len(lines) == 1 + 5 + 2
    assert len({len(line) for line in lines}) == 1
    with pytest.raises(PipelineError, match="no step x"):
        record.step("x")


def test_executed_notebook_hash_ignores_times_and_places(ran, tmp_path):
    first = ran.run().step("03_reliability").normalised_sha256
    executed = ran.output("03_reliability/executed.ipynb").read_text()
    assert ".tmp-" not in executed
    assert execute.normalised_sha256(executed, root=ran.root) == first
    record = ran.run(force=True)
    assert record.step("03_reliability").normalised_sha256 == first
    other = json.loads(executed)
    other["cells"][2]["metadata"]["papermill"] = {"duration": 3}
    other["cells"][2]["id"] = "other"
    assert execute.normalised_sha256(json.dumps(other), root=ran.root) == first
    other["cells"][2]["source"] = "changed"
    assert execute.normalised_sha256(json.dumps(other), root=ran.root) != first


def test_plain_lines_tell_state_time_and_reason(toy):
    stream = io.StringIO()
    assert isinstance(make_progress(stream), PlainLines)
    toy.run(progress=PlainLines(stream))
    tamper_with_output(toy)
    toy.run(progress=PlainLines(stream))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 5 + 1 + 5
    first = next(line for line in lines if line.startswith("ran      01_clean "))
    assert first.endswith(" s  there is no earlier result")
    assert "warning: 03_reliability: rel.json altered since it was written" in lines


def test_live_table_shows_all_steps(toy):
    from rich.console import Console

    stream = io.StringIO()
    toy.run(progress=LiveTable(Console(file=stream, force_terminal=True, width=120, color_system=None)))
    last = stream.getvalue().split("step ")[-1]
    for name in ("01_clean", "05_report"):
        assert name in last
    assert "waiting" not in last
    assert last.count("ran ") == 5


def test_input_hashes_are_remembered_only_when_it_is_safe(tmp_path):
    path, store = tmp_path / "raw.csv", tmp_path / "hashes.json"
    path.write_text("1")
    fresh = InputHashes(store)
    assert fresh.sha256(path, "s") == sha256_file(path)
    fresh.save()
    assert not store.exists()
    old = time.time_ns() - 10**11
    os.utime(path, ns=(old, old))
    fresh.sha256(path, "s")
    fresh.save()
    content = json.loads(store.read_text())
    assert InputHashes(store).sha256(path, "s") == content[str(path.resolve())][1] == sha256_file(path)
    content[str(path.resolve())][1] = "remembered"
    store.write_text(json.dumps(content))
    assert InputHashes(store).sha256(path, "s") == "remembered"
    path.write_text("2")
    assert InputHashes(store).sha256(path, "s") == sha256_file(path)
    store.write_text("{")
    assert InputHashes(store).sha256(path, "s") == sha256_file(path)


def test_atomic_writing_and_tree_hashes(tmp_path, monkeypatch):
    path = tmp_path / "sub.txt"
    write_atomic(path, "é\r\n")
    assert path.read_bytes() == "é\r\n".encode()
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_atomic(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == "é\r\n".encode()
    assert [entry.name for entry in tmp_path.iterdir()] == ["sub.txt"]
    path.chmod(0o600)
    write_atomic(path, "private")
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
    before = sha256_tree(tmp_path)
    path.rename(tmp_path / "other.txt")
    assert sha256_tree(tmp_path) != before
    (tmp_path / "other.txt").rename(path)
    (tmp_path / "empty").mkdir()
    assert sha256_tree(tmp_path) == before
