/** Pictures: what `generate` gives and data sets hold. */
import ndarray, { type NdArray } from 'ndarray';
import {
  imageFiles,
  type PixelData,
  type SaveImageOptions,
  type SaveImagesOptions,
} from './image-files';
import { NdView } from './view';

/** One picture, [H, W, C]: numbers from 0 to 1, or bytes. */
export class Image<T extends PixelData = Float32Array> extends NdView<T> {
  /**
   * @param array [H, W, C], or [H, W] of a grey one
   * @throws RangeError for another rank, or for channels other than 1 (grey), 3 (RGB) or 4 (RGBA)
   */
  constructor(array: NdArray<T>) {
    checkShape('Image', array.shape, ['H', 'W', 'C']);
    super(withChannels(plain(array)));
  }

  /** A number of the picture; the channel may be left out. */
  override get(y: number, x: number, channel = 0): ndarray.Value<T> {
    return this.array.get(y, x, channel);
  }

  get height(): number {
    return this.shape[0]!;
  }

  get width(): number {
    return this.shape[1]!;
  }

  /** 1 (grey), 3 (RGB) or 4 (RGBA). */
  get channels(): number {
    return this.shape[2]!;
  }

  /** The picture as a PNG file. @throws RangeError for numbers outside of [0, 1], or a bad option */
  toPng(options: SaveImageOptions = {}): Uint8Array {
    return imageFiles().encodePng(this.asBatch(), { ...options, padding: 0 });
  }

  /**
   * Writes a `.png` file.
   *
   * @param path relative to the working folder
   * @returns the absolute path
   * @throws Error for another ending, or if the file cannot be written; RangeError as `toPng`
   */
  async save(path: string, options: SaveImageOptions = {}): Promise<string> {
    return imageFiles().save([this.asBatch()], path, ['.png'], { ...options, padding: 0 });
  }

  private asBatch(): NdArray<T> {
    const { data, shape, stride, offset } = this.array;
    return ndarray(data, [1, ...shape], [0, ...stride], offset);
  }
}

/** Several pictures: [N, H, W, C], or [N, H, W] of grey ones; numbers from 0 to 1, or bytes. */
export class Images<T extends PixelData = Float32Array> extends NdView<T> {
  /** The picture at a place from 0; undefined where there is none. */
  readonly [index: number]: Image<T>;

  /** @throws RangeError for another rank, or for channels other than 1 (grey), 3 (RGB) or 4 (RGBA) */
  constructor(array: NdArray<T>) {
    checkShape('Images', array.shape, ['N', 'H', 'W', 'C']);
    super(plain(array));
  }

  /** N. */
  get length(): number {
    return this.shape[0]!;
  }

  /** The picture at a place; from the end if that is negative. It shares its numbers with these. */
  at(index: number): Image<T> | undefined {
    const whole = Math.trunc(index) || 0;
    const place = whole < 0 ? this.length + whole : whole;
    if (!(place >= 0 && place < this.length)) return undefined;
    return new Image(this.array.pick(place));
  }

  /**
   * The picture at a place, as `at`; with more places than one, what ndarray gives.
   *
   * @throws RangeError if there is none; TypeError if a place is no number
   */
  override pick(index: number): Image<T>;
  override pick(...at: (number | null)[]): NdArray<T>;
  override pick(...at: (number | null)[]): NdArray<T> {
    const [index, ...rest] = at;
    if (at.some((place) => typeof place !== 'number' && place !== null && place !== undefined)) {
      throw new TypeError(
        'Images: expected a place as a number to pick; for several, places.map((i) => images.at(i)) or slice.',
      );
    }
    const isOne = typeof index === 'number' && !(index < 0); // ndarray takes below 0 for all
    if (!isOne || rest.some((place) => place !== null && place !== undefined)) {
      return this.array.pick(...at);
    }
    const image = Number.isInteger(index) ? this.at(index) : undefined;
    if (image) return image;
    throw new RangeError(
      `Images: expected a place from 0 to ${this.length - 1} to pick, got ${String(index)}.`,
    );
  }

  /** Those from one place up to another, as an array's `slice`; they share their numbers with these. */
  slice(start?: number, end?: number): Images<T> {
    const places = Array.from(this.keys()).slice(start, end);
    const [first = 0] = places;
    const { data, shape, stride, offset } = this.array;
    const from = offset + first * stride[0]!;
    return new Images(ndarray(data, [places.length, ...shape.slice(1)], stride, from));
  }

  *[Symbol.iterator](): IterableIterator<Image<T>> {
    for (const place of this.keys()) yield this.at(place)!;
  }

  keys(): IterableIterator<number> {
    return Array(this.length).keys();
  }

  map<R>(of: (image: Image<T>, place: number) => R): R[] {
    return Array.from(this, of);
  }

  /** All of them in rows, as a PNG file. @throws RangeError for numbers outside of [0, 1], or a bad option */
  toPng(options: SaveImagesOptions = {}): Uint8Array {
    return imageFiles().encodePng(this.array, options);
  }

  /**
   * Writes a file: all of them in rows as `.png`, or one after the other as `.gif` or `.apng`.
   *
   * @param path relative to the working folder
   * @returns the absolute path
   * @throws Error for another ending, or if the file cannot be written; RangeError as `toPng`
   */
  async save(path: string, options: SaveImagesOptions = {}): Promise<string> {
    const isMoving = /\.(gif|apng)$/i.test(path);
    const frames = isMoving ? this.map((_, i) => this.slice(i, i + 1).array) : [this.array];
    return imageFiles().save(frames, path, ['.png', '.gif', '.apng'], options);
  }
}

// images[0]: what neither an instance nor the class has is asked for here, last of all.
Object.setPrototypeOf(
  NdView.prototype,
  new Proxy(Object.prototype, {
    get(target, key, receiver): unknown {
      if (typeof key === 'string' && /^\d+$/.test(key) && receiver instanceof Images) {
        return receiver.at(Number(key));
      }
      return Reflect.get(target, key, receiver);
    },
  }),
);

function plain<T extends PixelData>(array: NdArray<T>): NdArray<T> {
  return array instanceof NdView ? (array as NdView<T>).toNdarray() : array;
}

function withChannels<T extends PixelData>(array: NdArray<T>): NdArray<T> {
  const { data, shape, stride, offset } = array;
  return shape.length === 3 ? array : ndarray(data, [...shape, 1], [...stride, 0], offset);
}

function checkShape(what: string, shape: readonly number[], axes: readonly string[]): void {
  const rank = axes.length;
  const isRank = shape.length === rank || shape.length === rank - 1;
  const channels = shape.length === rank ? shape.at(-1)! : 1;
  if (isRank && [1, 3, 4].includes(channels)) return;
  throw new RangeError(
    `${what}: expected [${axes.join(', ')}] with 1 (grey), 3 (RGB) or 4 (RGBA) channels, or ` +
      `[${axes.slice(0, -1).join(', ')}], got [${shape.join(', ')}].`,
  );
}
