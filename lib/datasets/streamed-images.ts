/** Images that stay in a file, read a batch at a time and ahead of the training. */
import { closeSync, fstatSync, openSync, read } from 'node:fs';
import { promisify } from 'node:util';

const readAsync = promisify(read);

/** Reads that go at once: as many as Node has threads for files. */
const READS_AT_ONCE = 4;

/**
 * Images with captions, of which the images stay on the disk. Their file is bytes [N, H, W, C], row-major; the system keeps
 * of it in memory what there is room for.
 */
export interface StreamedDataset {
  readonly source: ImageFile;
  readonly captionIds: Int32Array;
  readonly captions: readonly string[];
  readonly captionChoices?: readonly Int32Array[];
  readonly length: number;
  /** SHA-256 of all images and of their captions' ids, a byte each where that is enough: a resumed run knows them by it. */
  readonly sha256: string;
}

/** The captions' ids as they are hashed behind the images, wherever these lie: a byte each where that is enough. */
export function hashedIds(
  captionIds: Int32Array,
  captions: readonly string[],
): Uint8Array | Int32Array {
  return captions.length <= 256 ? Uint8Array.from(captionIds) : Int32Array.from(captionIds);
}

/** A file of bytes [N, H, W, C]. Reading goes on in the threads that Node has for files; to be closed. */
export class ImageFile {
  private readonly handle: number;
  private readonly imageBytes: number;
  private closed = false;
  private ahead: { key: string; bytes: Promise<Uint8Array> } | undefined;

  /** @throws RangeError if the file has another size; the file system's error */
  constructor(
    readonly path: string,
    /** [N, H, W, C] */
    readonly shape: readonly [number, number, number, number],
  ) {
    const [count, height, width, channels] = shape;
    this.imageBytes = height * width * channels;
    this.handle = openSync(path, 'r');
    const { size } = fstatSync(this.handle);
    if (size === count * this.imageBytes) return;
    closeSync(this.handle);
    throw new RangeError(
      `ImageFile: expected ${count * this.imageBytes} bytes for [${shape.join(', ')}] in ${path}, found ${size}. ` +
        'Remove it: it is made anew.',
    );
  }

  /**
   * Images at these places, [B, H, W, C]. What `readAhead` was told is there already, or on its way.
   *
   * @throws RangeError for a place outside of the file; the file system's error
   */
  read(indices: Int32Array): Promise<Uint8Array> {
    const { ahead } = this;
    this.ahead = undefined;
    return ahead?.key === keyOf(indices) ? ahead.bytes : this.gather(indices);
  }

  /** Begins to read what will be asked for next. */
  readAhead(indices: Int32Array): void {
    const bytes = this.gather(indices);
    bytes.catch(() => undefined); // told by `read`
    this.ahead = { key: keyOf(indices), bytes };
  }

  private async gather(indices: Int32Array): Promise<Uint8Array> {
    const size = this.imageBytes;
    const bad = indices.find((index) => !(index >= 0 && index < this.shape[0]));
    if (bad !== undefined) {
      throw new RangeError(
        `ImageFile: expected places from 0 to ${this.shape[0] - 1}, got ${bad}.`,
      );
    }
    const bytes = new Uint8Array(indices.length * size);
    let next = 0;
    const work = async () => {
      while (next < indices.length) {
        const i = next++;
        for (let done = 0; done < size;) {
          if (this.closed) throw new Error(`${this.path}: expected an open file, it is closed.`);
          const from = indices[i]! * size + done;
          const { bytesRead } = await readAsync(
            this.handle,
            bytes,
            i * size + done,
            size - done,
            from,
          );
          if (bytesRead === 0)
            throw new Error(`${this.path}: the file became shorter while it was read.`);
          done += bytesRead;
        }
      }
    };
    await Promise.all(Array.from({ length: READS_AT_ONCE }, work));
    return bytes;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    closeSync(this.handle);
  }
}

const keyOf = (indices: Int32Array) => indices.join();
