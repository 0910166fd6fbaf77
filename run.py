#!/usr/bin/env python3
"""Set the project up inside its own folder and start one of its jobs.

``python3 run.py`` lists the jobs. Only the standard library is used, nothing is installed outside this
folder, and no shell is involved, so the same line works on Linux, macOS and Windows. The first start builds
``.venv/`` (see ``bootstrap.py``); a later start finds it in order and does no work.

This file stays readable for Python 3.6, so that an old Python can say what it lacks: annotations are quoted,
and `bootstrap` is imported after the check.
"""

import os
import sys

OLDEST_PYTHON = (3, 11)
ROOT = os.path.dirname(os.path.realpath(__file__))
STUDY = os.path.join("params", "demo", "study.yaml")
# pytest options that already say how the tests are spread, or that cannot be spread
SPREAD = ("-n", "--numprocesses", "--dist", "--pdb", "--trace", "no:xdist", "--collect-only", "--co")


def start(arguments: "list[str]", **settings: str) -> int:
    """Run the interpreter of ``.venv/`` with `settings` as environment; return its exit code."""
    import subprocess

    import bootstrap

    command = [bootstrap.venv_program("python"), *arguments]
    with subprocess.Popen(command, env={**settings, **bootstrap.job_environment()}) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue  # the job got the same signal and decides what to do


def report(arguments: "list[str]") -> int:
    """Run the demonstration study and say where its report lies."""
    here = os.getcwd()
    os.chdir(ROOT)
    out = chosen_folder(arguments, here)
    if out is not None:
        arguments = [*without_out(arguments), "--out", out]
    return start(["-P", "-m", "ktss_analysis.cli", "run", STUDY, *arguments])


def chosen_folder(arguments: "list[str]", here: str) -> "str | None":
    """Return the folder given with ``--out``, as seen from the folder `here`."""
    for position, argument in enumerate(arguments):
        if argument == "--out" and position + 1 < len(arguments):
            return os.path.join(here, arguments[position + 1])
        if argument.startswith("--out="):
            return os.path.join(here, argument[len("--out=") :])
    return None


def without_out(arguments: "list[str]") -> "list[str]":
    """Return the arguments without ``--out`` and its value."""
    kept = []
    skip_next = False
    for argument in arguments:
        if not skip_next and argument != "--out" and not argument.startswith("--out="):
            kept.append(argument)
        skip_next = not skip_next and argument == "--out"
    return kept


def test(arguments: "list[str]") -> int:
    """Run the tests on all cores; further arguments go to pytest."""
    os.chdir(ROOT)
    spread = spread_options(arguments)
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"} if spread else {}
    return start(["-m", "pytest", *spread, *arguments], **one_thread)


def spread_options(arguments: "list[str]") -> "list[str]":
    """Return the options that spread the tests over the cores, unless `arguments` already decide."""
    starts = ("-n", "--numprocesses=", "--dist=")
    if any(argument in SPREAD or argument.startswith(starts) for argument in arguments):
        return []
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return ["-n", str(cores), "--dist", "loadfile"]


def lab(arguments: "list[str]") -> int:
    """Open the notebooks in JupyterLab."""
    os.chdir(ROOT)
    return start(["-m", "jupyterlab", "notebooks", *arguments])


def ktss(arguments: "list[str]") -> int:
    """Pass everything on to the command `ktss`, for example: run.py run check my-study.yaml."""
    return start(["-P", "-m", "ktss_analysis.cli", *arguments])


def takes_nothing(job: str, arguments: "list[str]") -> bool:
    """Say whether a job was started without further arguments; complain if not."""
    if arguments:
        print(f"The job {job!r} takes no further arguments.", file=sys.stderr)
    return not arguments


def demo(arguments: "list[str]") -> int:
    """Write the demonstration study anew: params/demo and data/demo."""
    if not takes_nothing("demo", arguments):
        return 2
    os.chdir(ROOT)
    write = "write_demo(Path('data/demo'), params_dir=Path('params/demo'))"
    return start(["-c", f"from pathlib import Path; from ktss_analysis.demo import write_demo; {write}"])


def python(arguments: "list[str]") -> int:
    """Start the project's own Python, for example: run.py python -m ruff format."""
    return start(arguments)


def lint(arguments: "list[str]") -> int:
    """Check style, formatting, direction of imports and types."""
    if not takes_nothing("lint", arguments):
        return 2
    os.chdir(ROOT)
    checks = [
        ["-m", "ruff", "check", "."],
        ["-m", "ruff", "format", "--check", "."],
        ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        ["-m", "mypy"],
    ]
    codes = [start(check) for check in checks]  # all of them, also after a failure
    return int(any(codes))


def bench(arguments: "list[str]") -> int:
    """Measure speed and memory, ours against peers."""
    os.chdir(ROOT)
    return start(["-m", "benchmarks", *arguments])


def lock(arguments: "list[str]") -> int:
    """Renew requirements.lock, requirements-uv.lock and environment.yml; --upgrade takes newer versions."""
    import bootstrap

    os.chdir(ROOT)
    bootstrap.write_locks(arguments)
    return 0


JOBS = {
    "report": report,
    "test": test,
    "lab": lab,
    "run": ktss,
    "demo": demo,
    "lint": lint,
    "bench": bench,
    "lock": lock,
    "python": python,
}


def usage() -> str:
    """Return the list of jobs, one line each."""
    lines = ["Usage: python3 run.py JOB [further arguments]", ""]
    for name, function in JOBS.items():
        lines.append(f"  {name:<8}{(function.__doc__ or '').splitlines()[0]}")
    return "\n".join(lines)


def main(arguments: "list[str]") -> int:
    """Check the interpreter, set up if needed, run one job; return its exit code."""
    if sys.version_info[:2] < OLDEST_PYTHON:
        wanted, present = ("{}.{}".format(*version) for version in (OLDEST_PYTHON, sys.version_info))
        print(
            f"This project needs Python {wanted} or newer; this is Python {present} ({sys.executable}).\n"
            f"Install a newer one and start with it, for example: python{wanted} run.py",
            file=sys.stderr,
        )
        return 2
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage())
        return 0
    if arguments[0] not in JOBS:
        print(f"Unknown job {arguments[0]!r}.\n{usage()}", file=sys.stderr)
        return 2

    import bootstrap

    try:
        if arguments[0] != "lock":
            bootstrap.ensure()
        return JOBS[arguments[0]](arguments[1:])
    except bootstrap.SetupError as problem:
        print(problem, file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
