/** The engine, off the thread that the page lives in: it loads the model once, and draws one picture after another. */
import {
  ImageToImagePipeline,
  learntCaptions,
  loadPipeline,
  makeSampler,
  openWasm,
  SAMPLER_NAMES,
  tf,
  type TextToImagePipeline,
} from '../lib/web';
import ndarray from 'ndarray';
import { ENGINE_TITLES, engineScope, type OpenEngine } from './engines/engine';
import type { FromWorker, ModelFacts, ToWorker, Wish, WorkerEngine } from './messages';

const tell = (message: FromWorker) => postMessage(message);
const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

let pipeline: TextToImagePipeline | undefined;
let facts: ModelFacts | undefined;
let title = ENGINE_TITLES.wasm;
let isLost: OpenEngine['isLost'] = () => false;
const running = new Map<number, AbortController>();

// The engines' scripts, which come later, compute with the same core.
engineScope.tfjsCore = tf;

declare function importScripts(url: string): void;

async function open(engine: WorkerEngine): Promise<void> {
  if (engine.name === 'wasm') return openWasm({ binary: engine.binary });
  title = ENGINE_TITLES[engine.name];
  if (engine.script !== undefined) importScripts(engine.script);
  ({ isLost } = await engineScope.openEngine!());
}

/** @throws Error if what the engine has computed is nothing */
function checkEngine(): void {
  if (isLost()) throw new Error(`${title} was taken away by the browser.`);
}

async function load(engine: WorkerEngine, model: (ToWorker & { kind: 'load' })['model']) {
  await open(engine);
  const loaded = await loadPipeline(model);
  pipeline = loaded;
  const { unet, scheduler } = loaded;
  const { sample_size, in_channels } = unet.config;
  if (sample_size === null) throw new Error('The model does not say how large its pictures are.');
  const [height, width] = [sample_size, sample_size].flat() as [number, number];
  facts = {
    height,
    width,
    channels: in_channels,
    captions: learntCaptions(unet) ?? [],
    samplers: SAMPLER_NAMES,
    trainTimesteps: scheduler.config.num_train_timesteps,
    ...(await timedStep(loaded)),
  };
  checkEngine();
  tell({ kind: 'ready', facts });
}

/** Milliseconds of a step, the last of three: the first one also makes everything ready. */
async function timedStep(
  of: TextToImagePipeline,
): Promise<Pick<ModelFacts, 'millisecondsPerStep' | 'trial'>> {
  let last = 0;
  let millisecondsPerStep = 0;
  const { images } = await of.generate('', {
    seed: 0,
    numInferenceSteps: 3,
    callbackOnStepEnd: ({ sample, predOriginalSample }) => {
      // As when a picture is drawn: a graphics processor has computed when its numbers are read.
      void [sample(), predOriginalSample()];
      const now = performance.now();
      [millisecondsPerStep, last] = [now - last, now];
    },
  });
  // A browser that hides from trackers may have a clock too coarse to see a step.
  const seen = Math.max(1, millisecondsPerStep);
  return { millisecondsPerStep: seen, trial: images.data as Float32Array };
}

async function draw(id: number, wish: Wish): Promise<void> {
  if (!pipeline || !facts) throw new Error('The model is not loaded yet.');
  const stop = new AbortController();
  running.set(id, stop);
  const { height, width, channels } = facts;
  pipeline.scheduler = makeSampler(wish.sampler, pipeline.scheduler.config);
  const options = {
    seed: wish.seed,
    numInferenceSteps: wish.steps,
    guidanceScale: wish.guidance,
    signal: stop.signal,
    onWarning: (text: string) => tell({ kind: 'note', id, text }),
    callbackOnStepEnd: ({ step, steps, sample, predOriginalSample }: StepPictures) => {
      const [noisy, expected] = [sample().data, predOriginalSample().data];
      checkEngine();
      tell({ kind: 'step', id, step, steps, sample: noisy, expected });
    },
  };
  try {
    const { images } = wish.scribble
      ? await ImageToImagePipeline.fromPipe(pipeline).generate(wish.prompt, {
          ...options,
          image: ndarray(wish.scribble.pixels, [height, width, channels]),
          strength: wish.scribble.strength,
        })
      : await pipeline.generate(wish.prompt, options);
    checkEngine();
    tell({ kind: 'done', id, pixels: images.data });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    tell({ kind: 'stopped', id });
  } finally {
    running.delete(id);
  }
}

interface StepPictures {
  readonly step: number;
  readonly steps: number;
  readonly sample: () => { readonly data: Float32Array };
  readonly predOriginalSample: () => { readonly data: Float32Array };
}

onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === 'stop') {
    running.get(data.id)?.abort();
    return;
  }
  const work = data.kind === 'load' ? load(data.engine, data.model) : draw(data.id, data.wish);
  work.catch((error: unknown) => {
    tell({ kind: 'failed', ...('id' in data && { id: data.id }), text: textOf(error) });
  });
};
