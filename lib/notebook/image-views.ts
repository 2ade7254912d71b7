/** Pictures at the end of a cell: one as itself, several in rows. */
import ndarray from 'ndarray';
import type { MimeBundle, MimeMetadata } from '../figure/display-handle';
import { extentOf } from '../figure/extent';
import type { PixelData } from '../images/image-files';
import { Image, Images } from '../images/images';
import { numbersOf, type NdView } from '../images/view';
import { defineView } from './define-view';
import { card, pictureHtml } from './rich';
import { MOST_IMAGES } from './tensor-views';

/** Pixels that a small picture is enlarged to, about. */
const SIDE = 112;
const ACROSS = 8;

/**
 * The numbers from 0 to 1; where some lie outside, black is the least of them and white the largest. Undefined where there is
 * nothing to draw.
 */
function shownPixels(images: NdView<PixelData>): ndarray.NdArray<Float32Array> | undefined {
  const bytes = images.data instanceof Uint8Array;
  const values = numbersOf(images).map((value) => (bytes ? value / 255 : value));
  if (values.length === 0 || !values.every(Number.isFinite)) return undefined;
  const extent = extentOf(values);
  const [low, high] = [Math.min(0, extent.low), Math.max(1, extent.high)];
  const scaled = Float32Array.from(values, (value) => (value - low) / (high - low));
  return ndarray(scaled, [...images.shape]);
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
  const facts = { shape: images.shape, dtype: images.dtype };
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
  defineView<Image<PixelData>>(Image, { view: imageView, metadata: metadataOf });
  defineView<Images<PixelData>>(Images, { view: imagesView });
}
