/** How much of a file is taken before it is called hostile, or a mistake. */
const MEBIBYTE = 2 ** 20;

export const LIMITS = {
  /** Pixels of an image: Pillow's `MAX_IMAGE_PIXELS`, a quarter of a gigabyte as RGB. */
  imagePixels: Math.floor(2 ** 30 / 4 / 3),
  /** Bytes of an image's file. */
  imageBytes: 256 * MEBIBYTE,
  /** Bytes of a line of metadata.jsonl, or of a record of metadata.csv. */
  rowBytes: MEBIBYTE,
  /** Bytes of a text file beside an image. */
  captionBytes: 64 * 1024,
  /** Characters of a caption. CLIP reads some 300. */
  captionLength: 10_000,
  /** Captions of one image. */
  captionsOfImage: 100,
  /** Bytes that a row group of a parquet file may unpack to. */
  groupBytes: 1024 * MEBIBYTE,
} as const;
