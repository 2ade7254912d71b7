"""Tab and Shift+Tab on the real kernel.

    assistance.py PLAN RESULT CWD

PLAN is a file of JSON: `cell`, which is run first, and `asked`: pairs of `complete` or `inspect` and a text with `|` where the
cursor is. RESULT gets the content of each answer.
"""

import json
import sys
from pathlib import Path

from cell_messages import reply_to
from jupyter_client.manager import start_new_kernel

PLAN, RESULT, CWD = sys.argv[1:4]
TIMEOUT = 120  # seconds


def ask(client, kind, text):
    position = text.index("|")
    sent = getattr(client, kind)(text.replace("|", "", 1), position)
    return reply_to(sent, client, TIMEOUT)


plan = json.loads(Path(PLAN).read_text())
manager, client = start_new_kernel(kernel_name="tslab", cwd=CWD)
try:
    client.execute_interactive(plan["cell"], timeout=TIMEOUT, output_hook=lambda _: None)
    answers = [ask(client, kind, text) for kind, text in plan["asked"]]
    Path(RESULT).write_text(json.dumps(answers))
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
