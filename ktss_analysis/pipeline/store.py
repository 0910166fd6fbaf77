"""The folder of a run: finished steps, work in progress, what is stale and what failed."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ..core import PipelineError
from ..files import sha256_files, sha256_of_files, write_atomic

EXECUTED = "executed.ipynb"
STEP_RECORD = "step.json"
_TEMPORARY = ".tmp-"


@dataclass(frozen=True)
class Stored:
    """A finished step as its own record describes it; not yet compared with the files."""

    folder: Path
    record: dict[str, Any]

    @property
    def key(self) -> str:
        """Return the key under which the outputs were made."""
        return str(self.record["key"])

    @property
    def outputs(self) -> dict[str, str]:
        """Return output file -> SHA-256, without the executed notebook."""
        return dict(self.record["outputs"])

    @property
    def outputs_sha256(self) -> str:
        """Return the one hash of all outputs, on which the steps downstream depend."""
        return sha256_of_files(self.outputs)

    def faults(self) -> tuple[list[str], list[str]]:
        """Read all files again and return those missing, and those altered or added since they were made."""
        expected = {**self.outputs, EXECUTED: self.record["executed"]["sha256"]}
        found = files_of_step(self.folder)
        missing = sorted(set(expected) - set(found))
        return missing, sorted(name for name in found if expected.get(name) != found[name])


def files_of_step(folder: Path) -> dict[str, str]:
    """Return the hash of every file of a step's folder except its record."""
    found = sha256_files(folder)
    found.pop(STEP_RECORD, None)
    return found


class Store:
    """The layout of a run's folder.

    ``stages/<name>/`` holds a finished step, ``stages/.tmp-*`` work in progress, ``stale/<name>/`` outputs
    that are no longer valid, ``failed/<name>.ipynb`` the executed copy of a notebook that failed.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.abspath(root))
        self.stages, self.stale, self.failed = (self.root / name for name in ("stages", "stale", "failed"))

    def folder(self, name: str) -> Path:
        """Return the output folder of a step."""
        return self.stages / name

    def read(self, name: str) -> Stored | None:
        """Return what was finished under this name and is still in its place, or was set aside; else None."""
        for folder in (self.stages / name, self.stale / name):
            try:
                record = json.loads((folder / STEP_RECORD).read_text(encoding="utf-8"))
                if isinstance(record["key"], str) and isinstance(record["executed"]["sha256"], str):
                    return Stored(folder, {**record, "outputs": dict(record["outputs"])})
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return None

    def restore(self, stored: Stored, name: str) -> None:
        """Bring a step that was set aside back to its place."""
        if stored.folder != self.folder(name):
            self._discard(self.folder(name))
            os.rename(stored.folder, self.folder(name))

    def begin(self, name: str) -> Path:
        """Return a new empty folder in which the step is made."""
        self.stages.mkdir(parents=True, exist_ok=True)
        folder = self.stages / f"{_TEMPORARY}{name}-{secrets.token_hex(6)}"
        folder.mkdir()
        return folder

    def publish(self, temporary: Path, name: str, record: dict[str, Any]) -> None:
        """Put the record into a complete folder and give it the step's name in one move."""
        write_atomic(temporary / STEP_RECORD, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
        self._discard(self.folder(name))
        os.rename(temporary, self.folder(name))
        self._discard(self.stale / name)
        (self.failed / f"{name}.ipynb").unlink(missing_ok=True)

    def abandon(self, temporary: Path) -> None:
        """Remove the folder of a step that was not completed."""
        shutil.rmtree(temporary, ignore_errors=True)

    def keep_failed(self, temporary: Path, name: str) -> Path | None:
        """Keep the executed notebook of a failed step and remove the rest; return where it is now."""
        kept = None
        if (temporary / EXECUTED).is_file():
            self.failed.mkdir(parents=True, exist_ok=True)
            kept = self.failed / f"{name}.ipynb"
            os.replace(temporary / EXECUTED, kept)
        self.abandon(temporary)
        return kept

    def set_aside(self, name: str) -> None:
        """Move the outputs of a step out of the way, so that nothing reads them by mistake."""
        if self.folder(name).exists():
            self.stale.mkdir(parents=True, exist_ok=True)
            self._discard(self.stale / name)
            os.rename(self.folder(name), self.stale / name)

    def names(self) -> list[str]:
        """Return the names of the finished steps that are in their place."""
        if not self.stages.is_dir():
            return []
        return sorted(entry.name for entry in self.stages.iterdir() if not entry.name.startswith(_TEMPORARY))

    def remove_unfinished(self) -> None:
        """Remove what runs that were killed left behind; call this only while holding the lock."""
        for folder in (self.stages, self.root):
            if folder.is_dir():
                for entry in folder.glob(f"{_TEMPORARY}*"):
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

    def _discard(self, folder: Path) -> None:
        """Remove a folder so that it is never seen half removed under its name."""
        if folder.exists():
            self.stages.mkdir(parents=True, exist_ok=True)
            doomed = self.stages / f"{_TEMPORARY}old-{secrets.token_hex(6)}"
            os.rename(folder, doomed)
            shutil.rmtree(doomed, ignore_errors=True)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for one run; the system frees it when the process ends, in whatever way.

        Raises
        ------
        PipelineError
            If another run holds it; the message names its process.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("a+b") as file:
            if not _try_lock(file):
                raise PipelineError(f"{self.root}: another run is at work here ({_holder(file)})")
            try:
                file.truncate(0)
                started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
                file.write(json.dumps({"pid": os.getpid(), "started": started}).encode("ascii"))
                file.flush()
                yield
            finally:
                file.truncate(0)
                _unlock(file)


def _holder(file: IO[bytes]) -> str:
    try:
        file.seek(0)
        content = json.loads(file.read())
        return f"process {content['pid']}, since {content['started']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "process unknown"


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30  # a byte behind the text: a locked byte cannot be read by others

    def _try_lock(file: IO[bytes]) -> bool:
        file.seek(_FAR)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(file: IO[bytes]) -> None:
        file.seek(_FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _unlock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_UN)
