/**
 * How the library's own values look at the end of a notebook's cell, and in `console.log`. Classes get Deno's method
 * `Symbol.for('Jupyter.display')` and Node's `inspect.custom`; plain records, which have no class, are known by their fields through
 * the kernel's `Symbol.for('kernel.view')`. No view throws: a value whose view fails is printed, with a line that says why.
 * Nothing else of the library depends on this.
 */
import { types } from 'node:util';
import { tf } from '../backend';
import type { MimeBundle } from '../figure/display-handle';
import { imageGrid } from '../charts/image-grid';
import type { ImageBatch } from '../figure/images';
import { lossCurve, type LossPoint } from '../charts/plots';
import { BatchSampler } from '../datasets/batch-sampler';
import { DataLoader } from '../datasets/data-loader';
import { CLIPTextModel } from '../models/clip-text-model';
import { CLIPTokenizer } from '../models/clip-tokenizer';
import { UNet2DConditionModel } from '../models/unet-2d-condition';
import { AdamW } from '../optim/adamw';
import { EMAModel } from '../optim/ema';
import { Muon } from '../optim/muon';
import { MuonWithAuxAdam } from '../optim/muon-with-aux-adam';
import type { Optimizer } from '../optim/optimizer';
import { definedKeys } from '../options';
import { PicturePipeline } from '../pipelines/picture-pipeline';
import { TextToImagePipeline } from '../pipelines/text-to-image';
import { BaseScheduler } from '../schedulers/base-scheduler';
import { FlowMatchEulerDiscreteScheduler } from '../schedulers/flow-match-euler-discrete';
import type { Scheduler } from '../schedulers/scheduler';
import { AdapterObjective } from '../training/adapter-objective';
import { TextToImageObjective } from '../training/text-to-image-objective';
import { Trainer } from '../training/trainer';
import { defineView, safely, VIEW, type View } from './define-view';
import { table } from './html-table';
import * as parts from './part-views';
import * as results from './result-views';
import { card, figureHtml } from './rich';
import {
  firstImages,
  imagesView,
  inspectTensor,
  MOST_IMAGES,
  tensorView,
  weightView,
  type HostValues,
} from './tensor-views';

type RecordOf<K extends string> = Readonly<Record<K, unknown>>;
const has = <K extends string>(value: object, ...keys: K[]): value is RecordOf<K> =>
  keys.every((key) => key in value);

const isImageBatch = (value: unknown): value is ImageBatch =>
  typeof value === 'object' &&
  value !== null &&
  has(value, 'data', 'shape') &&
  Array.isArray(value.shape) &&
  ArrayBuffer.isView(value.data);

/** ndarray's, or a batch of the pipeline's: what has strides is an array; a record without is a weight. */
const isArray = (value: object): value is ImageBatch =>
  has(value, 'data', 'shape', 'stride', 'offset') &&
  [value.shape, value.stride].every(Array.isArray) &&
  (Array.isArray(value.data) || ArrayBuffer.isView(value.data));

/** A weight of a state dict or of a safetensors file: `shape` and `data`, in a file with `dtype`, and nothing else. */
const isWeight = (value: object): value is HostValues =>
  isImageBatch(value) &&
  Object.keys(value).every((key) => ['data', 'shape', 'dtype'].includes(key));

/** A state dict, or the tensors of a safetensors file. */
const isWeights = (value: unknown): value is ReadonlyMap<string, HostValues> =>
  value instanceof Map &&
  value.size > 0 &&
  [...(value as ReadonlyMap<unknown, unknown>).values()].every(
    (weight) => typeof weight === 'object' && weight !== null && isWeight(weight),
  );

async function historyView(steps: readonly LossPoint[], stopped: unknown): Promise<MimeBundle> {
  const facts = { steps: steps.length, 'last loss': steps.at(-1)?.loss, stopped };
  if (!steps.length) return card('Training history', facts);
  const figure = lossCurve(steps);
  return card('Training history', facts, [await figureHtml(figure)]);
}

/** A record of plain settings: no nested objects, nothing but short lists. */
function isSettings(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  const values = Object.values(value) as unknown[];
  const plain = (item: unknown) =>
    item === null || ['string', 'number', 'boolean'].includes(typeof item);
  return (
    values.length > 0 &&
    values.every((item) => plain(item) || (Array.isArray(item) && item.every(plain)))
  );
}

/** A data set as the library's loaders take it; one of another maker may have labels alone. */
interface ShownDataset {
  readonly images: ImageBatch;
  readonly length: number;
  readonly captionIds?: ArrayLike<number>;
  readonly captions?: readonly string[];
  readonly labels?: ArrayLike<number>;
}

function isDataset(value: object): value is ShownDataset {
  if (!has(value, 'images', 'length') || !isImageBatch(value.images)) return false;
  return has(value, 'captionIds', 'captions') || has(value, 'labels');
}

const isBatch = (value: object): value is results.ShownBatch =>
  has(value, 'indices', 'captionIds', 'captions', 'shape', 'toTensors') &&
  Array.isArray(value.captions) &&
  'images' in value;

/** What each of the first images shows. */
function captionsOf({ captionIds, captions }: ShownDataset, count: number): string[] | undefined {
  if (!captionIds || !captions) return undefined;
  return Array.from({ length: count }, (_, i) => captions[captionIds[i] ?? -1] ?? '–');
}

/** A scheduler of another class than ours, known by the interface. */
const isScheduler = (value: object): value is Scheduler =>
  has(value, 'config', 'timesteps', 'alphasCumprod', 'stepCoefficients');

const isJudge = (value: object): value is parts.ShownJudge =>
  has(value, 'card', 'network', 'judge') &&
  [value.card, value.network].every((part) => typeof part === 'object' && part !== null);

/** The view of a value without a class of ours, or undefined: then it is printed as it is. */
function viewOf(value: object): View | undefined {
  if (types.isModuleNamespaceObject(value) || has(value, '__esModule'))
    return parts.moduleView(value);
  if (isDataset(value)) return datasetView(value);
  if (isBatch(value)) return results.batchView(value);
  if (results.isEvaluation(value)) return results.evaluationView(value);
  if (isScheduler(value)) return parts.schedulerView(value);
  if (has(value, 'steps', 'stopped') && Array.isArray(value.steps))
    return historyView(value.steps as LossPoint[], value.stopped);
  if (has(value, 'images') && isImageBatch(value.images)) return imagesView(value.images);
  if (isArray(value)) return imagesView(value);
  if (isWeight(value)) return weightView(value);
  if (isJudge(value)) return parts.summaryView(parts.judgeSummary(value));
  if (isWeights(value)) return parts.weightsView('State dict', value);
  if (has(value, 'metadata', 'tensors') && isWeights(value.tensors))
    return parts.weightsView('Safetensors file', value.tensors);
  if (isSettings(value)) {
    const shown = table(value);
    return { 'text/html': shown.toHtml(), 'text/plain': shown.toString() };
  }
  return undefined;
}

/** The view of a value without a class of ours, or undefined: then it is printed as it is. */
export function plainView(value: unknown): View | undefined {
  // A proxy may do anything when it is asked for a field; Node prints it without.
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return undefined;
  return safely(value, () => viewOf(value));
}

async function datasetView(dataset: ShownDataset): Promise<MimeBundle> {
  const { images, length } = dataset;
  const count = Math.min(length, images.shape[0] ?? 0, MOST_IMAGES);
  const labels = dataset.labels && Array.from(dataset.labels).slice(0, count);
  const captions = captionsOf(dataset, count) ?? labels?.map(String);
  const facts = { images: length, shape: images.shape, labels, captions: dataset.captions?.length };
  if (count === 0) return card('Images with captions, none', definedKeys(facts));
  const figure = imageGrid(firstImages(images, count), { columns: 8, titles: captions });
  return card('Images with captions', definedKeys(facts), [await figureHtml(figure)]);
}

/** A class that is shown by its summary alone. */
function defineSummary<T extends object>(
  type: { readonly prototype: T },
  summary: (value: T) => parts.Summary,
  view: (value: T) => View = (value) => parts.summaryView(summary(value)),
): void {
  const text = (value: T, nested: boolean) => {
    const shown = summary(value);
    return nested ? `[${shown.title}]` : parts.summaryText(shown);
  };
  defineView(type, { view, text });
}

/** Called once, by lib/notebook.ts. */
export function installNotebookViews(): void {
  defineView<tf.Tensor>(tf.Tensor, { view: tensorView, text: inspectTensor });
  for (const model of [UNet2DConditionModel, CLIPTextModel])
    defineSummary<{ config: object }>(model, parts.modelSummary, parts.modelView);
  defineSummary<Scheduler>(BaseScheduler, parts.schedulerSummary, parts.schedulerView);
  defineSummary<FlowMatchEulerDiscreteScheduler>(
    FlowMatchEulerDiscreteScheduler,
    parts.schedulerSummary,
    parts.flowSchedulerView,
  );
  for (const pipeline of [TextToImagePipeline, PicturePipeline])
    defineSummary<parts.ShownPipeline>(pipeline, parts.pipelineSummary, parts.pipelineView);
  defineSummary(Trainer, parts.trainerSummary);
  defineSummary(TextToImageObjective, parts.objectiveSummary);
  defineSummary<AdapterObjective>(AdapterObjective, parts.adapterSummary);
  for (const optimizer of [AdamW, Muon, MuonWithAuxAdam])
    defineSummary<Optimizer>(optimizer, parts.optimizerSummary);
  defineSummary(EMAModel, parts.emaSummary);
  defineSummary(CLIPTokenizer, parts.tokenizerSummary);
  defineSummary(DataLoader, parts.loaderSummary);
  defineSummary(BatchSampler, parts.loaderSummary);
  Object.assign(globalThis, { [VIEW]: plainView });
}
