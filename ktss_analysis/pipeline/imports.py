"""Which modules of the package a piece of code reaches, found without running any of it."""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ..core import PipelineError
from ..files import SYSTEM_FILES, sha256_file
from .notebook import Notebook

ANY = ".*"
EXEMPT = "# not in step keys"
_IMPORTING_CALLS = ("import_module", "__import__")


class ModuleGraph:
    """The modules of one or more packages as they are on the disk now.

    Parameters
    ----------
    packages : mapping of str to pathlib.Path
        Top-level package name -> its folder.

    Notes
    -----
    Imports inside functions count; imports under ``if TYPE_CHECKING:`` do not, as they never run. Importing
    ``a.b.c`` also runs ``a`` and ``a.b``, so these count as well. A module that computes the name of what it
    imports is taken to import all of its own package: rather one run too many than an old result. An import
    in a line with the comment ``# not in step keys`` is not followed: for code that never runs in a step.
    Files that are not Python (templates, translations, styles) belong to the package whose folder holds them
    and count as soon as a module of that folder does.
    """

    def __init__(self, packages: Mapping[str, Path]) -> None:
        self.packages = {name: Path(folder) for name, folder in packages.items()}
        self._hashes: dict[Path, str] = {}
        self._reached: dict[str, frozenset[str]] = {}
        self._data: dict[Path, list[Path]] = {}
        self._places: dict[str, Path | None] = {}

    def from_notebook(self, notebook: Notebook) -> set[str]:
        """Return the modules a notebook imports itself; all if one of its cells is not Python."""
        parsed = notebook.code()
        names = [ANY] if parsed is None else [name for tree in parsed for name in _imports(tree, "", "")]
        if ANY in names:
            return {module for name in self.packages for module in self._below(name)}
        return {module for name in names for module in self._loaded(name)}

    def hashes(self, modules: Iterable[str]) -> dict[str, str]:
        """Return path within the package -> SHA-256 for all files that these modules reach.

        Raises
        ------
        PipelineError
            If one of the modules named does not exist.
        """
        waiting = list(modules)
        for name in waiting:
            if name not in self._loaded(name):
                raise PipelineError(f"there is no module {name} in {', '.join(self.packages)}")
        reached: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting += self._imported_by(name)
        files = {path for name in reached for path in self._files_of(name)}
        return {self._label(path): self._hash(path) for path in sorted(files)}

    def _place(self, name: str) -> Path | None:
        """Return the file of a module, or the folder of a package; None for any other name."""
        if name not in self._places:
            self._places[name] = self._find(name)
        return self._places[name]

    def _find(self, name: str) -> Path | None:
        top, *rest = name.split(".")
        if top not in self.packages or not all(part.isidentifier() for part in rest):
            return None
        path = self.packages[top].joinpath(*rest)
        if _is_package(path):
            return path
        file = path.with_name(f"{path.name}.py")
        return file if rest and file.is_file() else None

    def _loaded(self, name: str) -> list[str]:
        """Return the modules that importing a dotted name runs: itself, if it is one, and its parents."""
        if name.endswith(ANY):
            package = name.removesuffix(ANY)
            return [*self._loaded(package), *self._below(package)]
        parts = name.split(".")
        prefixes = (".".join(parts[: length + 1]) for length in range(len(parts)))
        return [prefix for prefix in prefixes if self._place(prefix) is not None]

    def _below(self, name: str) -> list[str]:
        """Return a package and all modules and packages in it."""
        folder = self._place(name)
        if folder is None or folder.is_file():
            return [name] if folder else []
        found = [name]
        for entry in sorted(folder.iterdir()):
            if entry.suffix == ".py" and entry.stem != "__init__":
                found.append(f"{name}.{entry.stem}")
            elif _is_package(entry):
                found += self._below(f"{name}.{entry.name}")
        return found

    def _source(self, name: str) -> Path | None:
        place = self._place(name)
        if place is None or place.is_file():
            return place
        return place / "__init__.py" if (place / "__init__.py").is_file() else None

    def _imported_by(self, name: str) -> frozenset[str]:
        if name not in self._reached:
            source = self._source(name)
            found: tuple[str, ...] = ()
            if source is not None:
                data = source.read_bytes()
                self._hashes[source] = hashlib.sha256(data).hexdigest()
                package = name if source.name == "__init__.py" else name.rpartition(".")[0]
                found = _imports_of(data, package, str(source))
            loaded = {module for dotted in found for module in self._loaded(dotted)}
            self._reached[name] = frozenset(loaded | set(self._loaded(name)))
        return self._reached[name]

    def _files_of(self, name: str) -> Iterator[Path]:
        place, source = self._place(name), self._source(name)
        if source is not None:
            yield source
        if place is not None:
            folder = place if place.is_dir() else place.parent
            if folder not in self._data:
                self._data[folder] = list(_data_files(folder))
            yield from self._data[folder]

    def _hash(self, path: Path) -> str:
        if path not in self._hashes:
            self._hashes[path] = sha256_file(path)
        return self._hashes[path]

    def _label(self, path: Path) -> str:
        for name, folder in self.packages.items():
            if path.is_relative_to(folder):
                return f"{name}/{path.relative_to(folder).as_posix()}"
        raise PipelineError(f"{path} belongs to none of the packages {', '.join(self.packages)}")


def _is_package(folder: Path) -> bool:
    return folder.is_dir() and folder.name not in SYSTEM_FILES and any(folder.glob("*.py"))


def _data_files(folder: Path) -> Iterator[Path]:
    """Yield the files of a package that are not Python, without those of packages inside it."""
    for entry in folder.iterdir():
        if entry.name in SYSTEM_FILES or entry.name.startswith("."):
            continue
        if entry.is_dir():
            if not _is_package(entry):
                yield from _data_files(entry)
        elif entry.suffix not in (".py", ".pyc", ".pyo"):
            yield entry


@functools.lru_cache(maxsize=2048)
def _imports_of(source: bytes, package: str, file: str) -> tuple[str, ...]:
    try:
        tree = ast.parse(source, filename=file)
    except SyntaxError as error:
        raise PipelineError(f"{file}, line {error.lineno}: not Python: {error.msg}") from None
    lines = source.decode("utf-8", "replace").splitlines()
    exempt = frozenset(number for number, line in enumerate(lines, 1) if line.rstrip().endswith(EXEMPT))
    calls = any(name.encode() in source for name in _IMPORTING_CALLS)
    return tuple(_imports(tree, package, package, exempt, calls=calls))


def _imports(
    tree: ast.AST, package: str, own: str, exempt: frozenset[int] = frozenset(), *, calls: bool = True
) -> Iterator[str]:
    """Yield the absolute dotted names that a tree imports; ``name.*`` stands for all below a package.

    Without `calls` expressions are passed over: statements alone are a fraction of the tree.
    """
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and _is_type_checking(node.test):
            waiting += node.orelse
            continue
        if getattr(node, "lineno", None) in exempt and isinstance(node, ast.Import | ast.ImportFrom | ast.Call):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and _called(node) in _IMPORTING_CALLS:
            yield _computed(node, package, own)
        children = ast.iter_child_nodes(node)
        waiting += children if calls else (c for c in children if not isinstance(c, ast.expr))


def _absolute(node: ast.ImportFrom, package: str) -> str:
    parents = package.split(".")
    parents = parents[: len(parents) - node.level + 1] if node.level else []
    return ".".join([*parents, *([node.module] if node.module else [])])


def _called(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _computed(node: ast.Call, package: str, own: str) -> str:
    first = node.args[0] if node.args else None
    if isinstance(first, ast.Constant) and isinstance(first.value, str) and not first.value.startswith(".."):
        return f"{package}{first.value}" if first.value.startswith(".") else first.value
    return own + ANY


def _is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test).rpartition(".")[2] == "TYPE_CHECKING"
