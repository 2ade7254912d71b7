/** Draws by a real browser, where there is one, what needs WebGL: Chromium without a window, once for each figure. */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DrawingOrder } from './drawing-thread';
import { DrawingError, limited, type Drawn } from './limits';
import { plotlyFile } from './page';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/** The browser's path: the one named in SDM_CHROMIUM, else the first on the PATH, else undefined. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean);
  const files = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [env.SDM_CHROMIUM ?? '', ...files].find((file) => file && existsSync(file));
}

const flags = (profile: string) => [
  '--headless=new',
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), // Chromium refuses to start as root with one
  ...['--use-angle=swiftshader', '--enable-unsafe-swiftshader'], // WebGL without a graphics card
  '--host-resolver-rules=MAP * ~NOTFOUND', // nothing is fetched
  ...['--no-first-run', '--disable-background-networking', '--disable-component-update'],
  `--user-data-dir=${profile}`,
  '--virtual-time-budget=60000', // until plotly is done: time jumps while nothing happens
  '--dump-dom',
];

/** Its only script of its own puts plotly's answer into the title, which is text, whatever is in the figure. */
function pageOf(message: DrawingOrder, format: 'png' | 'svg', scale: number): string {
  const { spec, width, height } = message;
  const json = JSON.stringify(spec).replace(/</g, '\\u003c');
  const options = JSON.stringify({ format, width, height, scale });
  return `<!doctype html><meta charset="utf-8"><title></title><body><pre id="answer"></pre>
<script src="${pathToFileURL(plotlyFile()).href}"></script>
<script>
const say = (kind, text) => {
  document.getElementById('answer').textContent = 'answer ' + kind + ' ' + encodeURIComponent(text) + ' end';
};
addEventListener('error', ({ message }) => say('problem', message));
Plotly.toImage(${json}, ${options}).then(
  (url) => say('picture', url),
  (error) => say('problem', String(error?.message ?? error)),
);
</script>`;
}

/** What the browser prints: the page as it is in the end. */
function print(browser: string, folder: string, file: string, signal: AbortSignal) {
  return new Promise<string>((resolve, reject) => {
    const child = spawn(browser, [...flags(join(folder, 'profile')), pathToFileURL(file).href], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true, // a group of its own, which ends with it
    });
    const end = () => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    };
    signal.addEventListener('abort', end, { once: true });
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
    child.once('error', reject);
    child.once('close', () => {
      signal.removeEventListener('abort', end);
      resolve(printed);
    });
  });
}

/**
 * Draws a figure in Chromium.
 *
 * @param format what plotly makes: a PNG file or SVG text, in which what WebGL has drawn is a picture
 * @param scale pixels for one CSS pixel
 * @throws DrawingError if plotly refuses the figure, the browser fails or the limit is over; Interrupted if Stop ended it
 */
export async function drawInChromium(
  browser: string,
  message: DrawingOrder,
  { format, scale = 1, limit }: { format: 'png' | 'svg'; scale?: number; limit?: number },
): Promise<Drawn<Buffer>> {
  const folder = await mkdtemp(join(tmpdir(), 'sdm-figure-'));
  try {
    const file = join(folder, 'figure.html');
    await writeFile(file, pageOf(message, format, scale));
    const { result, stopped } = await limited(
      (signal) => print(browser, folder, file, signal),
      limit,
    );
    const [, kind, text = ''] = /answer (picture|problem) (\S*) end/.exec(result) ?? [];
    const answer = decodeURIComponent(text);
    if (kind !== 'picture') {
      throw new DrawingError(answer || `${browser} gave no picture`);
    }
    const [head = '', body = ''] = answer.split(/,(.*)/s);
    const base64 = head.endsWith(';base64');
    return {
      result: Buffer.from(base64 ? body : decodeURIComponent(body), base64 ? 'base64' : 'utf8'),
      stopped,
    };
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
