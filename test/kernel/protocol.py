"""Jupyter's own tests of kernels, with what they ask in TypeScript, and ours of what they leave out.

Writes the outcome of each test to the file named on the command line, as JSON.
"""

import json
import os
import sys
import time
import unittest

import jupyter_kernel_test
from jupyter_client.manager import start_new_kernel

KERNEL = os.environ.get("KERNEL", "tslab")
CWD = sys.argv[2]
TIMEOUT = 30

DISPLAY = "const send = (globalThis as any)[Symbol.for('kernel.display')]();"


def start(name):
    """A kernel that has run a first cell: the library may have to be compiled before that."""
    manager, client = start_new_kernel(kernel_name=name, cwd=CWD)
    client.execute_interactive("0;", timeout=120, output_hook=lambda _: None)
    return manager, client


def until_ready(client):
    """A kernel refuses for a moment what is sent just after a failure: asks until it does not."""
    while True:
        asked = client.execute("0", silent=True, store_history=False, stop_on_error=False)
        reply = client.get_shell_msg(timeout=TIMEOUT)
        while reply["parent_header"].get("msg_id") != asked:
            reply = client.get_shell_msg(timeout=TIMEOUT)
        if reply["content"]["status"] != "aborted":
            break
    # what it said meanwhile is of no test
    message = None
    while message is None or message["parent_header"].get("msg_id") != asked or (
        message["content"].get("execution_state") != "idle"
    ):
        message = client.get_iopub_msg(timeout=TIMEOUT)


class StandardTests(jupyter_kernel_test.KernelTests):
    kernel_name = KERNEL
    language_name = "typescript"
    file_extension = ".ts"

    code_hello_world = "console.log('hello, world')"
    code_stderr = "console.error('to stderr')"
    code_generate_error = "throw new Error('on purpose')"
    code_execute_result = [
        {"code": "1 + 2", "result": "3"},
        {"code": "'a' + 'b'", "result": "'ab'"},
        {"code": "await Promise.resolve([1, 2])", "result": "[ 1, 2 ]"},
        {"code": "({ [Symbol.for('Jupyter.display')]: () => ({ 'text/html': '<b>1</b>' }) })",
         "mime": "text/html", "result": "<b>1</b>"},
    ]
    code_display_data = [
        {"code": f"{{ {DISPLAY} send({{ data: {{ 'text/html': '<b>1</b>' }} }}); }}",
         "mime": "text/html"},
        {"code": f"{{ {DISPLAY} send({{ data: {{ 'image/png': new Uint8Array([1]) }} }}); }}",
         "mime": "image/png"},
        {"code": "import * as tslab from 'tslab'; tslab.display.html('<b>1</b>')",
         "mime": "text/html"},
    ]
    code_clear_output = "(globalThis as any)[Symbol.for('kernel.clearOutput')](true)"
    completion_samples = [
        {"text": "Math.sq", "matches": {"sqrt", "SQRT2", "SQRT1_2"}},
        {"text": "[1].find", "matches": {"find", "findIndex", "findLast", "findLastIndex"}},
        {"text": "import * as sd from 'stable-diffusion-mnist/notebook'; sd.noiseSch",
         "matches": {"noiseSchedule"}},
        {"text": "1.nothing", "matches": set()},
    ]
    complete_code_samples = ["1 + 2", "const a = 1;", "for (;;) {}", "await x", "/* done */"]
    incomplete_code_samples = ["function f() {", "const a = [1,", "`open", "if (a) {\n  b;"]
    invalid_code_samples = ["const = 1", "let a a", ")"]
    code_inspect_sample = "Math.max"
    code_history_pattern = "1 +*"
    supported_history_operations = ("tail", "range", "search")

    @classmethod
    def setUpClass(cls):
        cls.km, cls.kc = start(KERNEL)

    def setUp(self):
        until_ready(self.kc)


class OwnTests(jupyter_kernel_test.KernelTests):
    """Those of the base class are left out below: only the helpers are taken."""

    kernel_name = KERNEL

    @classmethod
    def setUpClass(cls):
        cls.km, cls.kc = start(KERNEL)

    def run_cell(self, code, **options):
        self.flush_channels()
        until_ready(self.kc)
        return self.execute_helper(code=code, timeout=TIMEOUT, **options)

    def result_of(self, code):
        reply, outputs = self.run_cell(code)
        self.assertEqual(reply["content"]["status"], "ok", reply["content"])
        return outputs[-1]["content"]["data"]["text/plain"]

    def interrupt_while(self, code, by_message=False):
        """Runs a cell, presses Stop when it has printed something, and returns reply and outputs."""
        self.flush_channels()
        message = self.kc.execute(code)
        outputs = []
        while True:
            output = self.kc.get_iopub_msg(timeout=TIMEOUT)
            if output["parent_header"].get("msg_id") != message:
                continue
            outputs.append(output)
            if output["msg_type"] == "stream" and len(outputs) < 6:
                if by_message:
                    request = self.kc.session.msg("interrupt_request", {})
                    self.kc.control_channel.send(request)
                    answer = self.kc.get_control_msg(timeout=TIMEOUT)
                    self.assertEqual(answer["msg_type"], "interrupt_reply")
                else:
                    self.km.interrupt_kernel()
            if output["msg_type"] == "status" and output["content"]["execution_state"] == "idle":
                break
        return self.get_non_kernel_info_reply(timeout=TIMEOUT)["content"], outputs

    def errors(self, outputs):
        return [o["content"]["ename"] for o in outputs if o["msg_type"] == "error"]

    def test_interrupt_synchronous(self):
        self.run_cell("let turns = 0; const before = 7;")
        reply, outputs = self.interrupt_while("console.log('on'); for (;;) turns++;")
        self.assertEqual(reply["status"], "error")
        self.assertEqual(self.errors(outputs), ["Interrupted"])
        time.sleep(0.5)
        first = self.result_of("turns")
        self.assertEqual(self.result_of("turns"), first)  # the loop has ended
        self.assertEqual(self.result_of("before"), "7")

    def test_interrupt_asynchronous(self):
        code = (
            "let steps = 0; const declared = 'kept';\n"
            "const stop = new AbortController();\n"
            "const loops = (globalThis as any)[Symbol.for('kernel.stop')] as Set<AbortController>;\n"
            "loops.add(stop); await new Promise(setImmediate); console.log('on');\n"
            "while (!stop.signal.aborted) { steps++; await new Promise((r) => setTimeout(r, 5)); }\n"
            "loops.delete(stop);"
        )
        reply, outputs = self.interrupt_while(code)
        self.assertEqual(reply["status"], "ok")  # the cell stays green
        self.assertEqual(self.errors(outputs), [])
        first = self.result_of("steps")
        time.sleep(0.3)
        self.assertEqual(self.result_of("steps"), first)  # the loop has ended
        self.assertEqual(self.result_of("declared"), "'kept'")

    def test_interrupt_twice_within_a_step(self):
        self.flush_channels()
        code = (
            "let long = 0; const ask = new AbortController();\n"
            "const asked = (globalThis as any)[Symbol.for('kernel.stop')] as Set<AbortController>;\n"
            "asked.add(ask); await new Promise(setImmediate); console.log('on');\n"
            "while (!ask.signal.aborted) {\n"
            "  const end = Date.now() + 2000; while (Date.now() < end);\n"
            "  long++; await new Promise(setImmediate);\n"
            "}\n"
            "asked.delete(ask);"
        )
        until_ready(self.kc)
        message = self.kc.execute(code)
        while self.kc.get_iopub_msg(timeout=TIMEOUT)["msg_type"] != "stream":
            pass
        for _ in range(2):
            time.sleep(0.3)
            self.km.interrupt_kernel()
        reply = self.get_non_kernel_info_reply(timeout=TIMEOUT)
        self.assertEqual(reply["parent_header"]["msg_id"], message)
        # The first asks the loop to end, the second breaks the cell off: the kernel is free at once.
        self.assertEqual(reply["content"]["ename"], "Interrupted")
        time.sleep(0.5)
        first = self.result_of("long")
        time.sleep(0.3)
        self.assertEqual(self.result_of("long"), first)
        # Its controller was left behind: the next Stop is still heard at once, and asks a loop first.
        wait = "await new Promise(setImmediate); console.log('on'); await new Promise((r) => setTimeout(r, 60_000));"
        reply, outputs = self.interrupt_while(wait)
        self.assertEqual(self.errors(outputs), ["Interrupted"])
        time.sleep(0.5)
        reply, outputs = self.interrupt_while(code.replace("long", "longer").replace("ask", "again"))
        self.assertEqual(self.errors(outputs), [])

    def test_interrupt_of_a_waiting_cell(self):
        self.run_cell("const kept = 1;")
        wait = "await new Promise(setImmediate); console.log('on'); await new Promise((r) => setTimeout(r, 60_000));"
        reply, outputs = self.interrupt_while(wait)
        self.assertEqual(reply["status"], "error")
        self.assertEqual(self.errors(outputs), ["Interrupted"])
        time.sleep(0.5)
        self.assertEqual(self.result_of("kept"), "1")

    def test_interrupt_request(self):
        wait = "await new Promise(setImmediate); console.log('on'); await new Promise((r) => setTimeout(r, 60_000));"
        reply, _ = self.interrupt_while(wait, by_message=True)
        self.assertEqual(reply["status"], "error")

    def test_interrupt_leaves_declarations(self):
        wait = (
            "const early = 5; await new Promise(setImmediate); console.log('on');\n"
            "await new Promise((r) => setTimeout(r, 60_000));"
        )
        self.interrupt_while(wait)
        time.sleep(0.5)
        self.assertEqual(self.result_of("early"), "5")

    def test_traceback_lines(self):
        declared = "interface A { x: number }\n\nfunction f(a: A): number {\n  throw new Error('x');\n}"
        reply, _ = self.run_cell(declared)
        defined = reply["content"]["execution_count"]
        until_ready(self.kc)  # a silent cell takes no other's lines
        for call in ("\nf({ x: 1 });", "\nawait 1; f({ x: 1 });"):
            reply, outputs = self.run_cell(call)
            count = reply["content"]["execution_count"]
            trace = outputs[-1]["content"]["traceback"]
            self.assertEqual(trace[0], "Error: x")
            self.assertRegex(trace[1], rf"f \(In\[{defined}\]:4:9\)")
            self.assertRegex(trace[2], rf"In\[{count}\]:2:\d+")
            self.assertEqual(len(trace), 3)

    def test_type_error_line(self):
        reply, outputs = self.run_cell("const a = 1;\n\nconst b: string = a;")
        self.assertEqual(reply["content"]["status"], "error")
        self.assertEqual(outputs[-1]["content"]["ename"], "TypeScriptError")
        self.assertRegex(outputs[-1]["content"]["traceback"][0], r"^TypeScriptError: 3:7 - ")

    def test_failed_cell_loses_nothing(self):
        self.run_cell("const model = 7; let note = 'old';")
        for code in (
            "let note = 'new'; const model: number = (() => { throw new Error('x'); })();",
            "let note = 'new'; await 1; const model: number = await Promise.reject(new Error('x'));",
        ):
            reply, _ = self.run_cell(code)
            self.assertEqual(reply["content"]["status"], "error")
            self.assertEqual(self.result_of("model"), "7")
            self.assertEqual(self.result_of("note"), "'new'")

    def test_stdin_refused(self):
        for code in ("process.stdin.read();", "(globalThis as any).prompt('name?')"):
            reply, outputs = self.run_cell(code)
            self.assertEqual(reply["content"]["status"], "error")
            self.assertEqual(outputs[-1]["content"]["ename"], "StdinNotImplementedError")
        self.assertFalse(self.kc.stdin_channel.msg_ready())

    def test_comm_info(self):
        self.flush_channels()
        message = self.kc.comm_info()
        reply = self.get_non_kernel_info_reply(timeout=TIMEOUT)
        jupyter_kernel_test.validate_message(reply, "comm_info_reply", message)
        self.assertEqual(reply["content"], {"status": "ok", "comms": {}})

    def test_update_display(self):
        code = (
            f"{DISPLAY}\nsend({{ data: {{ 'text/plain': 'a' }}, displayId: 'x' }});\n"
            "send({ data: { 'text/plain': 'b' }, displayId: 'x', update: true });"
        )
        _, outputs = self.run_cell(code)
        kinds = [output["msg_type"] for output in outputs]
        self.assertEqual(kinds, ["display_data", "update_display_data"])
        for output in outputs:
            self.assertEqual(output["content"]["transient"], {"display_id": "x"})

    def test_no_message_is_lost(self):
        for wait in ("", "if (i % 10 === 0) await new Promise(setImmediate);"):
            _, outputs = self.run_cell(f"for (let i = 0; i < 5000; i++) {{ console.log(i); {wait} }}")
            lines = "".join(output["content"]["text"] for output in outputs).split()
            self.assertEqual(lines, [str(i) for i in range(5000)])

    def test_inspect_of_the_library(self):
        code = "import * as sd from 'stable-diffusion-mnist/notebook'; sd.noiseSchedule"
        self.flush_channels()
        self.kc.inspect(code)
        text = self.get_non_kernel_info_reply(timeout=TIMEOUT)["content"]["data"]["text/plain"]
        self.assertIn("noiseSchedule(", text)
        self.assertIn("Ho et al. 2020", text)  # its docstring

    def test_silent_failure_refuses_nothing(self):
        self.flush_channels()
        until_ready(self.kc)
        wait = "await new Promise((r) => setTimeout(r, 300)); 1"
        bad = {"silent": True, "store_history": False, "stop_on_error": False}
        sent = [self.kc.execute(wait), self.kc.execute("throw 1", **bad), self.kc.execute("40 + 2")]
        replies = {}
        while len(replies) < len(sent):
            reply = self.kc.get_shell_msg(timeout=TIMEOUT)
            replies[reply["parent_header"]["msg_id"]] = reply["content"]["status"]
        self.assertEqual([replies[name] for name in sent], ["ok", "error", "ok"])

    def test_silent_and_history(self):
        _, outputs = self.run_cell("41 + 1", silent=True)
        self.assertEqual(outputs, [])
        self.run_cell("'not stored'", store_history=False)
        self.flush_channels()
        self.kc.history(hist_access_type="tail", n=1, raw=True, output=False)
        history = self.get_non_kernel_info_reply(timeout=TIMEOUT)["content"]["history"]
        self.assertTrue(all(code != "'not stored'" for _, _, code in history))


class ShutdownTests(unittest.TestCase):
    def test_shutdown(self):
        manager, client = start_new_kernel(kernel_name=KERNEL, cwd=CWD)
        client.shutdown()
        reply = client.get_control_msg(timeout=TIMEOUT)
        self.assertEqual(reply["content"], {"status": "ok", "restart": False})
        end = time.monotonic() + 10
        while manager.is_alive() and time.monotonic() < end:
            time.sleep(0.05)
        self.assertFalse(manager.is_alive())
        client.stop_channels()
        manager.shutdown_kernel(now=True)

    def test_restart(self):
        manager, client = start_new_kernel(kernel_name=KERNEL, cwd=CWD)
        client.execute_interactive("let gone = 1;", timeout=TIMEOUT)
        manager.restart_kernel()
        client.wait_for_ready(timeout=TIMEOUT)
        reply = client.execute_interactive("gone", timeout=TIMEOUT, output_hook=lambda _: None)
        self.assertEqual(reply["content"]["status"], "error")
        client.stop_channels()
        manager.shutdown_kernel(now=True)


class Outcomes(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.outcomes = {}

    def note(self, test, status, detail=""):
        kept = self.outcomes.get(str(test), {"status": "passed"})
        if kept["status"] in ("passed", status):
            self.outcomes[str(test)] = {"status": status, "detail": detail}

    def addSuccess(self, test):
        self.note(test, "passed")

    def addFailure(self, test, err):
        self.note(test, "failed", self._exc_info_to_string(err, test))

    addError = addFailure

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.note(test, "failed", self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        # a skipped sub-test counts under the name of its test
        self.note(getattr(test, "test_case", test), "skipped", reason)


def tests():
    loader = unittest.TestLoader()
    yield from loader.loadTestsFromTestCase(StandardTests)
    standard = set(loader.getTestCaseNames(StandardTests))
    for case in loader.loadTestsFromTestCase(OwnTests):
        if case._testMethodName not in standard:
            yield case
    yield from loader.loadTestsFromTestCase(ShutdownTests)


if __name__ == "__main__":
    result = Outcomes()
    unittest.TestSuite(tests()).run(result)
    named = {name.split(" ")[0]: outcome for name, outcome in result.outcomes.items()}
    for case, detail in result.errors:  # a class that could not be set up
        named[str(case)] = {"status": "failed", "detail": detail}
    with open(sys.argv[1], "w") as file:
        json.dump(named, file, indent=1)
