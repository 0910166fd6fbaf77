"""What may be tracked: no path of one machine, no registry host, clean notebooks, small files."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Check = Callable[[Path, list[str]], Iterator[str]]

TEXT_ENDINGS = {
    *(
        ".py",
        ".pyi",
        ".toml",
        ".yaml",
        ".yml",
        ".md",
        ".txt",
        ".json",
        ".ipynb",
        ".cff",
        ".cfg",
        ".ini",
        ".lock",
    ),
    *(".css", ".js", ".html", ".svg", ".csv", ".tsv", ".lua", ".typ", ".tpl", ".j2", ".xml", ".sh", ""),
}
# Spelled in pieces, so that this file does not find itself.
HOME_FOLDERS = re.compile(
    r"(?<![\w.:/-])/(?:ho" + r"me|Us" + r"ers|ro" + r"ot|wo" + r"rk|tm" + r"p|workspace|opt|mnt)/[\w.]"
    r"|\b[A-Z]:\\\\?Us" + r"ers\b"
)
REGISTRIES = re.compile(
    r"(?:file" + r"s\.pythonhosted|py" + r"pi\.org|py" + r"pi\.python|registry\.np" + r"mjs|arti" + r"factory"
    r"|conda\.ana" + r"conda\.org|dev" + r"pi|nexus/rep" + r"ository|extra-index-" + r"url\s*=\s*\S+://)"
)
LARGEST = 2_000_000


def tracked(repo: Path) -> list[str]:
    """Return the files git tracks, or would track: those that are not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=repo, capture_output=True, check=True)
    names = done.stdout.decode("utf-8").split("\0")
    return sorted({name for name in names if name and (repo / name).is_file()})


def texts(root: Path, names: list[str]) -> Iterator[tuple[str, str]]:
    """Yield name and text of each text file."""
    for name in names:
        if Path(name).suffix.lower() in TEXT_ENDINGS:
            yield name, (root / name).read_text(encoding="utf-8", errors="replace")


def notebooks(root: Path, names: list[str]) -> Iterator[tuple[str, list[dict]]]:
    """Yield name and code cells of each notebook."""
    for name in names:
        if name.endswith(".ipynb"):
            cells = json.loads((root / name).read_text(encoding="utf-8"))["cells"]
            yield name, [cell for cell in cells if cell["cell_type"] == "code"]


def machine_paths(root: Path, names: list[str]) -> Iterator[str]:
    for name, text in texts(root, names):
        if Path(name).suffix not in {".csv", ".tsv"} and not name.startswith("LICENSE"):
            yield from (f"{name}: path of one machine: {found.group()}" for found in HOME_FOLDERS.finditer(text))


def registry_hosts(root: Path, names: list[str]) -> Iterator[str]:
    for name, text in texts(root, names):
        yield from (f"{name}: package registry: {found.group()}" for found in REGISTRIES.finditer(text))


def foreign_locks(root: Path, names: list[str]) -> Iterator[str]:
    for name in names:
        if re.fullmatch(r"uv\.lock|poetry\.lock|pdm\.lock|Pipfile\.lock|pixi\.lock|pylock.*\.toml", Path(name).name):
            yield f"{name}: a lock file that names registry hosts"


def large_files(root: Path, names: list[str]) -> Iterator[str]:
    for name in names:
        if (root / name).stat().st_size > LARGEST:
            yield f"{name}: larger than {LARGEST} bytes"


def private_folders(root: Path, names: list[str]) -> Iterator[str]:
    for name in names:
        if re.match(r"data/raw/|reports/(?!README\.md$)", name) or "/private/" in name:
            yield f"{name}: raw data and runs are not tracked"


def notebook_outputs(root: Path, names: list[str]) -> Iterator[str]:
    for name, cells in notebooks(root, names):
        if any(cell.get("outputs") or cell.get("execution_count") is not None for cell in cells):
            yield f"{name}: outputs are committed"


def notebook_parameters(root: Path, names: list[str]) -> Iterator[str]:
    for name, cells in notebooks(root, names):
        count = sum("parameters" in cell["metadata"].get("tags", []) for cell in cells)
        if count != 1:
            yield f"{name}: {count} cells are tagged 'parameters', not one"


def notebook_code(root: Path, names: list[str]) -> Iterator[str]:
    banned = (
        *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While),
        *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
    )
    for name, cells in notebooks(root, names):
        for number, cell in enumerate(cells, start=1):
            source = "".join(cell["source"])
            if len(source.strip().splitlines()) > 8:
                yield f"{name}, code cell {number}: more than 8 lines"
            try:
                tree = ast.parse(source)
            except SyntaxError:
                yield f"{name}, code cell {number}: not plain Python"
                continue
            for node in ast.walk(tree):
                if isinstance(node, banned):
                    yield f"{name}, code cell {number}: {type(node).__name__} belongs in the package"


def skip_markers(root: Path, names: list[str]) -> Iterator[str]:
    """Find tests that are switched off: skip without condition, skip or expected failure without reason."""
    for name in names:
        if not re.match(r"tests/.*\.py$", name):
            continue
        for node in ast.walk(ast.parse((root / name).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node) == "pytest.mark.skip":
                yield f"{name}:{node.lineno}: a skip without a condition"
            if isinstance(node, ast.Attribute) and ast.unparse(node) == "pytest.mark.xfail":
                yield f"{name}:{node.lineno}: an expected failure"
            if not isinstance(node, ast.Call):
                continue
            call = ast.unparse(node.func)
            named = {keyword.arg for keyword in node.keywords}
            if call == "pytest.mark.skipif" and "reason" not in named:
                yield f"{name}:{node.lineno}: a skip without a reason"
            if call == "pytest.mark.skipif" and node.args and isinstance(node.args[0], ast.Constant):
                yield f"{name}:{node.lineno}: a skip whose condition is a constant"
            if call == "pytest.skip" and not (node.args or "reason" in named):
                yield f"{name}:{node.lineno}: a skip without a reason"


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        *(machine_paths, registry_hosts, foreign_locks, large_files, private_folders),
        *(notebook_outputs, notebook_parameters, notebook_code, skip_markers),
    )
}


@pytest.fixture(scope="module")
def names(repo: Path) -> list[str]:
    """Return the tracked files; an empty list would make every check pass."""
    if not (repo / ".git").exists():
        return sorted(
            path.relative_to(repo).as_posix()
            for folder in ("ktss_analysis", "tests", "notebooks", "params", "docs", "data")
            for path in (repo / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        )
    return tracked(repo)


@pytest.mark.parametrize("check", CHECKS)
def test_repository_is_clean(repo: Path, names: list[str], check: str) -> None:
    assert list(CHECKS[check](repo, names)) == []


def test_the_list_of_files_is_not_empty(repo: Path, names: list[str]) -> None:
    assert "tests/contract/test_repository.py" in names
    assert "ktss_analysis/core.py" in names
    assert any(name.endswith(".ipynb") for name in names)
    assert not any(name.startswith((".venv/", ".uv/")) for name in names)


def notebook(*sources: str, tags: tuple[str, ...] = ("parameters",), outputs: tuple = ()) -> str:
    cells = [
        {"cell_type": "code", "source": source, "outputs": list(outputs), "execution_count": None,
         "metadata": {"tags": list(tags) if number == 0 else []}}
        for number, source in enumerate(sources)
    ]  # fmt: skip
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


SEP = "/"
BAD = [
    ("machine_paths", "docs/a.md", f"see {SEP}home{SEP}ann/x"),
    ("machine_paths", "docs/a.md", f"see {SEP}tmp{SEP}x"),
    ("machine_paths", "a.py", "PATH = 'C:\\\\Us" + "ers\\\\ann'"),
    ("registry_hosts", "requirements.lock", "--index-url https://py" + "pi.org/simple"),
    ("registry_hosts", "a.json", '"https://registry.np' + 'mjs.org/x"'),
    ("foreign_locks", "uv.lock", ""),
    ("foreign_locks", "sub/pylock.dev.toml", ""),
    ("large_files", "data/big.csv", "x" * (LARGEST + 1)),
    ("private_folders", "data/raw/people.csv", "name"),
    ("private_folders", "reports/one/public/results.csv", ""),
    ("notebook_outputs", "notebooks/a.ipynb", notebook("x = 1", outputs=({"output_type": "stream"},))),
    ("notebook_parameters", "notebooks/a.ipynb", notebook("x = 1", tags=())),
    ("notebook_code", "notebooks/a.ipynb", notebook("x = 1", "def f():\n    return 1")),
    ("notebook_code", "notebooks/a.ipynb", notebook("x = 1", "for i in y:\n    print(i)")),
    ("notebook_code", "notebooks/a.ipynb", notebook("x = 1", "z = [i for i in y]")),
    ("notebook_code", "notebooks/a.ipynb", notebook("x = 1", "!ls")),
    ("notebook_code", "notebooks/a.ipynb", notebook("x = 1\n" * 9)),
    ("skip_markers", "tests/test_a.py", "import pytest\n\n@pytest.mark.skip\ndef test(): ...\n"),
    ("skip_markers", "tests/test_a.py", "@pytest.mark.skipif(x)\ndef test(): ...\n"),
    ("skip_markers", "tests/test_a.py", "@pytest.mark.skipif(True, reason='x')\ndef test(): ...\n"),
    ("skip_markers", "tests/test_a.py", "@pytest.mark.xfail(reason='x')\ndef test(): ...\n"),
    ("skip_markers", "tests/test_a.py", "def test():\n    pytest.skip()\n"),
]
GOOD = {
    "docs/a.md": "see docs/home/x, https://example.org/home/ann and ../shared\n",
    "requirements.lock": "pandas==3.1.1 \\\n    --hash=sha256:00\n",
    "notebooks/a.ipynb": notebook("x = 1", "show_table(x)"),
    "tests/test_a.py": "@pytest.mark.skipif(x, reason='no browser')\ndef test(): ...\n",
    "reports/README.md": "text",
    "data/demo/people.csv": "person\n",
}


@pytest.mark.parametrize(("check", "name", "text"), BAD)
def test_each_check_finds_what_it_looks_for(tmp_path: Path, check: str, name: str, text: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert list(CHECKS[check](tmp_path, [name]))


@pytest.mark.parametrize("check", CHECKS)
def test_no_check_complains_without_cause(tmp_path: Path, check: str) -> None:
    for name, text in GOOD.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert list(CHECKS[check](tmp_path, list(GOOD))) == []


def test_every_check_has_a_bad_example() -> None:
    assert {check for check, _, _ in BAD} == set(CHECKS)
