"""The runner with real kernels: the table of changes, failures, interruptions, parallel execution."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import psutil
import pytest
from toy_notebooks import TABLE, WRITE, Toy, names, tamper_with_output, write_notebook

from ktss_analysis.core import PipelineError
from ktss_analysis.pipeline import kernels
from ktss_analysis.pipeline.progress import Silent
from ktss_analysis.pipeline.record import RunRecord
from ktss_analysis.pipeline.runner import run_steps
from ktss_analysis.pipeline.steps import Step

REPOSITORY = Path(__file__).resolve().parents[2]


def processes_below(process: psutil.Process | None = None) -> list[psutil.Process]:
    """Return all living descendants of a process, this one by default."""
    living = []
    for child in (process or psutil.Process()).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            tracker = any("resource_tracker" in word for word in child.cmdline())
            if child.status() != psutil.STATUS_ZOMBIE and not tracker:
                living.append(child)
    return living


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """No test may leave a kernel behind."""
    before = set(processes_below())
    yield
    assert set(processes_below()) <= before


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> tuple[Toy, RunRecord]:
    """Return a toy study after a clean run, and its record; tests copy its folder before they change it."""
    toy = Toy(tmp_path_factory.mktemp("clean"))
    return toy, toy.run()


def unfinished(root: Path) -> list[Path]:
    return list(root.rglob(".tmp-*"))


def quiet(steps: list[Step], root: Path, **more):
    return run_steps(steps, root, progress=Silent(), **more)


def test_each_change_runs_the_ideal_notebooks_again(tmp_path, clean):
    """The column 'Ideal' of the comparison of runners; a study moved to another folder starts unchanged."""
    original, first = clean
    assert names(first) == {"01", "02", "03", "04", "05"}
    toy = original.copy(tmp_path / "moved")
    assert toy.output("05_report/report.txt").read_text() == "1200 15"
    for change, expected in TABLE:
        change(toy)
        planned = toy.plan()
        record = toy.run()
        assert names(record) == expected, change.__name__
        assert {name[:2] for name, (will_run, _) in planned.items() if will_run is True} <= expected
        assert not {name[:2] for name, (will_run, _) in planned.items() if will_run is False} & expected
        assert bool(record.warnings) == (change is tamper_with_output)
    assert toy.output("05_report/report.txt").read_text() == "3000 23"
    assert not unfinished(toy.root)


def test_failures_are_told_and_other_branches_go_on(tmp_path, capfd):
    """`sys.exit(0)` and a dead kernel are recorded as complete by papermill; here they fail."""
    causes = {
        "raises": "raise ValueError('no items left\\nsecond line')",
        "exits": "import sys\nsys.exit(0)",
        "dies": "import os\nos._exit(0)",
        "syntax": "for",
    }
    steps = [Step(n, write_notebook(tmp_path / f"{n}.ipynb", "x = 1", c, "y = 2")) for n, c in causes.items()]
    report = write_notebook(tmp_path / "below.ipynb", "x = 1")
    steps.append(Step("below", report, needs=("raises",)))
    steps.append(Step("far_below", report, needs=("below", "apart")))
    steps.append(Step("apart", write_notebook(tmp_path / "apart.ipynb", "x = 1")))
    with pytest.raises(PipelineError) as caught:
        run_steps(steps, tmp_path / "run")
    record = caught.value.record
    reasons = {step.name: step.reason for step in record.steps}
    assert names(record, "failed") == {name[:2] for name in causes}
    assert reasons["raises"] == "raises.ipynb, cell 4: ValueError: no items left (see failed/raises.ipynb)"
    assert "exits.ipynb, cell 4: SystemExit: 0" in reasons["exits"]
    assert "dies.ipynb, cell 4: DeadKernelError" in reasons["dies"]
    assert "cell 4: SyntaxError" in reasons["syntax"] or "cell 4: IndentationError" in reasons["syntax"]
    assert reasons["below"] == reasons["far_below"] == "raises failed"
    assert record.step("apart").state == "ran"
    assert record.step("below").state == record.step("far_below").state == "not_run"
    for name in causes:
        kept = json.loads((tmp_path / "run/failed" / f"{name}.ipynb").read_text())
        assert any("x = 1" in "".join(cell["source"]) for cell in kept["cells"])
        assert not (tmp_path / "run/stages" / name).exists()
    assert json.loads((tmp_path / "run/run.json").read_text())["steps"] == json.loads(record.to_json())["steps"]
    shown = capfd.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == len(steps)
    assert not unfinished(tmp_path / "run")


def test_kernel_is_isolated_and_notebooks_overlap(tmp_path, monkeypatch):
    """One thread, this interpreter, no settings of the user; two notebooks run at the same time."""
    startup = tmp_path / "home/.ipython/profile_default/startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("leaked = True\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("IPYTHONDIR", raising=False)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "empty"))
    code = textwrap.dedent("""
        import json, os, sys, time
        begin = time.time()
        other = os.path.join(os.path.dirname(root), "met-" + ("b" if me == "a" else "a"))
        open(os.path.join(os.path.dirname(root), "met-" + me), "w").close()
        while not os.path.exists(other) and time.time() < begin + 60:
            time.sleep(.02)
        facts = {"python": sys.executable, "threads": os.environ["OMP_NUM_THREADS"]}
        facts["met"], facts["leaked"] = os.path.exists(other), "leaked" in globals()
        facts["folder"] = os.path.samefile(os.getcwd(), out)
        print(out)
        json.dump(facts, open(os.path.join(out, "facts.json"), "w"))
    """)
    parameters = 'out = ""\nroot = ""\nme = ""'
    steps = [
        Step(
            name,
            write_notebook(tmp_path / f"{name}.ipynb", code, parameters=parameters),
            parameters={"me": name},
        )
        for name in "ab"
    ]
    root = tmp_path / "a run {é} 'x'"
    quiet(steps, root, jobs=2)
    expected = {"python": sys.executable, "threads": "1", "met": True, "leaked": False, "folder": True}
    for name in "ab":
        assert json.loads((root / "stages" / name / "facts.json").read_text()) == expected
        assert ".tmp-" not in (root / "stages" / name / "executed.ipynb").read_text(encoding="utf-8")


def test_a_kernel_that_does_not_start_is_tried_once_more(tmp_path, monkeypatch):
    """Only a failed start is tried again; the second kernel does the work."""
    program = tmp_path / "python"
    flag = tmp_path / "failed-once"
    program.write_text(
        f'#!/bin/sh\nif [ ! -e "{flag}" ]; then touch "{flag}"; echo "no luck" >&2; exit 3; fi\n'
        f'exec "{sys.executable}" "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setattr(kernels.sys, "executable", str(program))
    step = Step("one", write_notebook(tmp_path / "one.ipynb", WRITE + "Path(out, 'x').write_text('x')"))
    record = quiet([step], tmp_path / "run")
    assert record.step("one").state == "ran"
    assert any("did not start" in warning for warning in record.warnings)
    program.write_text("#!/bin/sh\necho 'no luck at all' >&2\nexit 3\n")
    with pytest.raises(PipelineError, match=r"no kernel could be started.*no luck at all"):
        quiet([step], tmp_path / "run", force=True)


def test_execution_in_other_processes_gives_the_same(tmp_path, clean):
    """The job is plain data: an executor of other processes, or of a cluster, can take it."""
    here, other = clean[1], Toy(tmp_path)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        there = other.run(only=["03_reliability"], executor=executor)
    for name in ("01_clean", "03_reliability"):
        assert here.step(name).key == there.step(name).key
        assert here.step(name).outputs == there.step(name).outputs
        assert here.step(name).normalised_sha256 == there.step(name).normalised_sha256
        assert here.step(name).outputs
    assert names(there, "not_run") == {"02", "04", "05"}


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from toy_notebooks import Toy
toy = Toy(Path({folder!r}), new=False)
print("ready", flush=True)
toy.run()
print("done", flush=True)
"""


def start_run(toy: Toy) -> subprocess.Popen[str]:
    script = SCRIPT.format(tests=str(REPOSITORY / "tests/support"), folder=str(toy.folder))
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def wait_for(condition, seconds: float = 60) -> None:
    end = time.time() + seconds
    while not condition():
        assert time.time() < end, "waited in vain"
        time.sleep(0.02)


def end_of(process: subprocess.Popen[str]) -> None:
    """Wait for a process and for everything it started."""
    process.wait(30)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stderr.close()


def test_killed_runs_leave_nothing_that_is_used(tmp_path, clean):
    """SIGKILL at several moments, a second run meanwhile, then a complete run: the outputs of a clean one."""
    toy = Toy(tmp_path)
    expected = {step.name: step.outputs for step in clean[1].steps}
    moments = random.Random(20261123)
    for number in range(3):
        process = start_run(toy)
        wait_for(lambda: unfinished(toy.root))
        if number == 0:
            with pytest.raises(PipelineError, match=rf"at work here \(process {process.pid},"):
                toy.run()
        left = processes_below(psutil.Process(process.pid))
        time.sleep(moments.uniform(0.0, 1.2))
        left += processes_below(psutil.Process(process.pid)) if process.poll() is None else []
        process.kill()
        end_of(process)
        assert {p.name for p in toy.root.glob("stages/*") if not p.name.startswith(".tmp-")} <= set(expected)
        psutil.wait_procs(left, timeout=20)  # kernels end on their own when the runner is gone
    record = toy.run()
    assert {step.name: step.outputs for step in record.steps} == expected
    assert not unfinished(toy.root)


def test_interruption_ends_kernels_at_once(tmp_path):
    """Ctrl-C: no kernel and no unfinished folder is left, and the record tells what was not run."""
    toy = Toy(tmp_path)
    flag = tmp_path / "sleeping"
    write_notebook(
        toy.notebook("01_clean"),
        "import subprocess, time\nsubprocess.Popen(['sleep', '100'])",
        f"open({str(flag)!r}, 'w').close()\ntime.sleep(100)",
        parameters='out = ""\nsource = ""',
    )
    process = start_run(toy)
    wait_for(flag.exists)
    children = processes_below(psutil.Process(process.pid))
    assert len(children) >= 2
    begin = time.time()
    process.send_signal(signal.SIGINT)
    end_of(process)
    assert process.returncode not in (0, None)
    assert time.time() - begin < 15
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive
    assert not unfinished(toy.root)
    states = {step["name"]: step for step in json.loads((toy.root / "run.json").read_text())["steps"]}
    assert states["05_report"]["state"] == "not_run"
    assert states["05_report"]["reason"] == "the run was interrupted"
