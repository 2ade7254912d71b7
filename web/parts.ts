/** What a page is made of beside its own code: held in the page itself, or files beside it. */
import { fromLetters, gunzip, split } from '../lib/web/archive';
import { fetchModel, type ModelFileMap } from '../lib/web/model-files';
import { GPU_NAMES, type EngineName, type GpuName } from './engines/engine';

export interface Parts {
  /** WebAssembly's. */
  readonly engine: Uint8Array<ArrayBuffer>;
  readonly model: ModelFileMap;
  /** Starts a worker that can open an engine. */
  readonly startWorker: (engine: EngineName) => Worker;
  /** Where a worker loads the engine's script from, unless it has been started with it. */
  readonly scriptOf: (engine: GpuName) => string | undefined;
}

const TYPE = { type: 'text/javascript' };
const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
/** @param say told how much has come @throws Error saying what is missing or damaged */
export async function findParts(say: (text: string) => void): Promise<Parts> {
  const held = document.getElementById('archive');
  if (held) return partsOf(held);
  if (location.protocol === 'file:') {
    throw new Error(
      'This page reads files beside it, which browsers allow from a web server only. Put the folder on one, or make a page ' +
        'of a single file: npm run web -- --single FILE.html.',
    );
  }
  // What is missing ends the fetching of the rest.
  const stop = new AbortController();
  const { signal } = stop;
  const onProgress = (loaded: number, total: number | undefined) => {
    const percent = total === undefined ? '' : `, ${Math.round((100 * loaded) / total)} %`;
    say(`Loading the model: ${(loaded / 1e6).toFixed(1)} MB${percent} …`);
  };
  try {
    const [engine, model] = await Promise.all([
      fetchEngine(signal),
      fetchModel('model', { onProgress, signal }),
    ]);
    const startWorker = () => new Worker('worker.js');
    return { engine, model, startWorker, scriptOf: (name) => new URL(`${name}.js`, location.href).href }; // prettier-ignore
  } catch (error) {
    stop.abort();
    throw error;
  }
}

async function fetchEngine(signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  let status: number;
  try {
    const response = await fetch('engine.wasm', { signal });
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    status = response.status;
  } catch (error) {
    signal.throwIfAborted();
    throw new Error('engine.wasm could not be fetched. Check the connection, and try again.', {
      cause: error,
    });
  }
  throw new Error(`engine.wasm: expected a file, the server answered ${status}.`);
}

async function partsOf(held: HTMLElement): Promise<Parts> {
  if (typeof DecompressionStream === 'undefined') {
    throw new Error(
      'Expected a browser that can decompress (DecompressionStream), which this one cannot. Take a newer browser: Chrome 91, ' +
        'Firefox 113, Safari 16.4 or later.',
    );
  }
  let files: ReturnType<typeof split>;
  try {
    const letters = fromLetters((held.textContent ?? '').trim());
    files = split(await gunzip(letters.subarray(0, Number(held.dataset['size']))));
  } catch (error) {
    throw new Error(
      `This page is cut off or damaged: get the file again. (${textOf(error)})`, // what the browser says helps who made it
      { cause: error },
    );
  }
  held.remove();
  const take = (name: string) => {
    const bytes = files[name];
    if (!bytes) throw new Error('This page is not whole: make it anew with npm run web.');
    delete files[name];
    return bytes;
  };
  const engine = take('engine.wasm');
  const code = take('worker.js');
  const codeOf = new Map<EngineName, Blob>([['wasm', new Blob([code], TYPE)]]);
  // In a page from the disk a worker cannot load a script: each engine's worker has all in one.
  for (const name of GPU_NAMES) codeOf.set(name, new Blob([code, '\n', take(`${name}.js`)], TYPE));
  const urls = new Map<EngineName, string>();
  const startWorker = (name: EngineName) => {
    if (!urls.has(name)) urls.set(name, URL.createObjectURL(codeOf.get(name)!));
    return new Worker(urls.get(name)!);
  };
  return { engine, model: files, startWorker, scriptOf: () => undefined };
}
