/** A folder of pictures, decoded once into a file; later starts read that. */
import { createHash, type Hash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import ndarray from 'ndarray';
import type { ImageDataset } from '../datasets/data-loader';
import { hashedIds, ImageFile, type StreamedDataset } from '../datasets/streamed-images';
import { Images } from '../images/images';
import { writeFileAtomically } from '../io/atomic-write';
import { lockFolder, unlockFolder } from '../io/runs/folder-lock';
import { requireRecord, requireText } from '../options';
import { collect, type PixelSink } from './collect';
import { DatasetError } from './errors';
import {
  checkImageFolderOptions,
  findSamples,
  reportOf,
  type ImageFolderOptions,
} from './load-image-folder';
import { makeReport, type DatasetReport } from './report';
import { expandUser, filesBelow } from './walk';

export interface CacheImageFolderOptions extends ImageFolderOptions {
  /** Where decoded pictures are kept. Default: `~/.cache/stable-diffusion-mnist/images` (`XDG_CACHE_HOME`). */
  readonly cacheDir?: string | undefined;
}

/** Decoded pictures in a file, with captions in memory. */
export interface CachedImages extends StreamedDataset {
  readonly report: DatasetReport;
  /** Whether the file was there from an earlier start. */
  readonly fromCache: boolean;
  /**
   * All of them in memory, if they fit into this share of the memory that is free (default: a quarter); else undefined: then
   * the training reads them from the file.
   */
  inMemory(share?: number): ImageDataset | undefined;
  close(): void;
}

/** Counted up when the same options give other bytes. */
const FORMAT = 1;
const PIECE = 4 * 2 ** 20;

interface Index {
  readonly format: number;
  readonly shape: [number, number, number, number];
  readonly captions: readonly string[];
  readonly captionIds: readonly number[];
  readonly captionChoices?: readonly (readonly number[])[];
  readonly sha256: string;
  readonly report: Omit<DatasetReport, 'toString'>;
}

const usualFolder = () =>
  path.join(
    process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'),
    'stable-diffusion-mnist',
    'images',
  );

/** Bytes into a file, in large pieces, with their hash. */
class FileSink implements PixelSink {
  private readonly handle: number;
  private readonly piece = Buffer.allocUnsafe(PIECE);
  private held = 0;
  private readonly hash: Hash = createHash('sha256');

  constructor(file: string) {
    this.handle = openSync(file, 'w');
  }

  push(bytes: Uint8Array): void {
    if (this.held + bytes.length > PIECE) this.flush();
    if (bytes.length > PIECE) this.write(bytes);
    else {
      this.piece.set(bytes, this.held);
      this.held += bytes.length;
    }
  }

  private flush(): void {
    this.write(this.piece.subarray(0, this.held));
    this.held = 0;
  }

  private write(bytes: Uint8Array): void {
    this.hash.update(bytes);
    for (let done = 0; done < bytes.length;) done += writeSync(this.handle, bytes, done);
  }

  /** @returns the SHA-256 of all bytes, and of the ids behind them */
  end(ids: Uint8Array | Int32Array): string {
    this.flush();
    closeSync(this.handle);
    this.hash.update(ids);
    return this.hash.digest('hex');
  }

  abort(): void {
    closeSync(this.handle);
  }
}

/** What the bytes depend on: options, and names, sizes and times of all files. */
function keyOf(folder: string, all: readonly string[], o: ImageFolderOptions): string {
  const hash = createHash('sha256');
  const { tokenizer: _, maxLength: __, onProgress: ___, signal: ____, ...rest } = o;
  const text = JSON.stringify({ ...rest, captionOfLabel: String(o.captionOfLabel) });
  hash.update(`${FORMAT}\0${path.resolve(folder)}\0${text}\0`);
  for (const file of all) {
    const { size, mtimeMs } = statSync(path.join(folder, file));
    hash.update(`${file}\0${size}\0${mtimeMs}\0`);
  }
  return hash.digest('hex').slice(0, 32);
}

function openCached(folder: string, fromCache: boolean): CachedImages {
  const index = JSON.parse(readFileSync(path.join(folder, 'index.json'), 'utf8')) as Index;
  const { shape, captions, captionChoices: choices, sha256 } = index;
  const source = new ImageFile(path.join(folder, 'pixels.bin'), shape);
  const captionIds = Int32Array.from(index.captionIds);
  const captionChoices = choices?.map((ids) => Int32Array.from(ids));
  const words = {
    captionIds,
    captions,
    length: shape[0],
    ...(captionChoices && { captionChoices }),
  };
  return {
    ...words,
    source,
    sha256,
    report: makeReport(index.report),
    fromCache,
    inMemory(share = 0.25) {
      const bytes = shape.reduce((product, size) => product * size, 1);
      if (bytes > share * process.availableMemory()) return undefined;
      const data = readFileSync(source.path);
      const pixels = new Uint8Array(data.buffer, data.byteOffset, data.length);
      return { ...words, images: new Images(ndarray(pixels, [...shape])) };
    },
    close: () => source.close(),
  };
}

/** What an earlier start left, if it is whole; a part is removed. */
function openWhole(folder: string): CachedImages | undefined {
  if (!existsSync(path.join(folder, 'index.json'))) return undefined;
  try {
    return openCached(folder, true);
  } catch {
    rmSync(path.join(folder, 'index.json'), { force: true });
    return undefined;
  }
}

/**
 * As `loadImageFolder`, for more pictures than fit into memory: each is decoded once, into a file of the cache, and read from
 * there when its batch is trained on. A later call with the same options and unchanged files opens that file.
 *
 * @param given the folder; a leading ~ is the user's home
 * @throws as `loadImageFolder`; RangeError for a transform, whose results no name tells apart; FolderLockedError if another
 *   process decodes the same
 */
export async function cacheImageFolder(
  given: string,
  options: CacheImageFolderOptions,
): Promise<CachedImages> {
  requireText('cacheImageFolder', given, 'a folder');
  requireRecord('cacheImageFolder', options, 'options such as { size: 32 }');
  const folder = expandUser(given);
  const { cacheDir = usualFolder(), ...readOptions } = options;
  const o = checkImageFolderOptions('cacheImageFolder', readOptions);
  if (o.transform !== undefined) {
    throw new RangeError(
      'cacheImageFolder: expected no transform: what it does is not known when the file is opened again.',
    );
  }
  const all = filesBelow(folder);
  const target = path.join(cacheDir, keyOf(folder, all, o));
  const whole = openWhole(target);
  if (whole) return whole;
  mkdirSync(target, { recursive: true });
  lockFolder(target);
  try {
    const found = findSamples(folder, all, o);
    const sink = new FileSink(path.join(target, 'pixels.bin'));
    let collected: Awaited<ReturnType<typeof collect>>;
    try {
      collected = await collect(found.samples, o, sink);
    } catch (error) {
      sink.abort();
      throw error;
    }
    const { facts, captions, captionIds, captionChoices, images } = collected;
    const sha256 = sink.end(hashedIds(captionIds, captions));
    if (facts.images === 0) {
      throw new DatasetError({
        file: folder,
        expected: 'at least one image',
        found: facts.problems[0] ?? 'none',
      });
    }
    const report = reportOf(folder, found, facts, captions, o);
    const index: Index = {
      format: FORMAT,
      shape: [facts.images, ...(images.shape.slice(1) as [number, number, number])],
      captions,
      captionIds: [...captionIds],
      ...(captionChoices && { captionChoices: captionChoices.map((ids) => [...ids]) }),
      sha256,
      report,
    };
    writeFileAtomically(path.join(target, 'index.json'), [JSON.stringify(index)]); // last: then it is whole
    return openCached(target, false);
  } catch (error) {
    rmSync(path.join(target, 'pixels.bin'), { force: true });
    throw error;
  } finally {
    unlockFolder(target);
  }
}
