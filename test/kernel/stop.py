"""Stop pressed in cells that draw, as JupyterLab sends it: what each cell shows, and how long it goes on.

    stop.py PLAN RESULT CWD

PLAN is a file of JSON: the configs of a small model, `unet` and `text`.
"""

import json
import queue
import sys
import time
from pathlib import Path

from cell_messages import messages_of, reply_to
from jupyter_client.manager import start_new_kernel

PLAN, RESULT_FILE, CWD = sys.argv[1:]
TIMEOUT = 120  # seconds

OPEN = """
import * as sd from 'stable-diffusion-mnist/notebook';
const pipeline = sd.TextToImagePipeline.fromPretrained(sd.SHIPPED_MODEL);
const options = { seed: 1, numInferenceSteps: 200, progressBar: false };
async function draw(guidanceScale: number, more: object = {}) {
  const callbackOnStepEnd = ({ step }: sd.StepEnd) => void (step === 20 && console.log('on', guidanceScale));
  return (await pipeline.generate('A handwritten digit 4', { ...options, guidanceScale, callbackOnStepEnd, ...more })).images;
}
await draw(1, { numInferenceSteps: 2 });
const sleep = (seconds: number) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
const init = new sd.Generator(0).stream('init');
const parts = {
  unet: new sd.UNet2DConditionModel(CONFIGS.unet, init),
  textEncoder: new sd.CLIPTextModel(CONFIGS.text, init),
  tokenizer: pipeline.tokenizer,
  noiseScheduler: new sd.DDPMScheduler(sd.BLOG_SCHEDULER_CONFIG),
  dataset: sd.loadMnist({ split: 'train', source: 'quick' }),
};
const trainer = new sd.Trainer(new sd.TextToImageObjective(parts), { batchSize: 4, seed: 1 });
const train = (first = trainer.step + 2) =>
  trainer.fit({ maxSteps: 1e6, progressBar: false, onStep: ({ step }) => void (step === first && console.log('on')) });
"""

NOT_AWAITED = {
    "sampling": """
void draw(3);
await sleep(100);
""",
    "sampling, with then": """
draw(4).then(console.log, (error) => console.log(error.name));
await sleep(100);
""",
    "sampling of a cell before": """
console.log('on');
await sleep(100);
""",
    "training": """
const history = trainer.fit({ maxSteps: 1e6, progressBar: false, onStep: ({ step }) => void (step === 2 && console.log('on')) });
await sleep(100);
""",
    "evaluation": """
const judge2 = sd.Judge.load(sd.SHIPPED_JUDGE);
void sd.evaluate({ pipeline, judge: judge2, test: sd.loadMnist({ split: 'test', source: 'full' }) }, {
  ...options, numImages: 100, batchSize: 10, onProgress: () => void console.log('on'),
});
await sleep(100);
""",
}

GOES_ON = {
    "through functions": """
const save = async () => { const { stopped } = await train(); await sleep(0.5); console.log('saved', stopped); };
await save();
""",
    "through promises": """
const ended = await new Promise<sd.TrainHistory>((resolve) => void Promise.race([train(), sleep(100)]).then(resolve as any));
await sleep(0.5);
console.log('saved', ended.stopped);
""",
    "beside another": """
void draw(1);
await Promise.all([train()]);
await sleep(0.5);
console.log('saved');
""",
}

CELLS = {
    "sweep": """
const rows: unknown[] = [];
for (const scale of [0, 5, 10, 20, 50, 100]) rows.push(await draw(scale, rows.length === 0 ? { numInferenceSteps: 2 } : {}));
console.log('after');
""",
    "caught": """
let refused = 0;
for (const scale of [0, 5, 10]) {
  try { await draw(scale); } catch { refused++; }
}
console.log('refused', refused);
""",
    "caught without an end": """
let calls = 0;
for (;;) {
  try { calls++; await draw(1); } catch {}
}
""",
    "evaluation": """
const judge = sd.Judge.load(sd.SHIPPED_JUDGE);
const test = sd.loadMnist({ split: 'test', source: 'full' });
await sd.evaluate({ pipeline, judge, test }, {
  ...options, numImages: 100, batchSize: 10, onProgress: () => void console.log('on'),
});
""",
    "progress": """
for await (const scale of sd.progress([0, 5, 10])) await draw(scale);
""",
}


def main():
    manager, client = start_new_kernel(startup_timeout=TIMEOUT, kernel_name="tslab", cwd=CWD)

    def run(code, stops=0):
        """Runs a cell and presses Stop when it first prints, so many times; the seconds are those after the first."""
        sent = client.execute(code, stop_on_error=False)
        shown, pressed, start = [], 0, None
        deadline = time.monotonic() + TIMEOUT

        def next_message():
            nonlocal pressed
            while True:
                if start and pressed < stops and time.monotonic() > start + 0.5 * pressed:
                    manager.interrupt_kernel()
                    pressed += 1
                try:
                    return client.get_iopub_msg(timeout=0.1)
                except queue.Empty:
                    assert time.monotonic() < deadline, code

        for kind, content in messages_of(sent, next_message):
            if kind == "stream":
                shown.append(content["text"].strip())
                start = start or time.monotonic()
            elif kind == "error":
                shown.append(content["traceback"])
            elif kind in ("display_data", "execute_result"):
                shown.append(content["data"].get("text/plain"))
        status = reply_to(sent, client, TIMEOUT)["status"]
        seconds = time.monotonic() - start if start else 0
        return {"status": status, "shown": shown, "seconds": seconds}

    def run_or_begun(name, code):
        if name.endswith("before"):
            run("void draw(6);\nvoid 0;")
        return run(code, 1)

    try:
        opened = run(f"const CONFIGS = {Path(PLAN).read_text()} as const;\n{OPEN}")
        assert opened["status"] == "ok", opened
        result = {name: run(code, 2 if "end" in name else 1) for name, code in CELLS.items()}
        result |= {f"not awaited: {name}": run_or_begun(name, code) for name, code in NOT_AWAITED.items()}
        result["trained"] = run("console.log((await history).stopped, trainer.isRunning)")
        result |= {f"goes on: {name}": run(code, 1) for name, code in GOES_ON.items()}
        result["rows"] = run("console.log(rows.length)")
        before = run("console.log(calls)")
        time.sleep(0.5)
        result["calls"] = [before["shown"], run("console.log(calls)")["shown"]]
        result["next"] = run("(await draw(1, { numInferenceSteps: 2 })).shape.join()")
        Path(RESULT_FILE).write_text(json.dumps(result))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


main()
