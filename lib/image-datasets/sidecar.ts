/** Samples by a text file beside each image. */
import path from 'node:path';
import { DatasetError } from './errors';
import { LIMITS } from './limits';
import { imageBytes, isImage, readLimited, stem, textOf } from './read-files';
import { captionsOfLines, type Found } from './sample';

const SIDECAR = ['.txt', '.caption'];

/** The text file of each image, by the image's path. */
export function sidecars(files: readonly string[]): Map<string, string> {
  const texts = new Map<string, string>();
  for (const ending of [...SIDECAR].reverse()) {
    for (const file of files) if (file.endsWith(ending)) texts.set(stem(file), file);
  }
  const found = new Map<string, string>();
  for (const image of files.filter(isImage)) {
    const text = texts.get(stem(image));
    if (text !== undefined) found.set(image, text);
  }
  return found;
}

/** Each line is a caption of its own, as in kohya's scripts, which read the first. */
export async function* bySidecar(files: readonly string[], folder: string): AsyncGenerator<Found> {
  const texts = sidecars(files);
  for (const image of files.filter(isImage)) {
    const file = texts.get(image);
    if (file === undefined) {
      yield new DatasetError({
        file: image,
        expected: `a caption in ${stem(image)}.txt, as other images of this folder have`,
        found: 'no such file',
        remedy: "Write one, or pass onError: 'skip'.",
      });
      continue;
    }
    try {
      const place = { file };
      const full = path.join(folder, ...file.split('/'));
      const bytes = await readLimited(full, place, LIMITS.captionBytes, 'a text of captions');
      const lines = textOf(bytes, place).split(/\r?\n/);
      const captions = captionsOfLines(lines, place);
      yield {
        place: { file: image },
        captions,
        bytes: imageBytes(folder, image, { file: image }),
      };
    } catch (error) {
      if (!(error instanceof DatasetError)) throw error;
      yield error;
    }
  }
}
