"""One kernel for long: cells that train, save, load, are stopped and throw, as JupyterLab sends them.

    long_run.py PLAN RESULT CWD RUN

PLAN is a file of JSON: `rounds` of `steps` steps, a save and a load each, among which `faults` Stops and as many throwing
cells are spread; `unet` and `text` are the models' configs. RUN is the folder of the checkpoints. What happened goes to RESULT.
"""

import json
import queue
import random
import sys
import time
from pathlib import Path

from jupyter_client.manager import start_new_kernel

PLAN_FILE, RESULT_FILE, CWD, RUN = sys.argv[1:]
PLAN = json.loads(Path(PLAN_FILE).read_text())
TIMEOUT = 600  # seconds

OPEN = f"""
import * as sd from 'stable-diffusion-mnist/notebook';
import {{ setFlagsFromString }} from 'node:v8';
import {{ runInNewContext }} from 'node:vm';
setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;
const init = new sd.Generator(0).stream('init');
const unet = new sd.UNet2DConditionModel({json.dumps(PLAN["unet"])}, init);
const textEncoder = new sd.CLIPTextModel({json.dumps(PLAN["text"])}, init);
const tokenizer = sd.CLIPTokenizer.fromPretrained(sd.SMALL_TOKENIZER);
const scheduler = new sd.DDPMScheduler(sd.BLOG_SCHEDULER_CONFIG);
const dataset = sd.loadMnist({{ split: 'train', source: 'quick' }});
const parts = {{ unet, textEncoder, tokenizer, noiseScheduler: scheduler, dataset }};
const trainer = new sd.Trainer(new sd.TextToImageObjective(parts), {{ batchSize: 4, seed: 1, ema: {{ decay: 0.99 }} }});
const pipeline = new sd.TextToImagePipeline({{ unet, textEncoder, tokenizer, scheduler }});
const judge = sd.Judge.load(sd.SHIPPED_JUDGE);
const test = sd.loadMnist({{ split: 'test', source: 'full' }});
"""

TRAIN = """
const maxSteps = trainer.step + STEPS;
const bar = sd.progress(maxSteps, { description: 'train', unit: 'step', initial: trainer.step });
const view = sd.trainingView(() => trainer.history.steps, { memory: sd.memoryUse });
const { stopped } = await trainer.fit({
  maxSteps,
  onStep: ({ loss }) => {
    bar.update(1, { loss });
    view.update();
  },
});
bar.close();
await view.close();
console.log(JSON.stringify({ stopped, step: trainer.step }));
"""

SAVE_AND_LOAD = f"""
const saved = sd.loadCheckpoint(sd.saveTraining({json.dumps(RUN)}, trainer));
saved.unet.dispose();
saved.textEncoder.dispose();
"""

MEASURE = """
gc();
await new Promise((resolve) => setTimeout(resolve, 50)); // what the first one found is given back
gc();
const { binding } = sd.tf.backend() as any;
console.log(JSON.stringify({
  step: trainer.step,
  tensors: sd.tf.memory().numTensors,
  native: binding.getNumOfTensors(),
  graphs: binding.getNumOfSavedModels(),
}));
"""

# What Stop is pressed in.
LOOPS = {
    "training": TRAIN.replace("STEPS", "1e6"),
    "sampling": """
const bar = sd.progress(1000, { description: 'draw', unit: 'step' });
await pipeline.generate('A handwritten digit 4', {
  seed: 1,
  numInferenceSteps: 1000,
  callbackOnStepEnd: () => void bar.update(),
});
""",
    "evaluation": """
const bar = sd.progress(100, { description: 'evaluate' });
await sd.evaluate({ pipeline, judge, test }, {
  seed: 1,
  numImages: 10_000,
  batchSize: 10,
  onProgress: (share) => void bar.update(100 * share - bar.n),
});
""",
}

THROWING = [
    """await trainer.fit({
  maxSteps: trainer.step + 5,
  onStep: () => { throw new Error('in a step'); },
});""",
    """await pipeline.generate('4', {
  seed: 1,
  numInferenceSteps: 5,
  callbackOnStepEnd: () => Promise.reject(new Error('while it draws')),
});""",
    "sd.tf.tidy(() => { sd.tf.ones([1000]); throw new Error('among tensors'); });",
    "const wrong: string = trainer.step;",
    "new sd.Trainer(parts, { batchSize: 0, seed: 1 });",
    "sd.loadCheckpoint('no such folder');",
]


def patiently(receive):
    """The next message. In small parts: a machine that was asleep meanwhile has used up one of them only."""
    for _ in range(TIMEOUT // 10):
        try:
            return receive(timeout=10)
        except queue.Empty:
            pass
    raise TimeoutError(f"No message for {TIMEOUT} s.")


class Kernel:
    def __init__(self):
        self.manager, self.client = start_new_kernel(startup_timeout=TIMEOUT, kernel_name="tslab", cwd=CWD)
        self.pid = self.manager.provisioner.pid
        self.random = random.Random(7)

    def run(self, code, stop=None):
        """Runs a cell and returns its reply and outputs; `stop` is called after its first update of a display."""
        message = self.client.execute(code)
        outputs = []
        while True:
            output = patiently(self.client.get_iopub_msg)
            if output["parent_header"].get("msg_id") != message:
                continue
            outputs.append(output)
            if output["msg_type"] == "update_display_data" and stop:
                time.sleep(0.2 * self.random.random())
                stop()
                stop = None
            if output["msg_type"] == "status" and output["content"]["execution_state"] == "idle":
                break
        while True:  # questions of the start are still answered
            reply = patiently(self.client.get_shell_msg)
            if reply["parent_header"].get("msg_id") == message:
                return reply["content"], outputs

    def printed(self, code, stop=None):
        """The JSON that a cell prints last."""
        reply, outputs = self.run(code, stop)
        assert reply["status"] == "ok", reply
        texts = [o["content"]["text"] for o in outputs if o["msg_type"] == "stream"]
        return json.loads(texts[-1].strip().splitlines()[-1])

    def press_stop(self):
        self.manager.interrupt_kernel()

    def send_stop(self):
        """The protocol's other way of saying it."""
        self.client.control_channel.send(self.client.session.msg("interrupt_request", {}))
        assert patiently(self.client.get_control_msg)["content"]["status"] == "ok"

    def measure(self):
        """What the library and TensorFlow hold, and what Linux says of the process, after a collection of garbage."""
        counts = self.printed(MEASURE)
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        status = dict(line.split(":", 1) for line in lines)
        resident, anonymous = (int(status[key].split()[0]) * 1024 for key in ("VmRSS", "RssAnon"))
        return {**counts, "resident": resident, "anonymous": anonymous}

    def stopped(self, number):
        """Presses Stop in a loop; what it says then, and where the training stands a moment later."""
        kind = list(LOOPS)[number % len(LOOPS)]
        stop = self.send_stop if number % 2 else self.press_stop
        if kind == "training":  # what it has done is whole
            said = self.printed(LOOPS[kind], stop)
        else:
            reply, _ = self.run(LOOPS[kind], stop)
            time.sleep(0.25)  # cells sent just after a failure are refused
            said = {"stopped": reply.get("ename") == "Interrupted", "step": self.measure()["step"]}
        time.sleep(0.2)
        return {"kind": kind, **said, "later": self.measure()["step"]}

    def error_of(self, number):
        """The error that a cell shows, and whether the kernel answers afterwards."""
        reply, outputs = self.run(THROWING[number % len(THROWING)])
        time.sleep(0.25)  # cells sent just after a failure are refused
        shown = [o["content"] for o in outputs if o["msg_type"] == "error"]
        assert reply["status"] == "error" and len(shown) == 1, (reply, outputs)
        return f'{shown[0]["ename"]}: {shown[0]["evalue"]}'


def long_run(kernel):
    result = {"stops": [], "errors": [], "rounds": []}
    reply, _ = kernel.run(OPEN)
    assert reply["status"] == "ok", reply
    train = TRAIN.replace("STEPS", str(PLAN["steps"]))
    # What is made once is made before anything is counted.
    kernel.printed(train)
    for number in range(len(LOOPS)):
        kernel.stopped(number)
    kernel.run(SAVE_AND_LOAD)
    result["before"] = kernel.measure()
    every = PLAN["rounds"] // PLAN["faults"]
    for count in range(1, PLAN["rounds"] + 1):
        assert kernel.printed(train)["stopped"] is False
        if count % every == 0 and len(result["stops"]) < PLAN["faults"]:
            number = len(result["stops"])
            result["stops"].append(kernel.stopped(number))
            result["errors"].append(kernel.error_of(number))
        reply, _ = kernel.run(SAVE_AND_LOAD)
        assert reply["status"] == "ok", reply
        result["rounds"].append(kernel.measure())
    return result


kernel = Kernel()
try:
    Path(RESULT_FILE).write_text(json.dumps(long_run(kernel)))
finally:
    kernel.client.stop_channels()
    kernel.manager.shutdown_kernel(now=True)
