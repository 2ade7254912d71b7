/** The page's own code, which the set-up has built from web/. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The same from lib/page and from dist/page. */
const FOLDER = path.join(__dirname, '..', '..', 'web', 'build');

/** What the page loads besides its own HTML, style and script: its worker, and the engines. */
export const LOADED = ['worker.js', 'engine.wasm', 'webgl.js', 'webgpu.js'];

/** A file of the page: `index.html`, `page.css`, `page.js`, or one of those above. */
export function builtFile(name: string): Buffer {
  try {
    return readFileSync(path.join(FOLDER, name));
  } catch (error) {
    throw new Error(
      `${path.join(FOLDER, name)} cannot be read: the page's code is not built. Run npm run setup in the clone.`,
      { cause: error },
    );
  }
}

export const builtText = (name: string): string => builtFile(name).toString('utf8');
