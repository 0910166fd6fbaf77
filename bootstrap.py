"""Build ``.venv/`` from ``requirements.lock``, once, and mend it when it is not complete. Used by ``run.py``.

Only the standard library is used and nothing is installed outside this folder. A pinned uv goes into
``.uv/``; where it cannot be had, venv and pip do the same more slowly. All files are checked against hashes.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

WINDOWS = os.name == "nt"
ROOT = os.path.dirname(os.path.realpath(__file__))
VENV = os.path.join(ROOT, ".venv")
UV_FOLDER = os.path.join(ROOT, ".uv")
STAMP = os.path.join(VENV, "ktss-stamp")
LOCK = os.path.join(ROOT, "requirements.lock")
UV_LOCK = os.path.join(ROOT, "requirements-uv.lock")
UNFINISHED = "unfinished"
PROJECT = ["--no-deps", "--no-build-isolation", "-e", "."]
BASE_PYTHON: str = getattr(sys, "_base_executable", None) or sys.executable

# Settings that would lead pip or uv out of this folder, or away from the lock.
UNWANTED = frozenset(
    {
        *("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX"),
        *("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIREMENT", "PIP_CONSTRAINT", "PIP_REQUIRE_HASHES"),
        *(
            "UV_SYSTEM_PYTHON",
            "UV_PYTHON",
            "UV_CONSTRAINT",
            "UV_OVERRIDE",
            "UV_REQUIRE_HASHES",
            "UV_NO_BUILD",
        ),
        "UV_EXCLUDE_NEWER",
    }
)


class SetupError(Exception):
    """The set-up cannot go on; the message says why and what to do."""


def venv_program(name: str) -> str:
    """Return the path of a program inside ``.venv/``."""
    return os.path.join(VENV, "Scripts", name + ".exe") if WINDOWS else os.path.join(VENV, "bin", name)


def fingerprint() -> str:
    """Return the SHA-256 of what decides the content of ``.venv/``: lock, project entry, folder."""
    import hashlib
    import json
    import tomllib

    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as stream:
        project = tomllib.load(stream)
    entry = [project["project"], project["build-system"], project.get("tool", {}).get("hatch")]
    digest = hashlib.sha256()
    with open(LOCK, "rb") as stream:
        digest.update(stream.read().replace(b"\r\n", b"\n"))
    digest.update(json.dumps(entry, sort_keys=True).encode())
    digest.update(ROOT.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def read_stamp() -> str:
    """Return what the last set-up left behind: a fingerprint, `UNFINISHED`, or nothing."""
    try:
        with open(STAMP, encoding="ascii") as stream:
            return stream.read().strip()
    except (OSError, UnicodeDecodeError):
        return ""


def write_stamp(text: str) -> None:
    """Replace the stamp in one step, so that it is never half written."""
    with open(STAMP + ".new", "w", encoding="ascii") as stream:
        stream.write(text + "\n")
    os.replace(STAMP + ".new", STAMP)


def is_ready(wanted: str) -> bool:
    """Say whether ``.venv/`` is complete and made from the present lock."""
    return read_stamp() == wanted and os.path.exists(venv_program("python"))


def pip_settings(listing: str) -> dict[str, str]:
    """Return pip's settings from ``pip config list``: environment before install before global."""
    import ast

    found: dict[str, tuple[int, str]] = {}
    ranks = {":env:": 3, "install": 2, "global": 1}
    for line in listing.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.strip().rpartition(".")
        if section not in ranks or not value:
            continue
        try:
            text = str(ast.literal_eval(value.strip()))
        except (SyntaxError, ValueError):
            continue
        if ranks[section] > found.get(name, (0, ""))[0]:
            found[name] = (ranks[section], text)
    return {name: text for name, (_, text) in found.items()}


def index_settings(environment: dict[str, str], pip: dict[str, str]) -> dict[str, str]:
    """Return what uv must be told so that it uses the package index that pip is configured with.

    An index that is named for uv itself always wins. The strategy is safe here because every file is checked
    against the hashes in the lock.
    """

    def is_free(*names: str) -> bool:
        return not any(environment.get(name) for name in names)

    extra = {}
    if "index-url" in pip and is_free("UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        extra["UV_DEFAULT_INDEX"] = pip["index-url"]
    if "extra-index-url" in pip and is_free("UV_INDEX", "UV_EXTRA_INDEX_URL"):
        extra["UV_INDEX"] = " ".join(pip["extra-index-url"].split())
        extra["UV_INDEX_STRATEGY"] = environment.get("UV_INDEX_STRATEGY") or "unsafe-first-match"
    if "find-links" in pip and is_free("UV_FIND_LINKS"):
        extra["UV_FIND_LINKS"] = ",".join(pip["find-links"].split())
    if pip.get("no-index", "").lower() in ("1", "true", "yes", "on") and is_free("UV_NO_INDEX"):
        extra["UV_NO_INDEX"] = "1"
    if "trusted-host" in pip and is_free("UV_INSECURE_HOST"):
        extra["UV_INSECURE_HOST"] = " ".join(pip["trusted-host"].split())
    if "cert" in pip and is_free("SSL_CERT_FILE"):
        extra["SSL_CERT_FILE"] = pip["cert"]
    return extra


def installer_environment() -> dict[str, str]:
    """Return the environment for pip and uv: the user's own, without `UNWANTED`."""
    environment = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    environment.update(
        PYTHONUTF8="1", UV_PYTHON_DOWNLOADS="never", PIP_USER="0", PIP_REQUIRE_VIRTUALENV="0",
        PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1",
    )  # fmt: skip
    return environment


def job_environment() -> dict[str, str]:
    """Return the environment for the jobs: as if ``.venv/`` had been activated."""
    astray = ("PYTHONHOME", "PYTHONPATH")
    environment = {name: value for name, value in os.environ.items() if name not in astray}
    programs = os.path.dirname(venv_program("python"))
    environment.update(
        VIRTUAL_ENV=VENV, PYTHONUTF8="1", PYTHONNOUSERSITE="1", PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD="1",
        PATH=programs + os.pathsep + environment.get("PATH", os.defpath),
    )  # fmt: skip
    return environment


def say(text: str) -> None:
    """Write one line for the person at the terminal."""
    print(text, file=sys.stderr, flush=True)


def run_quietly(command: list[str], environment: dict[str, str], keep_open: tuple[int, ...] = ()) -> tuple[int, str]:
    """Run a command in the project's folder; return its exit code and all it wrote."""
    import subprocess

    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, pass_fds=() if WINDOWS else keep_open, check=False,
        )  # fmt: skip
    except OSError as problem:
        return 127, str(problem)
    return done.returncode, done.stdout.decode("utf-8", "replace").strip()


@contextlib.contextmanager
def set_up_lock() -> Iterator[int]:
    """Let one set-up work at a time; the operating system frees the lock when its holder has died."""
    descriptor = os.open(os.path.join(ROOT, ".run.lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _take(descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> None:
    """Wait until the lock is ours, and say once that we wait; do without where files cannot be locked."""
    import errno
    import time

    told = False
    while True:
        try:
            _try_to_take(descriptor)
            return
        except OSError as problem:
            if problem.errno not in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK):
                return
        if not told:
            say("Another start is setting the project up; waiting for it ...")
            told = True
        time.sleep(0.1)


def _try_to_take(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def uv_version() -> str:
    """Return the uv version that ``requirements-uv.lock`` pins."""
    with open(UV_LOCK, encoding="ascii") as stream:
        return stream.readline().split("==")[1].split()[0]


def uv_program() -> str | None:
    """Return the pinned uv in ``.uv/``, if it is there."""
    if not os.path.isdir(os.path.join(UV_FOLDER, f"uv-{uv_version()}.dist-info")):
        return None
    name = "uv.exe" if WINDOWS else "uv"
    paths = [os.path.join(UV_FOLDER, folder, name) for folder in ("bin", "Scripts")]
    return next((path for path in paths if os.path.isfile(path)), None)


def pip_command(environment: dict[str, str], spare: str) -> list[str] | None:
    """Return a pip that can be run: the interpreter's own, or one in a throw-away environment at `spare`."""
    own = [BASE_PYTHON, "-m", "pip"]
    if run_quietly([*own, "--version"], environment)[0] == 0:
        return own
    if run_quietly([BASE_PYTHON, "-m", "venv", spare], environment)[0] == 0:
        return [os.path.join(spare, "Scripts" if WINDOWS else "bin", "python"), "-m", "pip"]
    return None


def get_uv(pip: list[str] | None, environment: dict[str, str]) -> str | None:
    """Return the pinned uv, put into ``.uv/`` now if need be; else a uv on the PATH; else nothing."""
    import shutil

    found = uv_program()
    if found is None and pip is not None:
        fresh = UV_FOLDER + ".new"
        shutil.rmtree(fresh, ignore_errors=True)
        code, text = run_quietly(
            [*pip, "install", "--quiet", "--target", fresh, "--no-deps", "--only-binary", ":all:",
             "--require-hashes", "-r", UV_LOCK],
            environment,
        )  # fmt: skip
        if code == 0:
            shutil.rmtree(UV_FOLDER, ignore_errors=True)
            os.replace(fresh, UV_FOLDER)
            found = uv_program()
        else:
            shutil.rmtree(fresh, ignore_errors=True)
            say(f"uv could not be installed ({text.splitlines()[-1] if text else code}).")
    return found or shutil.which("uv")


def must(command: list[str], environment: dict[str, str], descriptor: int, what: str) -> None:
    """Run a command of the set-up, or stop with its own words."""
    code, text = run_quietly(command, environment, (descriptor,))
    if code:
        raise SetupError(f"{what} failed (exit code {code}):\n{text}")


def with_uv(uv: str, environment: dict[str, str], descriptor: int) -> list[str]:
    """Build or repair ``.venv/`` with uv; return the start of the command that installs into it."""
    python = venv_program("python")
    if read_stamp() == UNFINISHED or run_quietly([python, "-c", ""], environment)[0]:
        fresh = [uv, "venv", "--clear", "--no-project", "--python", BASE_PYTHON, VENV]
        must(fresh, environment, descriptor, "Making .venv with uv")
    write_stamp(UNFINISHED)
    sync = [uv, "pip", "sync", "--python", python, "--require-hashes", LOCK]
    must(sync, environment, descriptor, "Installing requirements.lock with uv")
    return [uv, "pip", "install", "--python", python, "--offline"]


def with_pip(environment: dict[str, str], descriptor: int) -> list[str]:
    """Build ``.venv/`` anew with venv and pip: slower, for places where uv cannot be had."""
    install = [venv_program("python"), "-m", "pip", "install", "--quiet"]
    must([BASE_PYTHON, "-m", "venv", "--clear", VENV], environment, descriptor, "Making .venv with venv")
    write_stamp(UNFINISHED)
    locked = [*install, "--no-deps", "--require-hashes", "-r", LOCK]
    must(locked, environment, descriptor, "Installing requirements.lock with pip")
    return install


def install_lock(uv: str | None, environment: dict[str, str], descriptor: int) -> list[str]:
    """Bring ``.venv/`` in line with the lock, with uv or else with pip."""
    try:
        if uv is None:
            raise SetupError("uv is not available.")
        return with_uv(uv, environment, descriptor)
    except SetupError as problem:
        say(f"{problem}\nTrying venv and pip instead; this takes about a minute ...")
    try:
        return with_pip(environment, descriptor)
    except SetupError as problem:
        raise SetupError(
            f"{problem}\nThe set-up needs a package index (see PIP_INDEX_URL) and Python's venv module "
            "(on Debian and Ubuntu: the packages python3-venv and python3-pip). Then start again."
        ) from None


def prepare_uv(environment: dict[str, str]) -> str | None:
    """Return a uv, and add to `environment` the package index that pip is configured with."""
    import shutil

    spare = UV_FOLDER + ".pip"
    pip = pip_command(environment, spare)
    uv = get_uv(pip, environment)
    if pip is not None:
        listing = run_quietly([*pip, "config", "list"], environment)[1]
        environment.update(index_settings(environment, pip_settings(listing)))
    shutil.rmtree(spare, ignore_errors=True)
    return uv


def set_up(wanted: str, descriptor: int) -> None:
    """Bring ``.venv/`` in line with the lock, and stamp it when all is done."""
    import time

    began = time.monotonic()
    say("Setting up .venv (the first time, about 230 MB are downloaded) ...")
    environment = installer_environment()
    install = install_lock(prepare_uv(environment), environment, descriptor)
    must([*install, *PROJECT], environment, descriptor, "Installing the project itself")
    write_stamp(wanted)
    say(f"Set up in {time.monotonic() - began:.1f} s.")


def ensure() -> None:
    """Make sure that ``.venv/`` is complete and up to date; do nothing when it is."""
    wanted = fingerprint()
    if is_ready(wanted):
        return
    with set_up_lock() as descriptor:
        if not is_ready(wanted):
            set_up(wanted, descriptor)


def write_locks(options: list[str]) -> None:
    """Write both lock files and ``environment.yml`` from ``pyproject.toml``."""
    environment = installer_environment()
    uv = prepare_uv(environment)
    if uv is None:
        raise SetupError("Locking needs uv, and uv could not be had.")
    for name in ("UV_INDEX", "UV_FIND_LINKS"):  # the main index only: the lock has to hold everywhere
        environment.pop(name, None)
    resolve = [uv, "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--no-header"]
    resolve += ["--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
    hashed = [*resolve, *options, "--generate-hashes"]
    with set_up_lock() as descriptor:
        for_all = [*hashed, "--group", "dev", "pyproject.toml", "-o", LOCK]
        must(for_all, environment, descriptor, "Locking the project")
        must([*hashed, "--group", "bootstrap", "-o", UV_LOCK], environment, descriptor, "Locking uv")
    code, pins = run_quietly([*resolve, "--constraint", LOCK, "pyproject.toml"], environment)
    if code:
        raise SetupError("Exporting environment.yml failed:\n" + pins)
    write_conda_environment([line.strip() for line in pins.splitlines() if line.strip()])


def write_conda_environment(pins: list[str]) -> None:
    """Write ``environment.yml`` for conda and Binder: the locked versions without hashes, and the project.

    pip refuses an editable project beside hashes, so the hashes stay in the lock.
    """
    lines = [
        "# Written by `python3 run.py lock` from requirements.lock; not to be edited by hand.",
        "name: ktss",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        "  - python=3.11",
        "  - pip",
        "  - pip:",
        *(f"      - {_as_yaml(pin)}" for pin in pins),
        "      - -e .",
    ]
    with open(os.path.join(ROOT, "environment.yml"), "w", encoding="utf-8", newline="\n") as stream:
        stream.write("\n".join(lines) + "\n")


def _as_yaml(pin: str) -> str:
    """Return a pin as a YAML scalar; one with a marker is quoted."""
    return '"{}"'.format(pin.replace('"', "'")) if ";" in pin else pin
