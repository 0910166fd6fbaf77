"""Where the project's own files are: in a checkout beside the package, in an installed wheel inside it."""

from __future__ import annotations

from pathlib import Path

from .core import KtssError

PACKAGE = Path(__file__).resolve().parent


def resource(name: str) -> Path:
    """Return a folder or file shipped with the project, e.g. ``"notebooks"`` or ``"params/rules.yaml"``.

    Raises
    ------
    KtssError
        When the installation does not hold it.
    """
    for base in (PACKAGE.parent, PACKAGE / "_bundled"):
        if (base / name).exists():
            return base / name
    raise KtssError(f"this installation does not hold {name!r}; install ktss-analysis again, or use a checkout")


def find_file(path: str | Path) -> Path:
    """Return a file named by an analyst: relative to the working folder, or else to the project.

    Notebooks name the demonstration study as ``params/demo/study.yaml`` and find it wherever they are opened.
    """
    given = Path(path).expanduser()
    for base in (Path(), PACKAGE.parent, PACKAGE / "_bundled"):
        if (base / given).is_file():
            return (base / given).resolve()
    raise KtssError(f"{path}: there is no such file, neither in {Path().resolve()} nor in the project")
