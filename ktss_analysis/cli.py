"""The `ktss` command. Everything heavy is imported inside the command that needs it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="ktss",
    help="From raw exports of reviews, workshops and focus groups to an audited report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

StudyFile = Annotated[Path, typer.Argument(help="Study file (YAML).", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Folder to write to; made when absent.", show_default=False)],
    seed: Annotated[int | None, typer.Option(help="Seed of the generator.")] = None,
) -> None:
    """Write the demonstration study: raw exports, study file, framework, and the planted truth apart.

    All data are SYNTHETIC: no real person answered.
    """
    from .demo import write_demo

    write_demo(folder, seed=seed)
    typer.echo(f"Demonstration study (SYNTHETIC) in {folder}")
    typer.echo(f"Next: ktss run {folder / 'study.yaml'}")


@app.command()
def check(
    study: StudyFile,
    everything: Annotated[bool, typer.Option("--all", help="List every remark, also those of one kind.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read and check all inputs of a study without running it; exit code 1 when there are errors."""
    from .intake.check import check_study
    from .rules import load_rules
    from .study import load_study

    loaded = load_study(study)
    load_rules(loaded.rules_path)
    problems = check_study(loaded)
    errors = int((problems["level"] == "error").sum()) if len(problems) else 0
    if as_json:
        typer.echo(problems.to_json(orient="records", force_ascii=False, indent=1))
    else:
        _print_table(problems if everything else _summed_up(problems))
        rest = len(problems) - errors
        typer.echo(f"{_plural(errors, 'error')}, {_plural(rest, 'remark')} in {_plural(len(loaded.sources), 'source')}")
    raise typer.Exit(1 if errors else 0)


@app.command("map")
def map_command(
    files: Annotated[list[Path], typer.Argument(help="Raw files: exports of any kind.", show_default=False)],
    framework: Annotated[Path | None, typer.Option(help="Framework file; its ids and texts are looked for.")] = None,
    sheet: Annotated[str, typer.Option(help="Sheet of workbooks. Default: all that hold cells.")] = "",
    structure: Annotated[
        Path | None,
        typer.Option(help="File that describes the questions. Default: one that stands beside and fits."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look at unknown raw files: their format, what each column is, and a `sources:` block to start from.

    No cell is shown. The block is a proposal: activity, aspect and scale are what the files suggest.
    """
    from .mapping import map_files

    number = int(sheet) if sheet.isdecimal() else sheet or None
    found = map_files(files, framework=framework, sheet=number, structure=structure)
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=1, default=str))
        raise typer.Exit(1 if found.unreadable else 0)
    _print_table(found.files)
    for note in found.notes:
        typer.echo(f"- {note}")
    typer.echo("")
    typer.echo(found.yaml or "No column was understood well enough to propose a source.")
    if len(found.not_understood):
        typer.echo("Not used, and why:")
        _print_table(found.not_understood)
    for line in found.unreadable:
        typer.secho(line, fg="red", err=True)
    raise typer.Exit(1 if found.unreadable else 0)


@app.command()
def run(
    study: StudyFile,
    out: Annotated[Path | None, typer.Option(help="Folder of the run. Default: reports/<study id>.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Notebooks at the same time.")] = 2,
    scheduler: Annotated[str, typer.Option(help="Address of a Dask scheduler, e.g. tcp://host:8786.")] = "",
    only: Annotated[list[str] | None, typer.Option(help="Run this notebook and what it needs.")] = None,
    force: Annotated[bool, typer.Option(help="Run everything, whether it changed or not.")] = False,
    plan: Annotated[bool, typer.Option(help="Show what would run and why; run nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run the study: cleaning, statistics, decisions, report. Only what changed is run again."""
    from .pipeline.graph import plan_study, run_study
    from .study import load_study

    loaded = load_study(study)
    folder = (out or Path("reports") / loaded.id).expanduser().resolve()
    if plan:
        planned = plan_study(loaded, folder, only=only or None, force=force)
        if as_json:
            typer.echo(json.dumps([_fields(entry) for entry in planned]))
        else:
            for entry in planned:
                state = {True: "run", False: "keep", "maybe": "perhaps"}[entry.will_run]
                typer.echo(f"{state:8} {entry.name:24} {entry.reason}")
        return
    record = run_study(
        loaded, folder, only=only or None, jobs=jobs, force=force, executor=_executor(scheduler), quiet=as_json,
    )  # fmt: skip
    if as_json:
        typer.echo(record.to_json())
        return
    typer.echo(record.time_table())
    for path in sorted((folder / "public").glob("report.*")):
        typer.echo(path)


@app.command()
def stat(
    name: Annotated[str, typer.Argument(help="Name of the statistic.")] = "",
    data: Annotated[Path | None, typer.Argument(help="CSV, TSV or XLSX file; rows are persons or units.")] = None,
    columns: Annotated[str, typer.Option(help="Columns to use, separated by commas.")] = "",
    id_column: Annotated[str, typer.Option("--id", help="Column that names the rows; not used as data.")] = "",
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", help="Option of the function, name=value; repeat as needed."),
    ] = None,
    list_all: Annotated[bool, typer.Option("--list", help="List all statistics with source and smallest n.")] = False,
    tell: Annotated[bool, typer.Option("--about", help="Say what it is: formula, missing answers, limits.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compute one statistic on one file: the auditor's pocket calculator."""
    from .pocket import about, compute, listing

    if list_all or not name:
        table = listing()
        if as_json:
            typer.echo(table.to_json(orient="records", force_ascii=False, indent=1))
        else:
            _print_table(table)
        return
    if tell:
        said = about(name)
        text = "\n\n".join(f"{title}\n{words}" for title, words in said.items())
        typer.echo(json.dumps(said, ensure_ascii=False, indent=1) if as_json else text)
        return
    result = compute(name, data, columns=[part.strip() for part in columns.split(",") if part.strip()],
                     options=option or [], id_column=id_column)  # fmt: skip
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False, indent=1))
    else:
        _print_result(result)


@app.command()
def tool(
    target: Annotated[Path, typer.Argument(help="Folder of a run, study file or framework file.", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="Folder to write to. Default: self-assessment beside it.")] = None,
    languages: Annotated[str, typer.Option(help="Languages, separated by commas. Default: all there are.")] = "",
    as_json: AsJson = False,
) -> None:
    """Write the self-assessment as web pages, and the questionnaire in formats for other tools.

    From a run, the pages show bands where its published results allow it; from a framework file they do not.
    """
    from .pipeline.tool import write_tool

    wanted = [part.strip() for part in languages.split(",") if part.strip()]
    built = write_tool(target, out, wanted)
    if as_json:
        pages = [{"language": page.language, "bytes": page.n_bytes, "gzip": page.n_gzip} for page in built.pages]
        files = [str(path) for path in built.files]
        typer.echo(json.dumps({"pages": pages, "files": files, "notes": list(built.notes)}, ensure_ascii=False))
        return
    for note in built.notes:
        typer.echo(note)
    for path in built.files:
        typer.echo(path)


@app.command()
def purge(
    study: StudyFile,
    person: Annotated[
        str, typer.Argument(help="Identifier as it stands in the raw files, or pseudonym.", show_default=False)
    ],
    out: Annotated[
        list[Path] | None, typer.Option(help="Folder of a run to clear; repeat as needed. Default: reports/<study id>.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; stands in the list beside the study.")] = "asked to be removed",
    raw: Annotated[bool, typer.Option("--raw", help="Take the rows out of raw CSV files as well.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove one participant from the study, on request: list, runs and, with --raw, raw CSV files.

    The list beside the study holds a keyed hash and no name. Runs that hold the person are cleared and must be run
    again. Rows in workbooks stay and are listed: remove them by hand.
    """
    from datetime import date

    from .pipeline.layout import run_folder
    from .purge import carry_out, plan_purge
    from .study import load_study

    loaded = load_study(study)
    runs = [path.expanduser().resolve() for path in out] if out else [run_folder(loaded.id)]
    plan = plan_purge(loaded, person, runs)
    if not as_json:
        known = " (listed already)" if plan.known else ""
        typer.echo(f"{_plural(len(plan.rows), 'raw row')}, {_plural(len(plan.outputs), 'output')} of runs{known}")
    if not yes and (as_json or not sys.stdin.isatty() or not typer.confirm("Remove this person?")):
        typer.echo(json.dumps(plan.as_dict(), indent=1) if as_json else "nothing was changed; --yes removes the person")
        raise typer.Exit(1)
    done = carry_out(loaded, plan, reason=reason, raw=raw, today=date.today())
    if as_json:
        typer.echo(json.dumps(done, ensure_ascii=False, indent=1))
        return
    for path in plan.outputs:
        typer.echo(f"deleted  {path}")
    for row in done["raw_rows_left"]:  # type: ignore[attr-defined]
        typer.echo(f"still in {row['file']}, row {row['row']}: remove it yourself" + (
            ", or use --raw" if row["rewritable"] else ""
        ))  # fmt: skip
    typer.echo(f"Log: {done['log']}. Run the study again: ktss run {study}")


def _summed_up(problems: Any) -> Any:
    """Put more than three notes of one rule and file into one line with their number; errors stay as they are."""
    import pandas as pd

    kinds = problems.groupby(["source", "file", "rule"], dropna=False)["level"].transform("size")
    many = (problems["level"] == "note") & (kinds > 3)
    lines = problems[~many].copy()
    for (source, file, rule), part in problems[many].groupby(["source", "file", "rule"], sort=False):
        first = part.iloc[0]
        example = "first" if pd.isna(first["found"]) else f"e.g. {first['found']!r}"
        line = {
            "level": "note",
            "source": source,
            "file": file,
            "rule": rule,
            "reason": first["reason"],
            "found": f"{len(part)} times, {example} in row {first['row']} (--all lists them)",
        }
        lines.loc[len(problems) + len(lines)] = pd.Series(line)
    return lines


def _executor(scheduler: str) -> Any:
    if not scheduler:
        return None
    try:
        from distributed import Client
    except ImportError:
        from .core import PipelineError

        raise PipelineError(
            "--scheduler needs Dask; install ktss-analysis with its extra: pip install 'ktss-analysis[cluster]'"
        ) from None
    return Client(scheduler).get_executor()


def _fields(entry: Any) -> dict[str, Any]:
    return {field: getattr(entry, field) for field in entry.__dataclass_fields__}


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _print_table(frame: Any) -> None:
    """Print a frame as a table as wide as the terminal."""
    from rich.console import Console
    from rich.table import Table

    if not len(frame):
        return
    table = Table(show_edge=False, header_style="bold", pad_edge=False)
    for column in frame.columns:
        table.add_column(str(column), overflow="fold")
    for row in frame.astype(object).where(frame.notna(), "").itertuples(index=False):
        table.add_row(*map(_short, row))
    width = None if sys.stdout.isatty() else 200
    Console(width=width, highlight=False).print(table)


def _print_records(frame: Any) -> None:
    """Print the rows of a result; what is one long text in all rows stands once below, what is empty is left out."""
    filled = frame.loc[:, (frame.notna() & (frame != "")).any()]
    same = [
        column
        for column in filled.columns
        if len(filled) > 1
        and len(text := str(filled[column].iloc[0])) > 20
        and (filled[column].astype(str) == text).all()
    ]
    _print_table(filled.drop(columns=same))
    for column in same:
        typer.echo(f"{column}: {filled[column].iloc[0]}")


def _short(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _print_result(result: Any) -> None:
    import pandas as pd

    if isinstance(result, list):
        _print_records(pd.DataFrame(result))
        return
    width = max(map(len, result))
    for key, value in result.items():
        if isinstance(value, list):
            typer.echo(f"{key}:")
            _print_records(pd.DataFrame(value))
        elif value not in (None, ""):
            typer.echo(f"{key:<{width}}  {value}")


def main() -> None:
    """Run the command; a user's error is one message without a traceback and exit code 1."""
    from .core import KtssError

    try:
        app()
    except KtssError as error:
        typer.secho(str(error), fg="red", err=True)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)
        raise SystemExit(130) from None
    except Exception:
        import traceback

        traceback.print_exc()
        typer.secho(
            "ktss has a fault of its own. Please report the lines above, without your data.",
            fg="red",
            err=True,
        )
        raise SystemExit(3) from None


if __name__ == "__main__":
    main()
