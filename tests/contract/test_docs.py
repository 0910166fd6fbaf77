"""What the pages say is true: links, commands, keys, and every command and piece of Python in tutorial and how-to."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
import typer

from ktss_analysis.cli import app

REPO = Path(__file__).resolve().parent.parent.parent
OUTSIDE = {".venv", ".uv", ".git", ".pytest_cache", "reports"}
PAGES = sorted(
    path
    for path in [*REPO.rglob("*.md")]
    if not OUTSIDE & set(path.relative_to(REPO).parts) or path == REPO / "reports" / "README.md"
)
COMMANDS = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
FENCE = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def name(path: Path) -> str:
    return path.relative_to(REPO).as_posix() if path.is_relative_to(REPO) else path.name


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub makes from the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path, text: str) -> Iterator[str]:
    for target in re.findall(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)", FENCE.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        place = (page.parent / file).resolve() if file else page
        if not place.exists():
            yield f"{name(page)}: {target}: there is no such file"
        elif anchor and anchor not in anchors(place.read_text(encoding="utf-8") if file else text):
            yield f"{name(page)}: {target}: there is no such heading"


def unknown_commands(text: str) -> Iterator[str]:
    """Yield `ktss` commands and options of code spans and blocks that the command line does not have."""
    code = [match[3] for match in FENCE.finditer(text)] + re.findall(r"`([^`\n]+)`", FENCE.sub("", text))
    click = typer.main.get_command(app)
    for line in "\n".join(code).splitlines():
        found = re.match(r"^\s*(?:python3? run\.py run|py run\.py run|ktss) ([a-z]+)(.*)$", line)
        if not found:
            continue
        command, rest = found.groups()
        if command not in COMMANDS:
            yield f"ktss {command}"
            continue
        options = {option for parameter in click.commands[command].params for option in parameter.opts}
        for word in re.findall(r"(?<=\s)--?[a-z]+\b", rest.split("#")[0]):
            if word not in options:
                yield f"ktss {command} {word}"


def unknown_jobs(text: str) -> Iterator[str]:
    jobs = set(load(REPO / "run.py").JOBS)
    yield from (job for job in re.findall(r"(?:python3?|py) run\.py ([a-z]+)", text) if job not in jobs)


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=PAGES, ids=name)
def page(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_the_pages_are_found() -> None:
    assert {"README.md", "docs/tutorial.md", "docs/how-to.md", "data/README.md"} <= set(map(name, PAGES))


def test_relative_links_resolve(page: Path) -> None:
    assert list(broken_links(page, page.read_text(encoding="utf-8"))) == []


def test_a_broken_link_is_found() -> None:
    text = "[a](absent.md) [b](how-to.md#no-such-part) [c](how-to.md#analyst-my-own-data) [d](#none)\n\n# Here"
    found = list(broken_links(REPO / "docs" / "index.md", text))
    assert [line.split(": ")[1] for line in found] == ["absent.md", "how-to.md#no-such-part", "#none"]


def test_commands_and_options_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    later = text.partition("Not there yet")[0]  # what a page announces must not be in the command line
    assert list(unknown_commands(later)) == []
    assert list(unknown_jobs(text)) == []


def test_an_unknown_command_or_option_is_found() -> None:
    text = "`ktss frobnicate x` and\n\n```sh\nktss run study.yaml --speed 2\npython3 run.py run banish S P\n```\n"
    assert sorted(unknown_commands(text)) == ["ktss banish", "ktss frobnicate", "ktss run --speed"]
    assert list(unknown_jobs("`python3 run.py dance`")) == ["dance"]


def test_what_is_announced_as_not_there_yet_is_not_there() -> None:
    announced = (REPO / "README.md").read_text(encoding="utf-8").partition("Not there yet")[2].split("\n\n")[0]
    assert set(re.findall(r"`ktss ([a-z]+)", announced)) & COMMANDS == set()


def test_python_blocks_compile(page: Path) -> None:
    for match in FENCE.finditer(page.read_text(encoding="utf-8")):
        if match[1] == "python":
            compile(match[3], name(page), "exec")


def test_generated_pages_are_up_to_date() -> None:
    assert list(load(REPO / "docs" / "make_reference.py").outdated()) == []


def test_every_key_of_the_files_has_a_meaning_and_no_meaning_is_stale() -> None:
    reference = load(REPO / "docs" / "make_reference.py")
    keys = {
        f"{model.__name__}.{field.alias or key}"
        for model in reference.MODELS
        for key, field in model.model_fields.items()
    }
    said = {f"{model.__name__}.{key}" for model in reference.MODELS for key in reference.documented(model)}
    assert keys - said - set(reference.MEANINGS) == set()
    assert set(reference.MEANINGS) - keys == set()


# --------------------------------------------------------------------------- what the pages tell people to type


@dataclass(frozen=True)
class Block:
    """A fenced block: language, what stands behind it on the line, content."""

    language: str
    info: str
    content: str


class Reader:
    """A person who works through a page: writes the files, types the commands, runs the Python, reads what comes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, object] = {}
        self.faults: list[str] = []

    def work_through(self, page: Path) -> None:
        blocks = [Block(*match.groups()) for match in FENCE.finditer(page.read_text(encoding="utf-8"))]
        printed = ""
        for block in blocks:
            if block.info.strip():
                path = self.folder / block.info.strip()
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.content, encoding="utf-8")
            elif block.language == "sh":
                printed = [self.type_in(line) for line in block.content.splitlines() if line.strip()][-1]
            elif block.language == "python":
                printed = self.run(block.content)
            elif block.language == "text" and plain(printed) != plain(block.content):
                self.faults.append(f"{name(page)} shows\n{block.content}but it is\n{printed}")

    def type_in(self, line: str) -> str:
        program, *arguments = shlex.split(line)
        assert program == "ktss", line
        environment = {**os.environ, "PYTHONUTF8": "1", "NO_COLOR": "1"}
        environment.pop("KTSS_PSEUDONYM_KEY", None)
        done = subprocess.run(
            [sys.executable, "-m", "ktss_analysis.cli", *arguments], cwd=self.folder, capture_output=True,
            encoding="utf-8", check=False, timeout=600, env=environment,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def run(self, code: str) -> str:
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.chdir(self.folder):
            exec(compile(code, "page", "exec"), self.names)
        return out.getvalue()


def plain(text: str) -> list[str]:
    """Return lines as a person compares them: blanks alike, long numbers to nine digits (the rest is the machine's)."""
    text = text.replace("\N{NO-BREAK SPACE}", " ").strip()
    text = re.sub(r"\d\.\d{10,}(e-\d+)?", lambda found: f"{float(found[0]):.9g}", text)
    return [line.rstrip() for line in text.splitlines()]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """Return a reader who has done the tutorial; the how-to goes on in the same folder, with the same run."""
    person = Reader(tmp_path_factory.mktemp("reader"))
    person.work_through(REPO / "docs" / "tutorial.md")
    return person


@pytest.mark.slow
def test_the_tutorial_works_and_prints_what_it_shows(reader: Reader) -> None:
    assert reader.faults == []
    public = reader.folder / "my-run" / "public"
    assert {"report.html", "report.pdf", "report.docx", "results.csv"} <= {path.name for path in public.iterdir()}


@pytest.mark.slow
def test_the_how_to_works_and_prints_what_it_shows(reader: Reader) -> None:
    before = list(reader.faults)
    reader.work_through(REPO / "docs" / "how-to.md")
    assert reader.faults == before
    assert (reader.folder / "own-run" / "public" / "report.html").is_file()
    assert (reader.folder / "own" / ".ktss" / "pseudonym.key").is_file()


def test_a_reader_notices_what_a_page_shows_wrongly(tmp_path: Path) -> None:
    person = Reader(tmp_path)
    file = "```csv own/a.csv\nx\n1\n```\n"
    code = "```python\nfrom pathlib import Path\nprint(Path('own/a.csv').read_text())\n```\n"
    text = file + code + "```text\nx\n{}\n```\n"
    for shown, faults in (("1", 0), ("2", 1)):
        written = tmp_path / "page.md"
        written.write_text(text.format(shown), encoding="utf-8")
        person.work_through(written)
        assert len(person.faults) == faults
