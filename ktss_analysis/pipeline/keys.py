"""The key of a step: one hash over everything that could change its outputs, and why two keys differ."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import inspect
import json
import platform
import re
import time
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..core import PipelineError
from ..files import sha256_file, sha256_tree, write_atomic
from .imports import ModuleGraph
from .notebook import Notebook
from .steps import Step

RUNNER_VERSION = "1"
DISTRIBUTION = "ktss-analysis"
PACKAGE = Path(__file__).resolve().parent.parent
DEFAULT_PACKAGES = {PACKAGE.name: PACKAGE}

Parts = dict[str, Any]


def key_of(parts: Parts) -> str:
    """Return the SHA-256 of the parts of a key in canonical JSON."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def own_parts(
    step: Step,
    notebook: Notebook,
    *,
    root: Path,
    graph: ModuleGraph,
    environment: Mapping[str, Any],
    inputs: InputHashes,
) -> Parts:
    """Return all parts of a step's key except the outputs of the steps it needs.

    Parameters
    ----------
    step : Step
        The step.
    notebook : Notebook
        Its source notebook, already read.
    root : pathlib.Path
        Folder of the run.
    graph : ModuleGraph
        The package as it is now.
    environment : mapping
        What `environment_parts` returned.
    inputs : InputHashes
        Cache of the hashes of raw inputs.
    """
    modules = set(step.modules) or graph.from_notebook(notebook)
    parts: Parts = {
        "runner": RUNNER_VERSION,
        "notebook": notebook.cell_hashes,
        "parameters": _without_places(step, root),
        "inputs": [[path.name, inputs.sha256(path, step.name)] for path in step.inputs],
        "outputs": sorted(step.outputs),
        "environment": dict(environment),
    }
    if step.after is not None:
        parts["after"], found, parts["after_file"] = _after_parts(step.after, graph)
        modules |= found
    files = graph.hashes(sorted(modules))
    parts["modules"] = {name: digest for name, digest in files.items() if name not in step.unread}
    return json.loads(json.dumps(parts))  # as it is read back from a record: tuples become lists


def _without_places(step: Step, root: Path) -> dict[str, Any]:
    """Return the parameters with names for the places of inputs and of the run.

    The content of inputs is in the key already. So a study that was moved, or is run a second time in another
    folder to compare, has the same keys.
    """
    places = {str(root.parent): "<above the run's folder>", str(root): "<the run's folder>"}
    places |= {str(path): f"<input {path.name}>" for path in step.inputs}
    return {name: places.get(v, v) if isinstance(v, str) else v for name, v in step.parameters.items()}


def with_outputs(own: Parts, needs: Mapping[str, str]) -> Parts:
    """Return the parts of a key with the hashes of what the needed steps left behind."""
    return {**own, "needs": dict(needs)}


def _after_parts(after: Callable[..., Any], graph: ModuleGraph) -> tuple[Any, set[str], str]:
    """Return the callable's name, its module if it is in a package, the hash of its file if not."""
    given: list[Any] = []
    while isinstance(after, functools.partial):
        given.append([list(after.args), dict(after.keywords)])
        after = after.func
    module, name = getattr(after, "__module__", None), getattr(after, "__qualname__", None)
    if module is None or name is None:
        raise PipelineError(f"'after' is {after!r}; allowed: a function of a module, or a partial of one")
    try:
        arguments = json.dumps(given, sort_keys=True, default=_path_text)
    except TypeError as error:
        raise PipelineError(f"'after' {name} has an argument that is not plain data: {error}") from None
    if module.split(".")[0] in graph.packages:
        return [module, name, arguments], {module}, ""
    try:
        source = inspect.getsourcefile(after)
    except TypeError:
        source = None
    if source is None or not Path(source).is_file():
        raise PipelineError(f"'after' {module}.{name} has no source file; its changes could not be seen")
    return [module, name, arguments], set(), sha256_file(Path(source))


def _path_text(value: object) -> str:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{value!r} is {type(value).__name__}")


def environment_parts(lock_file: Path | None) -> dict[str, Any]:
    """Return the hash of the lock file, the Python version and the installed versions of the dependencies.

    A lock file says what should be installed; the versions say what is. Both count.
    """
    lock = sha256_file(lock_file) if lock_file is not None and lock_file.is_file() else None
    return {"lock": lock, "python": platform.python_version(), "packages": installed_versions()}


def default_lock_file() -> Path | None:
    """Return `requirements.lock` of the source tree; None for an installed package."""
    path = PACKAGE.parent / "requirements.lock"
    return path if path.is_file() else None


@functools.cache
def installed_versions() -> dict[str, str]:
    """Return the installed versions of the direct dependencies of this package."""
    found = {}
    for requirement in _requirements():
        name = re.split(r"[^A-Za-z0-9_.-]", requirement, maxsplit=1)[0]
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _requirements() -> list[str]:
    """Return the direct dependencies from the source tree, or from the metadata of the installed package."""
    project = PACKAGE.parent / "pyproject.toml"
    if project.is_file():
        content = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {})
        if content.get("name") == DISTRIBUTION:
            return list(content.get("dependencies", []))
    try:
        listed = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return []
    return [requirement for requirement in listed if "extra ==" not in requirement]


class InputHashes:
    """Hashes of raw inputs, remembered by path, size, time of change and inode.

    Raw inputs can be large and are not ours, so an unchanged file is not read again. Outputs of steps never
    come here: they are read in full before they are trusted. A file changed within two seconds of the time it
    was hashed is read again, as its next change might not move the time.

    Parameters
    ----------
    store : pathlib.Path, optional
        Where the hashes are kept between runs; a file that cannot be read counts as empty.
    """

    SETTLED_NS = 2_000_000_000

    def __init__(self, store: Path | None = None) -> None:
        self.store = store
        self._known: dict[str, Any] = {}
        self._changed = False
        if store is not None:
            try:
                known = json.loads(store.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                known = {}
            self._known = known if isinstance(known, dict) else {}

    def sha256(self, path: Path, step: str) -> str:
        """Return the hash of a file, or of all files in a folder.

        Raises
        ------
        PipelineError
            If there is no such file; `step` is named in the message.
        """
        try:
            if path.is_dir():
                return sha256_tree(path)
            state = path.stat()
        except OSError as error:
            raise PipelineError(f"{step}: input {path} cannot be read: {error.strerror}") from None
        signature = [state.st_size, state.st_mtime_ns, state.st_ino]
        known = self._known.get(str(path.resolve()))
        if isinstance(known, list) and len(known) == 2 and known[0] == signature:
            return str(known[1])
        digest = sha256_file(path)
        if time.time_ns() - state.st_mtime_ns > self.SETTLED_NS:
            self._known[str(path.resolve())] = [signature, digest]
            self._changed = True
        return digest

    def save(self) -> None:
        """Keep the hashes for the next run."""
        if self.store is not None and self._changed:
            write_atomic(self.store, json.dumps(self._known, indent=0, sort_keys=True))
            self._changed = False


def difference(old: Parts, new: Parts) -> list[str]:
    """Return in words what differs between the parts of two keys, the causes a user can act on first."""
    found = _notebook_difference(old.get("notebook", []), new["notebook"])
    found += _value_differences("parameter", old.get("parameters", {}), new["parameters"])
    if old.get("inputs") != new["inputs"]:
        changed = _named("input", dict(old.get("inputs", [])), dict(new["inputs"]))
        found += changed or ["other inputs are declared"]
    if "needs" in new:
        found += _named("output of", old.get("needs", {}), new["needs"])
    found += _named("code", old.get("modules", {}), new["modules"])
    if any(old.get(part) != new.get(part) for part in ("after", "after_file")):
        found.append("the function run after the notebook changed")
    if old.get("outputs") != new["outputs"]:
        found.append("other outputs are declared")
    found += _environment_difference(old.get("environment", {}), new["environment"])
    if old.get("runner") != new["runner"]:
        found.append("the runner changed")
    return found


def _notebook_difference(old: list[str], new: list[str]) -> list[str]:
    if old == new:
        return []
    if len(old) != len(new):
        return [f"the notebook changed: {len(old)} cells became {len(new)}"]
    cells = [str(number + 1) for number, pair in enumerate(zip(old, new, strict=True)) if pair[0] != pair[1]]
    return [f"the notebook changed in cell {', '.join(cells)}"]


def _value_differences(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    texts = [
        {name: json.dumps(value, ensure_ascii=False, sort_keys=True) for name, value in v.items()} for v in (old, new)
    ]
    pairs = [(name, *(side.get(name, "nothing") for side in texts)) for name in sorted({*old, *new})]
    return [f"{kind} {name}: {_short(a)} became {_short(b)}" for name, a, b in pairs if a != b]


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."


def _named(kind: str, old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    changed = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    if not changed:
        return []
    rest = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
    return [f"{kind} {', '.join(changed[:3])}{rest} changed"]


def _environment_difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    found = _value_differences("version of", old.get("packages", {}), new["packages"])
    if old.get("python") != new["python"]:
        found.append(f"Python {old.get('python')} became {new['python']}")
    if old.get("lock") != new["lock"]:
        found.append("the lock file changed")
    return found
