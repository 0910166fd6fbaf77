"""Files that are whole or absent, and their SHA-256: the lowest layer."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Collection, Iterator
from pathlib import Path

SYSTEM_FILES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", ".ipynb_checkpoints", "__pycache__"})


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write a file that a reader sees complete or not at all, even if the process is killed.

    The content goes to a temporary file beside `path`, is flushed to the disk, and takes the name in one
    step. A file that is replaced keeps its mode. Text is written as UTF-8 with the line ends it has.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    temporary = path.with_name(f".tmp-{path.name}-{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            temporary.chmod(path.stat().st_mode & 0o777)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name durable; systems that cannot open a folder do this on their own."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file's content in hexadecimal; large files are read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_below(folder: Path, *, ignore: Collection[str] = SYSTEM_FILES) -> Iterator[Path]:
    """Yield the files below a folder, sorted by name, without files and folders named in `ignore`."""
    for entry in sorted(folder.iterdir(), key=lambda path: path.name):
        if entry.name in ignore:
            continue
        if entry.is_dir() and not entry.is_symlink():
            yield from files_below(entry, ignore=ignore)
        else:
            yield entry


def sha256_files(folder: Path, *, ignore: Collection[str] = SYSTEM_FILES) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder under its relative path, with ``/`` on all systems.

    A link to a folder, or to nothing, is hashed by the place it names; a link to a file by its content.
    """
    found = files_below(folder, ignore=ignore)
    return {path.relative_to(folder).as_posix(): _sha256_entry(path) for path in found}


def _sha256_entry(path: Path) -> str:
    if path.is_symlink() and not path.is_file():
        return hashlib.sha256(b"link:" + os.fsencode(os.readlink(path))).hexdigest()
    return sha256_file(path)


def sha256_tree(folder: Path, *, ignore: Collection[str] = SYSTEM_FILES) -> str:
    """Return one SHA-256 over the relative names and the contents of all files below a folder.

    Names count, so a renamed file changes it; times, modes and empty folders do not.
    """
    return sha256_of_files(sha256_files(folder, ignore=ignore))


def sha256_of_files(hashes: dict[str, str]) -> str:
    """Return the one SHA-256 that `sha256_tree` gives for files with these names and hashes."""
    lines = (f"{name}\0{digest}\n" for name, digest in sorted(hashes.items()))
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
