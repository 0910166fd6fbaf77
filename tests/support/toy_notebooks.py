"""A toy study of five notebooks and a toy package, for the tests of the runner."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat

from ktss_analysis.pipeline.plan import plan_steps
from ktss_analysis.pipeline.progress import Silent
from ktss_analysis.pipeline.record import RunRecord
from ktss_analysis.pipeline.runner import run_steps
from ktss_analysis.pipeline.steps import Step

WRITE = "from pathlib import Path\n"


def write_notebook(path: Path, *cells: str, parameters: str = 'out = ""\nroot = ""', prose: str = "") -> Path:
    """Write a notebook with a Markdown cell, a tagged parameters cell and code cells."""
    tagged = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}, id="parameters")
    code = [nbformat.v4.new_code_cell(cell, id=f"code-{number}") for number, cell in enumerate(cells)]
    head = nbformat.v4.new_markdown_cell(prose or f"# {path.stem}", id="prose")
    notebook = nbformat.v4.new_notebook(cells=[head, tagged, *code])
    path.write_text(nbformat.writes(notebook), encoding="utf-8")
    return path


def edit_notebook(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a notebook's JSON in place."""
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


class Toy:
    """Two cleaning notebooks, two analyses that use the package, one report."""

    def __init__(self, folder: Path, *, new: bool = True) -> None:
        self.folder, self.root = folder, folder / "run"
        self.draws = 200
        self.packages = {"toy": folder / "toy"}
        self.lock = folder / "requirements.lock"
        if new:
            self._write()

    def copy(self, folder: Path) -> Toy:
        """Return a copy of the study in another folder, with all that was run."""
        shutil.copytree(self.folder, folder)
        return Toy(folder, new=False)

    def _write(self) -> None:
        folder, package = self.folder, self.packages["toy"]
        package.mkdir(parents=True)
        (package / "__init__.py").write_text('"""Toy."""\n')
        (package / "stats.py").write_text("def total(text):\n    return sum(map(int, text.split()))\n")
        (package / "unused.py").write_text("VALUE = 1\n")
        self.lock.write_text("numpy==1\n")
        (folder / "a.csv").write_text("1\n2\n3\n")
        (folder / "b.csv").write_text("4\n5\n")
        for letter, name in (("a", "01_clean"), ("b", "02_clean")):
            self._notebook(
                name,
                f"text = Path(source).read_text()\nPath(out, 'clean_{letter}.csv').write_text(text.strip())",
                given='source = ""',
            )
        self._notebook(
            "03_reliability",
            "from toy.stats import total",
            "value = total(Path(root, 'stages/01_clean/clean_a.csv').read_text()) * draws",
            "Path(out, 'rel.json').write_text(str(value))",
            given="draws: int = 1  # bootstrap draws",
        )
        self._notebook(
            "04_validity",
            "from toy import stats",
            "paths = [Path(root, 'stages', p) for p in ('01_clean/clean_a.csv', '02_clean/clean_b.csv')]",
            "Path(out, 'val.json').write_text(str(sum(stats.total(path.read_text()) for path in paths)))",
        )
        self._notebook(
            "05_report",
            "paths = [Path(root, 'stages', p) for p in ('03_reliability/rel.json', '04_validity/val.json')]",
            "Path(out, 'report.txt').write_text(' '.join(path.read_text() for path in paths))",
        )

    def _notebook(self, name: str, *cells: str, given: str = "") -> None:
        parameters = f'out = ""\nroot = ""\n{given}'.strip()
        write_notebook(self.notebook(name), WRITE + cells[0], *cells[1:], parameters=parameters)

    def notebook(self, name: str) -> Path:
        """Return the path of a notebook."""
        return self.folder / f"{name}.ipynb"

    def output(self, name: str) -> Path:
        """Return the path of an output, e.g. ``"03_reliability/rel.json"``."""
        return self.root / "stages" / name

    def steps(self) -> list[Step]:
        """Return the graph."""
        a, b = self.folder / "a.csv", self.folder / "b.csv"
        return [
            Step("01_clean", self.notebook("01_clean"), inputs=(a,), parameters={"source": str(a)}),
            Step("02_clean", self.notebook("02_clean"), inputs=(b,), parameters={"source": str(b)}),
            Step(
                "03_reliability",
                self.notebook("03_reliability"),
                needs=("01_clean",),
                parameters={"draws": self.draws},
                outputs=("rel.json",),
            ),
            Step("04_validity", self.notebook("04_validity"), needs=("01_clean", "02_clean")),
            Step("05_report", self.notebook("05_report"), needs=("03_reliability", "04_validity")),
        ]

    def options(self) -> dict[str, Any]:
        """Return the arguments that tests do not vary."""
        return {"packages": self.packages, "lock_file": self.lock}

    def run(self, steps: list[Step] | None = None, **more: Any) -> RunRecord:
        """Run the graph."""
        options = {"progress": Silent(), **self.options(), **more}
        return run_steps(self.steps() if steps is None else steps, self.root, **options)

    def plan(self, steps: list[Step] | None = None, **more: Any) -> dict[str, tuple[bool | str, str]]:
        """Plan the graph: name -> what would happen and why."""
        planned = plan_steps(self.steps() if steps is None else steps, self.root, **self.options(), **more)
        return {step.name: (step.will_run, step.reason) for step in planned}


def names(record: RunRecord, state: str = "ran") -> set[str]:
    """Return the first two letters of the steps in a state."""
    return {step.name[:2] for step in record.steps if step.state == state}


def nothing(toy: Toy) -> None:
    """Change nothing."""


def touch_input(toy: Toy) -> None:
    """Move the time of an input, not its content."""
    (toy.folder / "a.csv").touch()


def edit_prose(toy: Toy) -> None:
    """Change a Markdown cell of 03."""
    edit_notebook(toy.notebook("03_reliability"), lambda nb: nb["cells"][0].update(source=f"# {time.time()}"))


def comment_in_first(toy: Toy) -> None:
    """Add a comment to the code of 01; its output stays the same."""

    def change(notebook: dict[str, Any]) -> None:
        source = "".join(notebook["cells"][2]["source"])
        notebook["cells"][2]["source"] = f"{source}\n# {time.time()}"

    edit_notebook(toy.notebook("01_clean"), change)


def edit_package(toy: Toy) -> None:
    """Change the module that 03 and 04 import."""
    with (toy.packages["toy"] / "stats.py").open("a") as file:
        file.write(f"# {time.time()}\n")


def edit_unused_module(toy: Toy) -> None:
    """Change a module that nobody imports."""
    with (toy.packages["toy"] / "unused.py").open("a") as file:
        file.write("OTHER = 2\n")


def one_parameter(toy: Toy) -> None:
    """Change the parameter of 03."""
    toy.draws += 300


def delete_output(toy: Toy) -> None:
    """Delete an intermediate."""
    toy.output("04_validity/val.json").unlink()


def tamper_with_output(toy: Toy) -> None:
    """Overwrite an intermediate with a wrong value."""
    toy.output("03_reliability/rel.json").write_text("999999")


def change_input_row(toy: Toy) -> None:
    """Change a row of the second input; the time stays as it was set below."""
    path = toy.folder / "b.csv"
    path.write_text(path.read_text().replace("5", "6") + "7\n")


TABLE: list[tuple[Callable[[Toy], None], set[str]]] = [
    (nothing, set()),
    (touch_input, set()),
    (edit_prose, {"03"}),
    (comment_in_first, {"01"}),
    (edit_package, {"03", "04"}),
    (edit_unused_module, set()),
    (one_parameter, {"03", "05"}),
    (delete_output, {"04"}),
    (tamper_with_output, {"03"}),
    (change_input_row, {"02", "04", "05"}),
]
