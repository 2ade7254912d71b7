"""Runs one notebook in the real kernel, and misses no failure of it."""

import asyncio
import queue
import re
import time
import uuid
from pathlib import Path

from jupyter_core.paths import jupyter_runtime_dir
from nbclient import NotebookClient
from nbclient.exceptions import (
    CellExecutionComplete,
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
)

# What the kernel prints for a promise that nobody awaited and for an exception in a timer. Neither
# makes a cell fail by itself.
LATE_FAILURE = re.compile(r"^(?:UncaughtException|UnhandledPromiseRejection): .*", re.MULTILINE)

ANSI = re.compile(r"\x1b\[[0-9;]*m")


class NotebookFailure(Exception):
    """A cell that failed: its place among all cells, and what it said."""

    def __init__(self, index, cell, reason):
        super().__init__(reason)
        self.index = index
        self.first_line = first_line(cell)
        self.reason = ANSI.sub("", reason)


class Stopped(Exception):
    """The run was asked to end; the cell that ran was interrupted and has returned."""


def first_line(cell):
    lines = [line.strip() for line in cell.source.splitlines()]
    code = [line for line in lines if line and not line.startswith("//")]
    return (code or lines or [""])[0]


def shown_error(cell):
    """The traceback that a cell shows, or None."""
    for output in cell.outputs:
        if output.output_type == "error":
            return "\n".join(output.traceback)
    return None


class WholeNotebookClient(NotebookClient):
    """nbclient, which drops what a cell prints or draws after its end, taught to keep it."""

    def __init__(self, nb, on_progress=None, **options):
        super().__init__(nb, **options)
        self.cell_of_message = {}
        self.on_progress = on_progress

    async def _async_poll_output_msg(self, parent_msg_id, cell, cell_index):
        self.cell_of_message[parent_msg_id] = (cell, cell_index)
        while True:
            message = await self.kc.iopub_channel.get_msg(timeout=None)
            if self.take(message) and message["parent_header"].get("msg_id") == parent_msg_id:
                return

    def take(self, message):
        """Puts a message's output into the cell that it belongs to; true when it ends that cell."""
        owner = self.cell_of_message.get(message["parent_header"].get("msg_id"))
        if owner is None:
            return False
        try:
            self.process_message(message, *owner)
        except CellExecutionComplete:
            return True
        if self.on_progress and message["msg_type"] == "update_display_data":
            self.on_progress(message["content"]["data"].get("text/plain", ""))
        return False

    async def take_late_messages(self, seconds):
        """Waits for what is still printed after the last cell."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                self.take(await self.kc.iopub_channel.get_msg(timeout=left))
            except queue.Empty:
                return


def late_failure(cells):
    """The first cell under which the kernel has printed a late failure, as (index, cell, text)."""
    for index, cell in enumerate(cells):
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                found = LATE_FAILURE.search(output.text)
                if found:
                    # the text goes on with the lines of the stack
                    return index, cell, output.text[found.start() :].strip()
    return None


class NotebookRun:
    """One notebook in one kernel of its own."""

    def __init__(self, notebook, kernel_folder, timeout, reporter, grace=0.5):
        self.notebook = notebook
        self.kernel_folder = kernel_folder
        self.reporter = reporter
        self.grace = grace
        self.stopping = False
        self.client = WholeNotebookClient(
            notebook,
            kernel_name="tslab",
            timeout=timeout,
            record_timing=False,
            coalesce_streams=True,
            on_progress=reporter.progress,
        )

    async def stop(self):
        """Presses Stop: a training loop ends at its next step, other code is broken off."""
        self.stopping = True
        if self.client.km is not None and self.client.km.has_kernel:
            await self.client.km.interrupt_kernel()

    async def kill(self):
        if self.client.km is not None and self.client.km.has_kernel:
            await self.client.km.shutdown_kernel(now=True)

    async def run(self):
        """Runs all cells; raises NotebookFailure or Stopped."""
        client, cells = self.client, self.notebook.cells
        for cell in cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        client.reset_execution_trackers()
        client.km = client.create_kernel_manager()
        runtime = Path(jupyter_runtime_dir())
        runtime.mkdir(parents=True, exist_ok=True)
        client.km.connection_file = str(runtime / f"kernel-{uuid.uuid4()}.json")
        try:
            # The same folder for all, so that relative paths mean the same wherever a notebook lies.
            await client.async_start_new_kernel(cwd=self.kernel_folder)
            await client.async_start_new_kernel_client()
            info = await client.kc.kernel_info(reply=True)
            self.notebook.metadata["language_info"] = info["content"]["language_info"]
        except (OSError, RuntimeError) as error:
            raise NotebookFailure(0, cells[0], f"The kernel did not start: {error}") from error
        try:
            for index, cell in enumerate(cells):
                if self.stopping:
                    raise Stopped()
                if cell.cell_type == "code" and cell.source.strip():
                    await self.run_cell(index, cell)
            await client.take_late_messages(self.grace)
            self.check_late()
        finally:
            await client._async_cleanup_kernel()

    async def run_cell(self, index, cell):
        self.reporter.cell_started(index, cell)
        started = time.monotonic()
        replies = []
        self.client.on_cell_executed = lambda execute_reply, **_: replies.append(execute_reply)
        try:
            await self.client.async_execute_cell(cell, index)
        except CellExecutionError as error:
            if self.stopping:
                raise Stopped() from None
            raise NotebookFailure(index, cell, shown_error(cell) or str(error)) from None
        except CellTimeoutError:
            seconds = self.client.timeout
            raise NotebookFailure(index, cell, f"Still running after {seconds} s.") from None
        except DeadKernelError:
            if self.stopping:
                raise Stopped() from None
            raise NotebookFailure(index, cell, "The kernel died in this cell.") from None
        status = replies[0]["content"]["status"] if replies else "missing"
        if status not in ("ok", "error"):  # an error that got here is allowed by the cell's tag
            raise NotebookFailure(index, cell, f"The kernel answered with status {status}.")
        self.check_late()
        self.reporter.cell_done(index, cell, time.monotonic() - started)

    def check_late(self):
        found = late_failure(self.notebook.cells)
        if found:
            raise NotebookFailure(*found)


async def run_stoppable(run, stop_requests):
    """Runs a notebook; the first item of the queue `stop_requests` stops it, a second one kills it."""
    work = asyncio.ensure_future(run.run())
    while not work.done():
        asked = asyncio.ensure_future(stop_requests.get())
        await asyncio.wait([work, asked], return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            asked.cancel()
        elif run.stopping:
            await run.kill()
        else:
            await run.stop()
    return work.result()
