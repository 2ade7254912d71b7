"""Sends requests to a living kernel and tells what came back, as JSON.

    ask.py REQUESTS OUTCOMES FOLDER

REQUESTS is a list of steps. A step is a list of requests that are sent together; each has `type` and `content`, or
`code` and options of an execute_request, and may have `channel`. The step ends when all have been announced idle and
answered. `{"meanwhile": request, "ask": step, "connect": true}` first sends a request that prints when it runs, and
asks while it does, with `stop` by the signal of the Stop button; with `connect` a second client asks for kernel_info then, as a page that is opened again.
"""

import json
import os
import sys
import time
from queue import Empty

import nbformat
from jupyter_client.manager import start_new_kernel
from jupyter_client.session import Session

TIMEOUT = 60
KERNEL = os.environ.get("KERNEL", "tslab")


class Asker:
    ran = ""

    def __init__(self, client):
        self.client = client
        self.replies = {}
        self.published = []

    def send(self, request):
        channel = request.get("channel", "shell")
        kind = request.get("type", "execute_request")
        content = request.get("content")
        if "code" in request:
            content = {
                "code": request["code"],
                "silent": False,
                "store_history": True,
                "user_expressions": {},
                "allow_stdin": False,
                "stop_on_error": True,
                **request.get("options", {}),
            }
        # "$ran" is the id of the last cell that was sent
        content = json.loads(json.dumps(content or {}).replace("$ran", Asker.ran))
        message = self.client.session.msg(kind, content, metadata=request.get("metadata"))
        if "code" in request:
            Asker.ran = message["header"]["msg_id"]
        getattr(self.client, f"{channel}_channel").send(message)
        return message["header"]["msg_id"], kind, channel

    def look(self, wait):
        """Takes what is there; `wait` seconds for the first message."""
        try:
            message = self.client.get_iopub_msg(timeout=wait)
            self.published.append(message)
        except Empty:
            pass
        for get in (self.client.get_shell_msg, self.client.get_control_msg):
            try:
                while True:
                    reply = get(timeout=0)
                    self.replies[reply["parent_header"]["msg_id"]] = reply
            except Empty:
                pass

    def of(self, identity):
        return [m for m in self.published if m["parent_header"].get("msg_id") == identity]

    def is_done(self, sent):
        identity, kind, _ = sent
        idle = any(m["content"].get("execution_state") == "idle" for m in self.of(identity))
        needs_reply = kind.endswith("_request") and kind != "unknown_request"
        return idle and (not needs_reply or identity in self.replies)

    def until(self, condition, what):
        end = time.monotonic() + TIMEOUT
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(what)
            self.look(0.02)

    def outcome(self, sent):
        identity, _, _ = sent
        reply = self.replies.get(identity)
        outputs = [m for m in self.of(identity) if m["msg_type"] not in ("status", "execute_input")]
        return {
            "reply": reply and {"msg_type": reply["msg_type"], **reply["content"]},
            "published": [
                [m["msg_type"], m["content"].get("execution_state")]
                if m["msg_type"] == "status"
                else [m["msg_type"]]
                for m in self.of(identity)
            ],
            "input": next(
                (m["content"] for m in self.of(identity) if m["msg_type"] == "execute_input"), None
            ),
            "outputs": [{"type": m["msg_type"], **m["content"]} for m in outputs],
            "unsaved": unsaved(outputs),
        }

    def ask(self, step):
        sent = [self.send(request) for request in step]
        self.until(lambda: all(self.is_done(one) for one in sent), f"no end of {step}")
        # in the order in which they were answered
        order = [identity for identity in self.replies if identity in {one[0] for one in sent}]
        ranks = {identity: rank for rank, identity in enumerate(order)}
        return [{**self.outcome(one), "rank": ranks.get(one[0])} for one in sent]


def unsaved(messages):
    """Why a notebook with these outputs cannot be saved; None if it can."""
    kept = ("stream", "display_data", "execute_result", "error")
    try:
        outputs = [
            nbformat.v4.output_from_msg(m) for m in messages if m["msg_type"] in kept
        ]
        cell = nbformat.v4.new_code_cell("", outputs=outputs)
        notebook = nbformat.v4.new_notebook(cells=[cell])
        nbformat.validate(notebook)
        nbformat.writes(notebook).encode("utf8")
    except Exception as fault:
        return repr(fault)[:500]
    return None


def second_client(manager):
    """What a page that is opened again sees: the states, in order, and whether its question was answered."""
    # a session of its own: the kernel would take it for the first one else
    client = manager.client(session=Session(key=manager.session.key))
    client.start_channels()
    states = []
    try:
        time.sleep(0.3)  # until it is subscribed
        asked = client.kernel_info()
        end = time.monotonic() + 2
        while time.monotonic() < end:
            try:
                message = client.get_iopub_msg(timeout=0.1)
                if message["msg_type"] == "status":
                    states.append(message["content"]["execution_state"])
            except Empty:
                pass
        try:
            reply = client.get_shell_msg(timeout=0)["parent_header"]["msg_id"] == asked
        except Empty:
            reply = False
    finally:
        client.stop_channels()
    return {"states": states, "answered": reply}


def run(manager, client, steps):
    for step in steps:
        asker = Asker(client)
        if isinstance(step, list):
            yield asker.ask(step)
            continue
        first = asker.send(step["meanwhile"])
        asker.until(
            lambda: any(m["msg_type"] == "stream" for m in asker.of(first[0])), "it did not begin"
        )
        if step.get("stop"):
            manager.interrupt_kernel()
        asked = asker.ask(step.get("ask", []))
        running = not asker.is_done(first)
        connected = second_client(manager) if step.get("connect") else None
        asker.until(lambda: asker.is_done(first), "it did not end")
        yield {
            "meanwhile": asker.outcome(first),
            "asked": asked,
            "wasRunning": running,
            "connected": connected,
        }


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        steps = json.load(file)
    manager, client = start_new_kernel(kernel_name=KERNEL, cwd=sys.argv[3], startup_timeout=60)
    try:
        # the library may have to be compiled first
        client.execute_interactive("0;", timeout=120, output_hook=lambda _: None)
        outcomes = list(run(manager, client, steps))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    with open(sys.argv[2], "w") as file:
        json.dump(outcomes, file)
