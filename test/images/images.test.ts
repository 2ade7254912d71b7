/** Pictures as people use them: by place, in loops, in parts, saved. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import ndarray from 'ndarray';
import { GifReader } from 'omggif';
import { PNG } from 'pngjs';
import UPNG from 'upng-js';
import { afterAll, describe, expect, it } from 'vitest';
import '../../lib/figure/save-images';
import { imageGrid } from '../../lib/charts/image-grid';
import { toPixels } from '../../lib/figure/images';
import { rowMajor } from '../../lib/datasets/transforms';
import { Image, Images } from '../../lib/images/images';
import { loadMnist } from '../../lib/mnist/mnist';
import { temporaryRoot } from '../support/temporary';

const folder = mkdtempSync(path.join(temporaryRoot, 'images-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => path.join(folder, name);

/** Image n of [5, 6, 7, 1] holds (n + 1)/10, but for its first pixel, which is white. */
function five(): Images {
  const data = Float32Array.from({ length: 5 * 42 }, (_, i) =>
    i % 42 === 0 ? 1 : (Math.floor(i / 42) + 1) / 10,
  );
  return new Images(ndarray(data, [5, 6, 7, 1]));
}
const level = (image: Image | undefined) => image && Math.round(image.get(5, 6, 0) * 10);
const png = (file: string) => PNG.sync.read(readFileSync(file));
/** The red of a pixel, 0 to 255. */
const red = ({ data, width }: PNG, x: number, y: number) => data[4 * (y * width + x)];

describe('a picture of several', () => {
  it.each<[string, (images: Images) => Image | undefined, number | undefined]>([
    ['[0]', (images) => images[0], 1],
    ['[4]', (images) => images[4], 5],
    ['[5]', (images) => images[5], undefined],
    ['[-1]', (images) => images[-1], undefined],
    ['at(-1)', (images) => images.at(-1), 5],
    ['at(-5)', (images) => images.at(-5), 1],
    ['at(-6)', (images) => images.at(-6), undefined],
    ['at(1.7)', (images) => images.at(1.7), 2],
    ['at(NaN)', (images) => images.at(NaN), 1],
    ['pick(0)', (images) => images.pick(0), 1],
    ['pick(3)', (images) => images.pick(3), 4],
    ['slice(1)[0]', (images) => images.slice(1)[0], 2],
    ['slice(-2).at(-1)', (images) => images.slice(-2).at(-1), 5],
    ['slice(1, 4).slice(1)[0]', (images) => images.slice(1, 4).slice(1)[0], 3],
    ['slice(1, 4)[3]', (images) => images.slice(1, 4)[3], undefined],
    ['destructuring', ([first]) => first, 1],
    ['the last of a spread', (images) => [...images].at(-1), 5],
    ['Array.from', (images) => Array.from(images)[2], 3],
    ['map', (images) => images.map((image) => image)[1], 2],
  ])('%s', (_, of, expected) => {
    const image = of(five());
    expect(level(image)).toBe(expected);
    if (image) {
      expect(image).toBeInstanceOf(Image);
      expect([image.shape, image.width, image.height, image.channels]).toEqual([
        [6, 7, 1],
        7,
        6,
        1,
      ]);
    }
  });

  it.each([[[0, 2]], ['0'], [true], [{}]])('pick(%j), which is no number, is refused', (place) => {
    expect(() => five().pick(place as never)).toThrow(/expected a place as a number to pick/);
  });
  it.each([5, 0.5, NaN])('pick(%s) is refused', (place) => {
    expect(() => five().pick(place)).toThrow(/expected a place from 0 to 4 to pick, got/);
  });

  it('is counted and gone through in order', () => {
    const levels: (number | undefined)[] = [];
    for (const image of five()) levels.push(level(image));
    expect([five().length, levels]).toEqual([5, [1, 2, 3, 4, 5]]);
    expect(five().slice(2, 2).length).toBe(0);
    expect(five().slice(9).length).toBe(0);
  });

  it('shares its numbers', () => {
    const images = five();
    images[1]!.set(0, 0, 0, 0.25);
    expect(images.get(1, 0, 0, 0)).toBe(0.25);
  });

  it('of a data set is one of bytes', () => {
    const { images } = loadMnist({ split: 'train', source: 'quick' });
    expect(images.length).toBe(10_000);
    const image = images[9_999]!;
    expect([image.shape, image.dtype, image.channels]).toEqual([[28, 28, 1], 'uint8', 1]);
    expect(image.get(14, 14)).toBe(images.get(9_999, 14, 14));
    expect(imageGrid(image).alt).toBe('Images (1)');
    expect([...rowMajor(image.toNdarray())]).toEqual([...images.data.subarray(9_999 * 784)]);
  });
});

describe('what an ndarray can', () => {
  it('both can', () => {
    const images = five();
    const array = images.toNdarray();
    for (const key of ['data', 'shape', 'stride', 'offset', 'dtype', 'size', 'order'] as const) {
      expect(images[key], key).toEqual(array[key]);
    }
    expect(images.dimension).toBe(4);
    expect(images.get(2, 0, 0, 0)).toBe(1);
    expect(images.pick(null, 0, 0, 0).shape).toEqual([5]);
    expect(images.pick(1, 0).shape).toEqual([7, 1]);
    expect(images.hi(2, 6, 7, 1).shape).toEqual([2, 6, 7, 1]);
    expect(images.lo(1, 0, 0, 0).get(0, 1, 0, 0)).toBeCloseTo(0.2);
    expect(images.step(2).shape[0]).toBe(3);
    expect(images.transpose(0, 2, 1, 3).shape).toEqual([5, 7, 6, 1]);
    expect([...rowMajor(images)]).toEqual([...images.data]);
    expect(new Images(images).toNdarray()).toBe(array);
  });

  it('a promise may give them, JSON and text too', async () => {
    const images = await Promise.resolve(five());
    expect(images.length).toBe(5);
    expect(String(images)).toBe('Images [5, 6, 7, 1] float32');
    const json = JSON.parse(JSON.stringify(images[1])) as object;
    expect(json).toMatchObject({ shape: [6, 7, 1], dtype: 'float32' });
  });

  it.each([[[28]], [[2, 28, 28, 2]], [[1, 2, 28, 28, 1]], [[28, 28, 5, 5]]])(
    '%j is refused',
    (shape) => {
      const size = shape.reduce((a, b) => a * b, 1);
      expect(() => new Images(ndarray(new Float32Array(size), shape))).toThrow(
        /expected \[N, H, W/,
      );
    },
  );
});

describe('drawn', () => {
  it.each<[string, number[], number[]]>([
    ['[28, 28, 1] is one image', [28, 28, 1], [1, 28, 28, 1]],
    ['[28, 28, 3] too', [28, 28, 3], [1, 28, 28, 3]],
    ['[3, 28, 28] are three', [3, 28, 28], [3, 28, 28, 1]],
    ['[1, 4, 4] is one of 4 × 4', [1, 4, 4], [1, 4, 4, 1]],
    ['[2, 28, 28, 3] are two', [2, 28, 28, 3], [2, 28, 28, 3]],
  ])('%s', (_, shape, expected) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    const { count, height, width, channels } = toPixels({ data, shape });
    expect([count, height, width, channels]).toEqual(expected);
  });

  it('single ones, lists of them and parts of a batch', () => {
    const images = five();
    expect([...toPixels(images[2]!).pixels.slice(0, 3)]).toEqual([255, 77, 77]);
    expect(imageGrid(images[2]!).alt).toBe('Images (1)');
    expect(imageGrid([...images], { titles: [...'abcde'] }).alt).toBe(
      'Images (5): a | b | c | d | e',
    );
    expect(imageGrid(images.slice(1, 3)).alt).toBe('Images (2)');
  });
});

describe('save', () => {
  it('writes one picture, pixel by pixel', async () => {
    const file = await five()[1]!.save(at('one.png'));
    expect(file).toBe(at('one.png'));
    const read = png(file);
    expect([read.width, read.height]).toEqual([7, 6]);
    expect([red(read, 0, 0), red(read, 1, 0), red(read, 6, 5)]).toEqual([255, 51, 51]);
  });

  it('enlarges without blur', async () => {
    const read = png(await five()[0]!.save(at('large.png'), { scale: 3 }));
    expect([read.width, read.height]).toEqual([21, 18]);
    expect([red(read, 2, 2), red(read, 3, 2), red(read, 2, 3)]).toEqual([255, 26, 26]);
  });

  it('writes several in rows, as torchvision lays them out', async () => {
    const read = png(await five().save(at('grid.png'), { columns: 3 }));
    expect([read.width, read.height]).toEqual([3 * 9 + 2, 2 * 8 + 2]);
    expect([red(read, 2, 2), red(read, 8, 7), red(read, 11 + 6, 7)]).toEqual([255, 26, 51]);
    const single = png(await five().slice(1, 2).save(at('single.png')));
    expect([single.width, single.height]).toEqual([7, 6]);
  });

  it('writes a relative path into the working folder', async () => {
    const name = `${path.relative(process.cwd(), folder)}/relative.PNG`;
    expect(await five()[0]!.save(name)).toBe(at('relative.PNG'));
    expect(existsSync(at('relative.PNG'))).toBe(true);
  });

  it('writes a GIF, one after the other', async () => {
    const file = await five().save(at('all.gif'), { fps: 5, scale: 2, loop: 3 });
    const gif = new GifReader(readFileSync(file));
    expect([gif.width, gif.height, gif.numFrames(), gif.loopCount()]).toEqual([14, 12, 5, 2]);
    const delays = Array.from({ length: 5 }, (_, i) => gif.frameInfo(i).delay);
    expect(delays).toEqual([20, 20, 20, 20, 100]); // hundredths of a second
    for (let i = 0; i < 5; i++) {
      const pixels = new Uint8Array(14 * 12 * 4);
      gif.decodeAndBlitFrameRGBA(i, pixels);
      expect([pixels[0], pixels.at(-4)]).toEqual([255, Math.round((255 * (i + 1)) / 10)]);
    }
    expect(new GifReader(readFileSync(await five().save(at('ever.gif')))).loopCount()).toBe(0);
  });

  it('writes all greys of a GIF exactly', async () => {
    const ramp = Uint8Array.from({ length: 256 }, (_, i) => i);
    const images = new Images(ndarray(ramp, [1, 16, 16, 1]));
    const gif = new GifReader(readFileSync(await images.save(at('ramp.gif'))));
    const pixels = new Uint8Array(1024);
    gif.decodeAndBlitFrameRGBA(0, pixels);
    expect(pixels.filter((_, i) => i % 4 === 0)).toEqual(ramp);
  });

  it('writes colours into a GIF, and what is transparent on white', async () => {
    const data = Uint8Array.of(255, 0, 0, 255, 0, 0, 255, 0);
    const images = new Images(ndarray(data, [1, 1, 2, 4]));
    const gif = new GifReader(readFileSync(await images.save(at('colour.gif'))));
    const pixels = new Uint8Array(8);
    gif.decodeAndBlitFrameRGBA(0, pixels);
    expect([...pixels]).toEqual([255, 0, 0, 255, 255, 255, 255, 255]);
  });

  it('writes an APNG, of which other programs see the first picture', async () => {
    const file = await five().save(at('all.apng'), { fps: 4, loop: 2 });
    const bytes = readFileSync(file);
    const buffer = new Uint8Array(bytes).buffer;
    const read = UPNG.decode(buffer);
    expect([read.width, read.height, read.frames.length]).toEqual([7, 6, 5]);
    expect(read.frames.map(({ delay }) => Math.round(delay))).toEqual([250, 250, 250, 250, 1000]);
    expect(read.tabs.acTL).toEqual({ num_frames: 5, num_plays: 2 });
    const last = UPNG.toRGBA8(read).map((frame) => new Uint8Array(frame).at(-4));
    expect(last).toEqual([26, 51, 77, 102, 128]);
    const first = PNG.sync.read(bytes, { checkCRC: true });
    expect([first.width, red(first, 0, 0), red(first, 6, 5)]).toEqual([7, 255, 26]);
  });

  it('of bytes writes the same', async () => {
    const bytes = new Images(
      ndarray(
        Uint8Array.from({ length: 49 }, (_, i) => 5 * i),
        [1, 7, 7],
      ),
    );
    const read = png(await bytes[0]!.save(at('bytes.png')));
    expect([red(read, 1, 0), red(read, 6, 6)]).toEqual([5, 240]);
  });

  it.each<[string, () => Promise<string>, RegExp]>([
    ['another ending', () => five()[0]!.save(at('x.jpg')), /that ends in \.png, got .*x\.jpg/],
    ['a GIF of one picture', () => five()[0]!.save(at('x.gif')), /that ends in \.png, got/],
    ['another of several', () => five().save(at('x.webp')), /ends in \.png, \.gif or \.apng, got/],
    ['no ending', () => five().save(at('x')), /ends in \.png, \.gif or \.apng/],
    ['no path', () => five().save(undefined as unknown as string), /a path such as 'digit\.png'/],
    ['an empty path', () => five().save(''), /a path such as 'digit\.png'/],
    ['no such folder', () => five().save(at('none/x.png')), /folder .*none to be there/],
    ['a folder', () => five().save(`${folder}/.png`), /that ends in|EISDIR/],
    ['scale 0', () => five()[0]!.save(at('x.png'), { scale: 0 }), /scale to be a whole number/],
    ['scale 1.5', () => five().save(at('x.png'), { scale: 1.5 }), /scale to be a whole number/],
    ['fps 0', () => five().save(at('x.gif'), { fps: 0 }), /fps above 0 and up to 100, got 0/],
    ['fps NaN', () => five().save(at('x.gif'), { fps: NaN }), /fps above 0 and up to 100/],
    ['loop −1', () => five().save(at('x.gif'), { loop: -1 }), /loop to be 0/],
    ['a wrong option', () => five().save(at('x.gif'), { speed: 2 } as object), /option speed/],
    ['none', () => five().slice(5).save(at('x.png')), /all at least 1, got \[0, 6, 7, 1\]/],
    ['none, moving', () => five().slice(5).save(at('x.gif')), /at least one image for .*x\.gif/],
    ['numbers beyond', () => noise(2).save(at('x.png')), /pixels in \[0, 1\], got 2/],
    ['NaN', () => noise(NaN).save(at('x.png')), /got NaN/],
  ])('refuses %s', async (_, save, message) => {
    await expect(save()).rejects.toThrow(message);
    expect(existsSync(at('x.png'))).toBe(false);
  });
});

function noise(value: number): Images {
  return new Images(ndarray(new Float32Array(64).fill(value), [1, 8, 8, 1]));
}
