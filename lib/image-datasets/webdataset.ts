/** Tars of WebDataset: members of one name with other endings, one after the other, are one sample. */
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { extract, type Header } from 'tar-stream';
import { DatasetError } from './errors';
import type { FileRules } from './folder-rules';
import { LIMITS } from './limits';
import { isImage, textOf } from './read-files';
import { captionColumnOf, captionsOf, type Found } from './sample';

/** A name up to the first dot of the file's name, and the rest: the sample's key and the field. */
const MEMBER = /^((?:.*\/|)[^.]+)[.]([^/]*)$/s;

/** A member of a tar, of which the next comes when this one is read or passed over. */
interface Entry extends AsyncIterable<Buffer> {
  readonly header: Header;
  resume(): unknown;
}

/** Fields of a sample by their names. */
type Fields = Map<string, Buffer>;

async function* members(
  full: string,
  file: string,
): AsyncGenerator<{ name: string; bytes: () => Promise<Buffer> }> {
  const source = createReadStream(full);
  const archive = extract();
  source.on('error', (error) => archive.destroy(error));
  source.pipe(archive);
  try {
    for await (const entry of archive as unknown as AsyncIterable<Entry>) {
      const { name, type, size } = entry.header;
      const place = { file, row: name };
      if (name.split('/').includes('..') || name.startsWith('/') || name.includes('\0')) {
        throw new DatasetError({
          ...place,
          expected: 'a member below the folder',
          found: 'a path that leads out of it',
        });
      }
      if (type !== 'file') {
        if (type === 'symlink' || type === 'link') {
          throw new DatasetError({
            ...place,
            expected: 'a file',
            found: `a ${type}`,
            remedy: 'Write the file itself.',
          });
        }
        entry.resume();
        continue;
      }
      if (size > LIMITS.imageBytes) {
        throw new DatasetError({
          ...place,
          expected: `at most ${LIMITS.imageBytes} bytes`,
          found: `${size}`,
        });
      }
      let isRead = false;
      yield {
        name,
        bytes: async () => {
          isRead = true;
          const parts: Buffer[] = [];
          try {
            for await (const part of entry) parts.push(part);
          } catch (cause) {
            const found = (cause as Error).message;
            throw new DatasetError({ ...place, expected: 'a whole tar', found, cause });
          }
          return Buffer.concat(parts);
        },
      };
      if (!isRead) entry.resume();
    }
  } catch (cause) {
    if (cause instanceof DatasetError) throw cause;
    if ('syscall' in (cause as Error)) throw cause;
    throw new DatasetError({
      file,
      expected: 'a whole tar',
      found: (cause as Error).message,
      cause,
    });
  } finally {
    source.destroy();
    archive.destroy();
  }
}

/** The fields of each sample, in order. */
async function* groups(
  full: string,
  file: string,
): AsyncGenerator<{ key: string; fields: Fields }> {
  let key: string | undefined;
  let fields: Fields = new Map();
  for await (const member of members(full, file)) {
    const [, base, field] = MEMBER.exec(member.name) ?? [];
    if (base === undefined || field === undefined) continue;
    if (key !== undefined && key !== base) {
      yield { key, fields };
      fields = new Map();
    }
    key = base;
    if (fields.has(field)) {
      throw new DatasetError({
        file,
        row: base,
        expected: `the field '${field}' once`,
        found: 'twice',
      });
    }
    fields.set(field, await member.bytes());
  }
  if (key !== undefined) yield { key, fields };
}

/** The sample's captions: the text field's, or those of a column of its JSON. */
function captionsOfFields(
  fields: Fields,
  file: string,
  key: string,
  told: string | undefined,
): string[] {
  const place = { file, row: key };
  const names = [...fields.keys()];
  const json = fields.get('json');
  const isOfJson = json !== undefined && (told === undefined || !fields.has(told));
  const textField =
    told !== undefined && fields.has(told)
      ? told
      : ['txt', 'text', 'caption'].find((name) => fields.has(name));
  if (textField !== undefined && (told === undefined || told === textField || told === 'text')) {
    return captionsOf(textOf(fields.get(textField)!, place), place, textField, names);
  }
  if (!isOfJson) {
    throw new DatasetError({
      ...place,
      expected:
        told === undefined ? 'a caption in a field txt or json' : `a caption in a field '${told}'`,
      found: `the fields ${names.join(', ')}`,
    });
  }
  let values: unknown;
  try {
    values = JSON.parse(textOf(json, place));
  } catch (cause) {
    if (cause instanceof DatasetError) throw cause;
    throw new DatasetError({
      ...place,
      expected: 'a JSON object',
      found: (cause as Error).message,
      cause,
    });
  }
  const row = (typeof values === 'object' && values !== null ? values : {}) as Record<
    string,
    unknown
  >;
  const columns = Object.keys(row);
  const column = captionColumnOf(file, columns, told);
  return captionsOf(row[column], place, column, columns);
}

/** The samples of these tars. */
export async function* samplesOfTars(
  files: readonly string[],
  rules: FileRules,
): AsyncGenerator<Found> {
  const { folder, captionColumn, imageColumn } = rules;
  for (const file of files) {
    for await (const { key, fields } of groups(path.join(folder, ...file.split('/')), file)) {
      const place = { file, row: key };
      try {
        const names = [...fields.keys()];
        const image = imageColumn ?? names.find((name) => isImage(`x.${name}`));
        const bytes = image === undefined ? undefined : fields.get(image);
        if (bytes === undefined) {
          throw new DatasetError({
            ...place,
            expected:
              imageColumn === undefined
                ? 'a field with an image (jpg, png, webp, …)'
                : `a field '${imageColumn}'`,
            found: `the fields ${names.join(', ')}`,
          });
        }
        yield {
          place,
          captions: captionsOfFields(fields, file, key, captionColumn),
          bytes: () => Promise.resolve(bytes),
        };
      } catch (error) {
        if (!(error instanceof DatasetError)) throw error;
        yield error;
      }
    }
  }
}
