"""Cells on one living kernel: what each shows.

    cells.py PLAN RESULT CWD

PLAN is a file of JSON: a list of rows, each a list of cells. RESULT gets, for each row, the outcome of its last cell:
`text` (values and what was printed, as it came) or `error` ("name: message" and the lines of its trace), and `mime`,
the data of its value. KERNEL names another kernel.
"""

import json
import os
import sys
from pathlib import Path

from cell_messages import messages_of, reply_to
from jupyter_client.manager import start_new_kernel

PLAN, RESULT, CWD = sys.argv[1:4]
TIMEOUT = 60  # seconds


def run(client, code):
    """Runs a cell as Run All does, without refusing what follows a failure."""
    sent = client.execute(code, stop_on_error=False)
    text, error, mime = "", None, None
    for kind, content in messages_of(sent, lambda: client.get_iopub_msg(timeout=TIMEOUT)):
        if kind == "stream":
            text += content["text"]
        elif kind in ("execute_result", "display_data"):
            mime = content["data"]
            text += mime.get("text/plain", "")
        elif kind == "error":
            error = f'{content["ename"]}: {content["evalue"]}\n' + "\n".join(content["traceback"])
    reply_to(sent, client, TIMEOUT)
    return {"text": text, "error": error, "mime": mime}


manager, client = start_new_kernel(kernel_name=os.environ.get("KERNEL", "tslab"), cwd=CWD)
try:
    rows = json.loads(Path(PLAN).read_text())
    outcomes = [[run(client, cell) for cell in cells][-1] for cells in rows]
    Path(RESULT).write_text(json.dumps(outcomes))
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
