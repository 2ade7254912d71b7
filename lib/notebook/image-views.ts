/** Pictures at the end of a cell: one as itself, several in rows. */
import ndarray from 'ndarray';
import type { MimeBundle, MimeMetadata } from '../figure/display-handle';
import type { PixelData } from '../images/image-files';
import { Image, Images } from '../images/images';
import type { NdView } from '../images/view';
import { card, pictureHtml } from './rich';

const DISPLAY = Symbol.for('Jupyter.display');
const METADATA = Symbol.for('kernel.metadata');
/** Pixels that a small picture is enlarged to, about. */
const SIDE = 112;
const MOST_IMAGES = 16;
const ACROSS = 8;

/**
 * The numbers from 0 to 1; where some lie outside, black is the least of them and white the largest. Undefined where there is
 * nothing to draw.
 */
function shownPixels(images: NdView<PixelData>): ndarray.NdArray<Float32Array> | undefined {
  const { data: numbers, shape } = images.toJSON();
  const values = numbers.map((value) => (images.data instanceof Uint8Array ? value / 255 : value));
  if (values.length === 0 || !values.every(Number.isFinite)) return undefined;
  let [low, high] = [0, 1];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const scaled = Float32Array.from(values, (value) => (value - low) / (high - low));
  return ndarray(scaled, shape);
}

const enlarged = (width: number, height: number) =>
  Math.max(1, Math.floor(SIDE / Math.max(width, height)));

function imageView(image: Image<PixelData>): MimeBundle {
  const pixels = shownPixels(image);
  if (!pixels) return { 'text/plain': image.toString() };
  const png = new Image(pixels).toPng({ scale: enlarged(image.width, image.height) });
  return { 'image/png': Buffer.from(png).toString('base64'), 'text/plain': image.toString() };
}

const metadataOf = ({ width, height }: Image<PixelData>): MimeMetadata => ({
  'image/png': { alt: `A picture of ${width} × ${height} pixels` },
});

function imagesView(images: Images<PixelData>): MimeBundle {
  const facts = { shape: images.shape, type: images.dtype };
  const first = images.slice(0, MOST_IMAGES);
  const pixels = shownPixels(first);
  if (!pixels) return card('Images', facts);
  const [, height = 1, width = 1] = images.shape;
  const scale = Math.min(4, enlarged(width, height));
  const png = new Images(pixels).toPng({ scale, columns: ACROSS });
  return card('Images', facts, [pictureHtml(png, `The first ${first.length} images`)]);
}

/** Called once, by lib/notebook.ts. */
export function installImageViews(): void {
  const own = <T extends object>(type: { readonly prototype: T }, view: (value: T) => MimeBundle) =>
    Object.defineProperty(type.prototype, DISPLAY, {
      configurable: true,
      value(this: T) {
        return view(this);
      },
    });
  own<Image<PixelData>>(Image, imageView);
  own<Images<PixelData>>(Images, imagesView);
  Object.defineProperty(Image.prototype, METADATA, {
    configurable: true,
    get(this: Image<PixelData>) {
      return metadataOf(this);
    },
  });
}
