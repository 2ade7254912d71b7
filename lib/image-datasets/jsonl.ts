/** Rows of a JSON-lines file, read a line at a time. */
import { createReadStream } from 'node:fs';
import { DatasetError } from './errors';
import { LIMITS } from './limits';

export type Row = Readonly<Record<string, unknown>>;

/** Lines of a file as bytes, without their ends; a line that is too long is refused before it is held. */
async function* linesOf(path: string, file: string): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  let held = 0;
  let line = 1;
  const take = (chunk: Buffer) => {
    rest.push(chunk);
    held += chunk.length;
    if (held <= LIMITS.rowBytes) return;
    throw new DatasetError({
      file,
      row: line,
      expected: `a line of at most ${LIMITS.rowBytes} bytes`,
      found: 'a longer one',
      remedy: 'Each picture has a line of its own.',
    });
  };
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      take(chunk.subarray(start, end));
      yield Buffer.concat(rest);
      [rest, held, start] = [[], 0, end + 1];
      line += 1;
    }
    take(chunk.subarray(start));
  }
  if (held > 0) yield Buffer.concat(rest);
}

/**
 * The objects of a .jsonl file with their lines' numbers. Empty lines are passed over.
 *
 * @param file its name in messages
 * @throws DatasetError for a line that is no JSON object
 */
export async function* readJsonl(
  path: string,
  file: string,
): AsyncGenerator<{ row: number; values: Row }> {
  let row = 0;
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const bytes of linesOf(path, file)) {
    row += 1;
    const refuse = (found: string, cause?: unknown) =>
      new DatasetError({ file, row, expected: 'a JSON object on one line', found, cause });
    let text: string;
    try {
      text = decoder.decode(bytes).trim();
    } catch (cause) {
      throw refuse('bytes that are not UTF-8', cause);
    }
    if (text === '') continue;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw refuse(`${JSON.stringify(text.slice(0, 60))} (${(cause as Error).message})`, cause);
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw refuse(JSON.stringify(value).slice(0, 60));
    }
    yield { row, values: value as Row };
  }
}
