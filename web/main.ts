/** The page: what is set, what is drawn, and what is told. */
import { fetchModel, type ModelFileMap } from '../lib/web/model-files';
import { fromLetters, gunzip, split } from '../lib/web/archive';
import type { ModelFacts, Wish } from './messages';
import { Pad } from './pad';
import { asPng, Picture } from './pictures';
import { Pool } from './pool';
import {
  defaults,
  fromLink,
  MOST_AT_ONCE,
  readSettings,
  toLink,
  type Pictures,
  type Settings,
} from './settings';
import { Progress } from './progress';

function byId<E extends HTMLElement>(id: string): E {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page has no ${id}.`);
  return element as E;
}
const input = (id: string) => byId<HTMLInputElement>(id);
const button = (id: string) => byId<HTMLButtonElement>(id);
const FIELDS = ['prompt', 'seed', 'steps', 'sampler', 'guidance'] as const;
const STARTERS = ['one', 'nine', 'all', 'finish'];

const status = (text: string) => (byId('status').textContent = text);
const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

function tellProblems(problems: readonly string[]): void {
  const items = [...new Set(problems)].map((text) => {
    const item = document.createElement('li');
    item.textContent = text;
    return item;
  });
  byId('problems').replaceChildren(...items);
}

interface Parts {
  readonly engine: Uint8Array<ArrayBuffer>;
  readonly model: ModelFileMap;
  readonly startWorker: () => Worker;
}

/** What the page holds itself, or finds beside it. */
async function findParts(): Promise<Parts> {
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
    status(`Loading the model: ${(loaded / 1e6).toFixed(1)} MB${percent} …`);
  };
  try {
    const [engine, model] = await Promise.all([
      fetchEngine(signal),
      fetchModel('model', { onProgress, signal }),
    ]);
    return { engine, model, startWorker: () => new Worker('worker.js') };
  } catch (error) {
    stop.abort();
    throw error;
  }
}

async function fetchEngine(signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch('engine.wasm', { signal });
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  throw new Error(`engine.wasm: expected a file, the server answered ${response.status}.`);
}

async function partsOf(held: HTMLElement): Promise<Parts> {
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
  const { 'engine.wasm': engine, 'worker.js': code, ...model } = files;
  if (!engine || !code) throw new Error('This page is not whole: make it anew with npm run web.');
  const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
  return { engine, model, startWorker: () => new Worker(url) };
}

/** Puts settings into the form. */
function show(settings: Settings): void {
  for (const name of FIELDS) input(name).value = String(settings[name]);
  showNumbers();
}

function showNumbers(): void {
  for (const name of ['guidance', 'strength']) {
    byId(`${name}-value`).textContent = input(name).value;
  }
}

/** What the form asks for; problems are told. @returns null if something does not fit */
function asked(facts: ModelFacts, pictures: Pictures): Settings | null {
  const texts = Object.fromEntries(FIELDS.map((name) => [name, input(name).value]));
  const { settings, problems } = readSettings({ ...texts, pictures }, facts, defaults(facts));
  tellProblems(problems);
  for (const name of FIELDS) {
    input(name).setAttribute(
      'aria-invalid',
      String(problems.some((text) => text.startsWith(`${name}:`))),
    );
  }
  return problems.length > 0 ? null : settings;
}

/** The pictures that settings stand for: each with its own prompt or seed, so that each can be drawn alone, too. */
function wishesOf(settings: Settings, { captions }: ModelFacts): Wish[] {
  const { pictures, prompt, seed, steps, sampler, guidance } = settings;
  const same = { steps, sampler, guidance };
  if (pictures === 'all') return captions.map((text) => ({ ...same, prompt: text, seed }));
  const count = pictures === 'nine' ? 9 : 1;
  return Array.from({ length: count }, (_, i) => ({ ...same, prompt, seed: seed + i }));
}

class Page {
  private pictures: Picture[] = [];
  private readonly progress: Progress;

  constructor(
    private readonly facts: ModelFacts,
    private readonly pool: Pool,
  ) {
    this.progress = new Progress(facts, byId<HTMLProgressElement>('bar'), status);
  }

  get isBusy(): boolean {
    return this.progress.isRunning;
  }

  draw(wishes: readonly Wish[]): void {
    const { facts, pool } = this;
    const byPrompt = new Set(wishes.map(({ prompt }) => prompt)).size > 1;
    this.pictures = wishes.map(({ prompt, seed }) => {
      const caption = byPrompt ? prompt : `Seed ${seed}`;
      return new Picture(facts, `${prompt || 'No prompt'}, seed ${seed}`, caption);
    });
    byId('pictures').replaceChildren(...this.pictures.map(({ figure }) => figure));
    byId('pictures').classList.toggle('alone', wishes.length === 1);
    byId('after').hidden = true;
    this.setBusy(true);
    this.progress.start(wishes, pool.workersFor(wishes.length));
    const problems: string[] = [];
    const end = (picture: Picture, state: string) => {
      picture.tell(state);
      this.progress.ended(state === 'done');
      if (this.progress.isRunning) return;
      this.setBusy(false);
      byId('after').hidden = this.progress.finished === 0;
    };
    const tell = (text: string) => {
      problems.push(text);
      tellProblems(problems);
    };
    pool.draw(
      wishes.map((wish, i) => {
        const picture = this.pictures[i]!;
        return [
          wish,
          {
            step: ({ step, steps, sample, expected }) => {
              picture.paint(input('view').value === 'expected' ? expected : sample);
              picture.tell(`step ${step} of ${steps}`);
              this.progress.stepped(steps);
            },
            done: (pixels) => {
              picture.paint(pixels);
              end(picture, 'done');
            },
            stopped: () => end(picture, 'stopped'),
            note: tell,
            failed: (text) => {
              tell(text);
              end(picture, 'failed');
            },
          },
        ] as const;
      }),
    );
  }

  async save(): Promise<void> {
    const blob = await asPng(this.pictures.map(({ canvas }) => canvas));
    if (!blob) return tellProblems(['The browser made no PNG of the picture. Try fewer pictures.']);
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = 'picture.png';
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  private setBusy(busy: boolean): void {
    const hadFocus = document.activeElement;
    for (const id of STARTERS) button(id).disabled = busy;
    button('stop').disabled = !busy;
    // A button that is switched off loses the focus: keyboard users go on with the one that takes its place.
    if (busy && hadFocus && STARTERS.includes(hadFocus.id)) button('stop').focus();
    if (!busy && (hadFocus?.id === 'stop' || document.activeElement === document.body)) {
      button('one').focus();
    }
  }
}

function offer(facts: ModelFacts): void {
  const option = (value: string) => {
    const element = document.createElement('option');
    element.value = element.textContent = value;
    return element;
  };
  byId('captions').replaceChildren(...facts.captions.map(option));
  byId('sampler').replaceChildren(...facts.samplers.map(option));
  const { length } = facts.captions;
  button('all').hidden = length < 2 || length > MOST_AT_ONCE;
  button('all').textContent = `All ${length} captions`;
  byId('ink-label').hidden = facts.channels < 3;
}

function remember(settings: Settings): void {
  const link = toLink(settings);
  byId<HTMLAnchorElement>('link').href = link;
  try {
    history.replaceState(null, '', link);
  } catch {
    // In a frame without an address of its own, such as a notebook's, the link would lead nowhere.
    byId('link').hidden = true;
  }
}

async function start(): Promise<void> {
  const { engine, model, startWorker } = await findParts();
  status('Starting the engine …');
  const pool = new Pool(startWorker, engine, model, (text) => tellProblems([text]));
  const facts = await pool.open();
  offer(facts);
  const page = new Page(facts, pool);
  const linked = () => {
    const { settings, problems } = readSettings(fromLink(location.hash), facts, defaults(facts));
    show(settings);
    tellProblems(problems);
    return settings;
  };
  linked();
  addEventListener('hashchange', linked);

  const pad = new Pad(byId('pad'), () => (facts.channels < 3 ? '#fff' : input('ink').value));
  pad.open(facts);
  const draw = (pictures: Pictures, extra: Partial<Wish> = {}) => {
    if (page.isBusy) return;
    const settings = asked(facts, pictures);
    if (!settings) return;
    remember(settings);
    page.draw(wishesOf(settings, facts).map((wish) => ({ ...wish, ...extra })));
  };
  byId<HTMLFormElement>('form').onsubmit = (event) => {
    event.preventDefault();
    draw((event.submitter?.id ?? 'one') as Pictures);
  };
  button('stop').onclick = () => pool.stop();
  button('save').onclick = () => void page.save();
  button('clear').onclick = () => pad.clear();
  button('finish').onclick = () => {
    if (pad.isEmpty) return tellProblems(['The pad is empty: draw on it first.']);
    const strength = Number(input('strength').value);
    draw('nine', { scribble: { pixels: pad.pixels(facts), strength } });
  };
  for (const name of ['guidance', 'strength']) input(name).oninput = showNumbers;
  for (const id of STARTERS) button(id).disabled = false;
  status(`Ready. A step of one picture takes about ${Math.round(facts.millisecondsPerStep)} ms.`);
  document.body.dataset['ready'] = 'yes';
}

document.addEventListener('DOMContentLoaded', () => {
  start().catch((error: unknown) => {
    status('Nothing can be drawn.');
    tellProblems([textOf(error)]);
  });
});
