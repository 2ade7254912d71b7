/**
 * How the library's own values look at the end of a notebook's cell. Classes get Deno's method
 * `Symbol.for('Jupyter.display')`; plain records, which have no class, are known by their fields through
 * the kernel's `Symbol.for('kernel.view')`. Nothing else of the library depends on this.
 */
import { tf } from '../backend';
import type { MimeBundle } from '../figure/display-handle';
import { imageGrid } from '../charts/image-grid';
import { isOneImage, type ImageBatch } from '../figure/images';
import { lossCurve, noiseSchedule, type LossPoint } from '../charts/plots';
import { table } from './html-table';
import { card, folding, parameterTree, pictureHtml } from './rich';
import { CLIPTextModel } from '../models/clip-text-model';
import { UNet2DConditionModel } from '../models/unet-2d-condition';
import { namedParameters, numParameters, torchShape } from '../nn/state-dict';
import { definedKeys } from '../options';
import { BaseScheduler } from '../schedulers/base-scheduler';
import type { Scheduler } from '../schedulers/scheduler';

type View = MimeBundle | Promise<MimeBundle>;

const DISPLAY = Symbol.for('Jupyter.display');
const VIEW = Symbol.for('kernel.view');
const MOST_NUMBERS = 4_000_000; // read from the device for a glance
const MOST_IMAGES = 16;

/** The images of a shape that looks like some, [H, W] to [N, H, W, C], or undefined. */
function asImages(shape: readonly number[], data: ArrayLike<number>): ImageBatch | undefined {
  const channels = shape.at(-1) ?? 0;
  const full =
    shape.length === 4
      ? shape
      : shape.length === 3 && (channels === 1 || channels === 3)
        ? [1, ...shape]
        : shape.length === 2
          ? [1, ...shape, 1]
          : shape.length === 3
            ? [...shape, 1]
            : [];
  const [N = 0, H = 0, W = 0, C = 0] = full;
  if (!N || H < 8 || W < 8 || H > 256 || W > 256 || (C !== 1 && C !== 3)) return undefined;
  const count = Math.min(N, MOST_IMAGES);
  const shown = Float32Array.from({ length: count * H * W * C }, (_, i) => data[i]!);
  return { data: shown, shape: [count, H, W, C] };
}

async function picture(images: ImageBatch, low: number, high: number): Promise<string> {
  const valueRange = [low, high > low ? high : low + 1] as const;
  const figure = imageGrid(images, { valueRange, columns: 8 });
  return pictureHtml(
    await figure.toPng(),
    `${images.shape[0]} images, black ${low}, white ${high}`,
  );
}

async function tensorView(tensor: tf.Tensor): Promise<MimeBundle> {
  const facts = { shape: tensor.shape, dtype: tensor.dtype };
  if (tensor.isDisposed) return card('Tensor, disposed', facts);
  if (tensor.dtype === 'string' || tensor.dtype === 'complex64' || tensor.size > MOST_NUMBERS)
    return card('Tensor', facts);
  const data = await tensor.data();
  let [low, high, sum] = [Infinity, -Infinity, 0];
  for (const value of data) {
    low = Math.min(low, value);
    high = Math.max(high, value);
    sum += value;
  }
  if (!data.length) return card('Tensor', facts);
  const range = { minimum: low, maximum: high, mean: sum / data.length };
  const few = data.length <= 16 ? { values: data } : {};
  const images = Number.isFinite(low) && asImages(tensor.shape, data);
  return card('Tensor', { ...facts, ...range, ...few }, [
    ...(images ? [await picture(images, low, high)] : []),
  ]);
}

function modelView(model: { readonly config: object }): MimeBundle {
  const rows = [...namedParameters(model)].map(([name, variable]) => ({
    name,
    shape: torchShape(variable),
    size: variable.size,
  }));
  return card(model.constructor.name, { parameters: numParameters(model) }, [
    folding('config', table(model.config).toHtml()),
    folding("parameters, in torch's shapes", parameterTree(rows)),
  ]);
}

async function schedulerView(scheduler: Scheduler): Promise<MimeBundle> {
  const { config, timesteps } = scheduler;
  const figure = noiseSchedule(scheduler.alphasCumprod);
  const facts = { 'sampling steps': timesteps.length, 'first ones': timesteps.slice(0, 5) };
  return card(scheduler.constructor.name, facts, [
    pictureHtml(await figure.toPng(), figure.alt),
    folding('config', table(config).toHtml()),
  ]);
}

type RecordOf<K extends string> = Readonly<Record<K, unknown>>;
const has = <K extends string>(value: object, ...keys: K[]): value is RecordOf<K> =>
  keys.every((key) => key in value);

const isImageBatch = (value: unknown): value is ImageBatch =>
  typeof value === 'object' &&
  value !== null &&
  has(value, 'data', 'shape') &&
  Array.isArray(value.shape) &&
  ArrayBuffer.isView(value.data);

/** So many images from the beginning, without a copy. */
function firstImages(images: ImageBatch, count: number): ImageBatch {
  const shape = [count, ...images.shape.slice(1)];
  if (images.stride) return { ...placeOf(images), shape };
  const values = shape.reduce((product, length) => product * length, 1);
  return { data: (images.data as Uint8Array).subarray(0, values), shape };
}

/** An ndarray keeps these in its prototype or as its own: a spread would not copy all. */
const placeOf = ({ data, stride, offset }: ImageBatch) => ({ data, stride, offset });

async function imagesView(images: ImageBatch): Promise<MimeBundle | undefined> {
  const { shape, data } = images;
  if (shape.length !== 3 && shape.length !== 4) return undefined;
  const isOne = isOneImage(images);
  const count = isOne ? 1 : Math.min(shape[0] ?? 0, MOST_IMAGES);
  const negative = data instanceof Float32Array && data.some((value) => value < 0);
  const figure = imageGrid(isOne ? images : firstImages(images, count), {
    columns: 8,
    ...(negative && { valueRange: [-1, 1] }),
  });
  const facts = { shape, type: data.constructor.name };
  return card('Images', facts, [pictureHtml(await figure.toPng(), `The first ${count} images`)]);
}

async function historyView(steps: readonly LossPoint[], stopped: unknown): Promise<MimeBundle> {
  const facts = { steps: steps.length, 'last loss': steps.at(-1)?.loss, stopped };
  if (!steps.length) return card('Training history', facts);
  const figure = lossCurve(steps);
  return card('Training history', facts, [pictureHtml(await figure.toPng(), figure.alt)]);
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

/** What each of the first images shows. */
function captionsOf({ captionIds, captions }: ShownDataset, count: number): string[] | undefined {
  if (!captionIds || !captions) return undefined;
  return Array.from({ length: count }, (_, i) => captions[captionIds[i] ?? -1] ?? '–');
}

/** A scheduler of another class than ours, known by the interface. */
const isScheduler = (value: object): value is Scheduler =>
  has(value, 'config', 'timesteps', 'alphasCumprod', 'stepCoefficients');

/** The view of a value without a class of ours, or undefined: then it is printed as it is. */
export function plainView(value: unknown): View | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (isDataset(value)) return datasetView(value);
  if (isScheduler(value)) return schedulerView(value);
  if (has(value, 'steps', 'stopped') && Array.isArray(value.steps))
    return historyView(value.steps as LossPoint[], value.stopped);
  if (has(value, 'images') && isImageBatch(value.images)) return imagesView(value.images) as View;
  if (isImageBatch(value)) return imagesView(value) as View;
  if (isSettings(value)) {
    const shown = table(value);
    return { 'text/html': shown.toHtml(), 'text/plain': shown.toString() };
  }
  return undefined;
}

async function datasetView(dataset: ShownDataset): Promise<MimeBundle> {
  const { images, length } = dataset;
  const count = Math.min(images.shape[0] ?? 0, MOST_IMAGES);
  const labels = dataset.labels && Array.from(dataset.labels).slice(0, count);
  const captions = captionsOf(dataset, count) ?? labels?.map(String);
  const figure = imageGrid(firstImages(images, count), { columns: 8, titles: captions });
  const facts = { images: length, shape: images.shape, labels, captions: dataset.captions?.length };
  return card('Images with captions', definedKeys(facts), [
    pictureHtml(await figure.toPng(), figure.alt),
  ]);
}

function define<T extends object>(type: { readonly prototype: T }, view: (value: T) => View): void {
  Object.defineProperty(type.prototype, DISPLAY, {
    configurable: true,
    value(this: T) {
      return view(this);
    },
  });
}

/** Called once, by lib/notebook.ts. */
export function installNotebookViews(): void {
  define(tf.Tensor, tensorView);
  for (const model of [UNet2DConditionModel, CLIPTextModel])
    define<{ config: object }>(model, modelView);
  define<Scheduler>(BaseScheduler, schedulerView);
  Object.assign(globalThis, { [VIEW]: plainView });
}
