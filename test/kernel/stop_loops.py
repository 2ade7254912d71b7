"""Stop pressed in loops of cells that never wait: how each cell ends.

    stop_loops.py PLAN RESULT CWD

PLAN is a file of JSON: cells by name, each of which prints before its loop, one that is run after it, and one before, or null:
then Stop is pressed a second after the cell was sent. RESULT gets for each the error that it shows, the
seconds from Stop to its end, and whether the kernel then answers.
"""

import json
import sys
import time
from pathlib import Path

from cell_messages import messages_of, reply_to
from jupyter_client.manager import start_new_kernel

PLAN, RESULT, CWD = sys.argv[1:4]
TIMEOUT = 60  # seconds

manager, client = start_new_kernel(startup_timeout=TIMEOUT, kernel_name="tslab", cwd=CWD)


def run(code, stops=0, at_once=False):
    sent = client.execute(code, stop_on_error=False)
    text, error, pressed = "", None, None
    if at_once:
        time.sleep(1)
        pressed = time.monotonic()
        manager.interrupt_kernel()
    for kind, content in messages_of(sent, lambda: client.get_iopub_msg(timeout=TIMEOUT)):
        if kind == "stream":
            text = (text + content["text"])[-1000:]  # a loop may print for ever
            if stops and pressed is None:
                time.sleep(0.5)  # the loop runs
                pressed = time.monotonic()
                manager.interrupt_kernel()
        elif kind == "execute_result":
            text += content["data"]["text/plain"]
        elif kind == "error":
            error = f'{content["ename"]}: {content["evalue"]}'
    reply_to(sent, client, TIMEOUT)
    return {"text": text, "error": error, "seconds": time.monotonic() - (pressed or time.monotonic())}


try:
    results = {}
    for name, (code, after, before) in json.loads(Path(PLAN).read_text()).items():
        if before is not None:
            run(before)
        results[name] = {**run(code, 1, before is not None), "after": run(after)["text"]}
    Path(RESULT).write_text(json.dumps(results))
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
