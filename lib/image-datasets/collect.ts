/** Samples to a data set: decoded, brought to one size, in order, some at a time. */
import ndarray from 'ndarray';
import type { ImageDataset } from '../datasets/data-loader';
import {
  CenterCrop,
  Compose,
  Resize,
  type ImageArray,
  type ImageSize,
  type ImageTransform,
} from '../datasets/image-transforms';
import { mirrors, refuseMirroredDigits } from '../datasets/mirrored';
import type { Interpolation } from '../datasets/resample';
import { rowMajor } from '../datasets/transforms';
import { Images } from '../images/images';
import { Generator } from '../random';
import { decodeImage, DecodeError, type Colour } from './decode';
import { DatasetError } from './errors';
import type { DatasetReport } from './report';
import type { Found, Sample } from './sample';

export interface PixelOptions {
  /** Of the images as the model takes them: pixels of a square, or [height, width]. */
  readonly size: ImageSize;
  /** 3 for colour (default), 1 for grey. */
  readonly channels?: 1 | 3 | undefined;
  /** What lies behind transparent images, 0 to 255. Default: white. */
  readonly background?: Colour | undefined;
  /** Default: `lanczos`, as diffusers' training scripts. */
  readonly interpolation?: Interpolation | undefined;
  /**
   * From the decoded image to one of `size`. Default: `Resize` of the shorter side, then `CenterCrop`. A transform that draws
   * is given a key by the seed and the image's position. One that mirrors is refused where captions name digits.
   */
  readonly transform?: ImageTransform | undefined;
  readonly seed?: number | undefined;
}

export interface CollectOptions extends PixelOptions {
  /** `raise` (default): the first image that cannot be read ends the loading. `skip`: they are counted in the report. */
  readonly onError?: 'raise' | 'skip' | undefined;
  /** Ends after so many images. */
  readonly maxSamples?: number | undefined;
  readonly onProgress?: ((images: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** With what the defaults say where a caller says nothing. */
export type CheckedCollectOptions = CollectOptions & {
  readonly [K in 'channels' | 'background' | 'interpolation' | 'seed' | 'onError']-?: NonNullable<
    CollectOptions[K]
  >;
};

/** Images with captions, and what was found. */
export interface LoadedImages extends ImageDataset {
  /** [N, height, width, channels], 0 to 255; `images[0]` is a picture. */
  readonly images: Images<Uint8Array>;
  readonly report: DatasetReport;
}

/** What was read, without the words about it. */
export interface Collected extends ImageDataset {
  readonly images: Images<Uint8Array>;
  readonly facts: Pick<
    DatasetReport,
    'images' | 'skipped' | 'problems' | 'sizes' | 'enlarged' | 'captions'
  >;
}

const AT_ONCE = 16;
const MOST_PROBLEMS = 10;

/** What becomes of a decoded image. */
export class PixelPipeline {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  private readonly background: Colour;
  private readonly transform: ImageTransform;
  private readonly keys;

  constructor(options: CheckedCollectOptions) {
    const { size, channels, background, interpolation, seed, transform } = options;
    [this.height, this.width] = typeof size === 'number' ? [size, size] : size;
    this.channels = channels;
    this.background = background;
    this.keys = new Generator(seed).stream('augmentation');
    this.transform = transform ?? covering(size, interpolation);
  }

  /** @throws DatasetError naming the place */
  async run(
    { place, bytes }: Sample,
    position: number,
  ): Promise<{ pixels: Uint8Array; image: ImageArray }> {
    const { channels, background, height, width } = this;
    const file = await bytes();
    let image: ImageArray;
    try {
      image = await decodeImage(file, { channels, background });
    } catch (cause) {
      if (!(cause instanceof DecodeError)) throw cause;
      const { expected, found } = cause;
      throw new DatasetError({ ...place, expected, found, cause });
    }
    const out = this.transform.forward(image, this.keys.at(position));
    const shape = out.shape.join(', ');
    if (shape !== [height, width, channels].join(', ')) {
      throw new RangeError(
        `transform: expected an image of the option size, [${[height, width, channels].join(', ')}], got [${shape}].`,
      );
    }
    return { pixels: rowMajor(out), image };
  }
}

/** The smallest image of that shape that covers the size, then its middle. */
function covering(size: ImageSize, interpolation: Interpolation): ImageTransform {
  if (typeof size === 'number') {
    return new Compose([new Resize(size, { interpolation }), new CenterCrop(size)]);
  }
  const [height, width] = size;
  const crop = new CenterCrop(size);
  return {
    forward(image) {
      const [h = 1, w = 1] = image.shape;
      const isTall = h * width >= w * height;
      const covered: ImageSize = isTall
        ? [Math.max(height, Math.trunc((width * h) / w)), width]
        : [height, Math.max(width, Math.trunc((height * w) / h))];
      return crop.forward(new Resize(covered, { interpolation }).forward(image));
    },
  };
}

/** Where the pixels of one image after the other go. */
export interface PixelSink {
  push(bytes: Uint8Array): void;
}

/** Bytes that grow; what was not written yet takes no memory. */
class Growing implements PixelSink {
  private data = new Uint8Array(1 << 20);
  length = 0;

  push(bytes: Uint8Array): void {
    const end = this.length + bytes.length;
    if (end > this.data.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.data.length));
      larger.set(this.data.subarray(0, this.length));
      this.data = larger;
    }
    this.data.set(bytes, this.length);
    this.length = end;
  }

  get bytes(): Uint8Array {
    return this.data.subarray(0, this.length);
  }
}

/** The distinct captions, in the order in which they come. */
class CaptionIds {
  readonly captions: string[] = [];
  private readonly ids = new Map<string, number>();

  idOf(caption: string): number {
    let id = this.ids.get(caption);
    if (id === undefined) {
      id = this.captions.push(caption) - 1;
      this.ids.set(caption, id);
    }
    return id;
  }
}

interface Read {
  readonly sample: Sample;
  readonly pixels: Uint8Array;
  readonly image: ImageArray;
}

/** Decodes some at a time and gives them out in order; a problem of a sample is given out in its place. */
async function* inOrder(
  samples: AsyncIterable<Found>,
  pipeline: PixelPipeline,
): AsyncGenerator<Read | DatasetError> {
  const running: Promise<Read | DatasetError>[] = [];
  let position = 0;
  const start = async (found: Found, at: number): Promise<Read | DatasetError> => {
    if (found instanceof DatasetError) return found;
    try {
      return { sample: found, ...(await pipeline.run(found, at)) };
    } catch (error) {
      if (error instanceof DatasetError) return error;
      throw error;
    }
  };
  try {
    for await (const found of samples) {
      const done = start(found, position++);
      done.catch(() => undefined); // it is awaited in its turn
      running.push(done);
      if (running.length >= AT_ONCE) yield await running.shift()!;
    }
    while (running.length > 0) yield await running.shift()!;
  } finally {
    await Promise.allSettled(running);
  }
}

/**
 * @param sink where the pixels go; without one they are in `images`
 * @throws DatasetError as the samples; RangeError for a transform that mirrors digits; the signal's reason when it is aborted
 */
export async function collect(
  samples: AsyncIterable<Found>,
  options: CheckedCollectOptions,
  sink?: PixelSink,
): Promise<Collected> {
  const { onError, maxSamples = Infinity, onProgress, signal } = options;
  const pipeline = new PixelPipeline(options);
  const isMirrored = mirrors(options.transform);
  const { height, width, channels } = pipeline;
  const pixels = new Growing();
  const to = sink ?? pixels;
  const captionIds: number[] = [];
  const choices: Int32Array[] = [];
  const ids = new CaptionIds();
  const problems: string[] = [];
  const count = { skipped: 0, enlarged: 0, severalOfImage: 0, empty: 0 };
  let [smallest, largest]: [number, number][] = [];
  const area = ([h, w]: readonly [number, number]) => h * w;
  for await (const read of inOrder(samples, pipeline)) {
    signal?.throwIfAborted();
    if (read instanceof DatasetError) {
      if (onError === 'raise') throw read;
      count.skipped += 1;
      if (problems.length < MOST_PROBLEMS) problems.push(read.message);
      continue;
    }
    const { captions } = read.sample;
    if (isMirrored) refuseMirroredDigits('transform: RandomHorizontalFlip', captions);
    const [h = 0, w = 0] = read.image.shape;
    if (!smallest || area([h, w]) < area(smallest)) smallest = [h, w];
    if (!largest || area([h, w]) > area(largest)) largest = [h, w];
    count.enlarged += Number(h < height || w < width);
    count.severalOfImage += Number(captions.length > 1);
    count.empty += Number(captions.length === 0);
    const own = Int32Array.from(captions.length > 0 ? captions : [''], (caption) =>
      ids.idOf(caption),
    );
    captionIds.push(own[0]!);
    choices.push(own);
    to.push(read.pixels);
    onProgress?.(captionIds.length);
    if (captionIds.length >= maxSamples) break;
  }
  const length = captionIds.length;
  const { skipped, enlarged, severalOfImage, empty } = count;
  const distinct = ids.captions.length;
  return {
    images: new Images(ndarray(pixels.bytes, [sink ? 0 : length, height, width, channels])),
    captionIds: Int32Array.from(captionIds),
    captions: ids.captions,
    length,
    ...(severalOfImage > 0 && { captionChoices: choices }),
    facts: {
      images: length,
      skipped,
      problems,
      sizes: { smallest: smallest ?? [0, 0], largest: largest ?? [0, 0] },
      enlarged,
      captions: { distinct, severalOfImage, empty },
    },
  };
}
