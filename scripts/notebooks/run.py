"""Runs notebooks headless, in order, in the real kernel; started by scripts/notebooks.mjs."""

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

import nbformat

from client import NotebookFailure, NotebookRun, Stopped, run_stoppable
from parameters import inject, parse_value
from report import Reporter

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"


def arguments():
    parser = argparse.ArgumentParser(
        prog="npm run notebooks --", description="Runs notebooks headless, in order."
    )
    parser.add_argument(
        "notebooks", nargs="*", help="paths, or names in notebooks/ such as 04-train (default: all)"
    )
    parser.add_argument(
        "-p",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        dest="parameters",
        help="sets a variable of the cell tagged 'parameters'; VALUE is JSON or else a text",
    )
    parser.add_argument("--timeout", type=float, help="seconds that a cell may take (default: any)")
    parser.add_argument(
        "--in-place",
        action="store_true",
        help="also write the outputs into the notebooks themselves, each if it passes",
    )
    parser.add_argument(
        "--output", type=Path, default=ROOT / "runs" / "notebooks", help="where the copies go"
    )
    parser.add_argument("--no-html", action="store_true", help="write no HTML")
    options = parser.parse_args()
    if options.in_place and options.parameters:
        parser.error("--in-place keeps what a notebook says; set the values in it instead of by -p")
    options.paths = [resolve(parser, name) for name in options.notebooks]
    if not options.notebooks:
        options.paths = sorted(NOTEBOOKS.glob("*.ipynb"))
    if not options.paths:
        parser.error(f"there is no notebook in {NOTEBOOKS}")
    return options


def resolve(parser, name):
    for path in (Path(name), NOTEBOOKS / name, NOTEBOOKS / f"{name}.ipynb"):
        if path.is_file():
            return path.resolve()
    parser.error(f"no notebook {name}; in notebooks/: {', '.join(known()) or 'none'}")


def known():
    return [path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb"))]


def write_notebook(notebook, path):
    """All or nothing: a notebook that is being read is never half-written."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    nbformat.write(notebook, aside)
    os.replace(aside, path)


def without_pages(notebook):
    """Pages that draw in a browser (lib/notebook/in-browser.ts) are megabytes; the picture and the sentence beside them stay."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [
                output for output in cell.outputs if "sdm_page" not in output.get("metadata", {})
            ]
    return notebook


def write_html(notebook, path):
    from nbconvert import HTMLExporter  # slow to import

    # The template of the set-up, in which figures have their words.
    exporter = HTMLExporter(template_name="lab-figures")
    html, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": path.stem}})
    path.write_text(html, encoding="utf-8")


async def run_one(path, options, reporter, stop_requests):
    """Runs one notebook and writes its copy; returns (status, explanation)."""
    notebook = nbformat.read(path, as_version=4)
    note = inject(notebook, {name: parse_value(value) for name, value in options.parameters})
    notebook.metadata.setdefault("language_info", {"name": "typescript"})
    reporter.notebook_started(path, notebook)
    if note:
        reporter.say(f"  note: {note}")
    run = NotebookRun(notebook, str(NOTEBOOKS), options.timeout, reporter)
    try:
        await run_stoppable(run, stop_requests)
    except NotebookFailure as failure:
        reporter.failed(failure)
        return "failed", f"cell {failure.index + 1}: {failure.reason}"
    except Stopped:
        reporter.say("  stopped")
        return "stopped", "stopped by a signal"
    finally:
        write_notebook(notebook, options.output / path.name)
        if not options.no_html:
            write_html(notebook, options.output / f"{path.stem}.html")
    if options.in_place:
        write_notebook(without_pages(notebook), path)
    return "passed", None


def watch_signals(requests):
    """Queues the wishes to stop; the same wish that comes by several ways at once counts once."""
    last = -1.0

    def asked():
        nonlocal last
        now = time.monotonic()
        if now - last > 1.0:
            requests.put_nowait(now)
        last = now

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked)


async def main():
    options = arguments()
    options.output.mkdir(parents=True, exist_ok=True)
    reporter = Reporter()
    requests = asyncio.Queue()
    watch_signals(requests)
    started = time.monotonic()
    results = []
    for path in options.paths:
        began = time.monotonic()
        status, explanation = await run_one(path, options, reporter, requests)
        results.append(
            {
                "notebook": path.name,
                "status": status,
                "seconds": round(time.monotonic() - began, 1),
                "explanation": explanation,
            }
        )
        if status == "stopped":
            break
    (options.output / "summary.json").write_text(json.dumps(results, indent=2) + "\n")

    failed = [result["notebook"] for result in results if result["status"] != "passed"]
    seconds = time.monotonic() - started
    reporter.say(f"\nnotebooks: {len(results) - len(failed)} passed, {len(failed)} failed in {seconds:.0f} s")
    if failed:
        reporter.say(f"not passed: {', '.join(failed)}")
    if any(result["status"] == "stopped" for result in results):
        return 130
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
