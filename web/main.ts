/** The page: what is set, what is drawn, and what is told. */
import { EngineChoice, type Wanted } from './engine-choice';
import type { ModelFacts, Wish } from './messages';
import { Pad } from './pad';
import { findParts } from './parts';
import { asPng, Picture } from './pictures';
import { Pool } from './pool';
import {
  defaults,
  fromLink,
  MOST_AT_ONCE,
  readSettings,
  SEEDS,
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
  return Array.from({ length: count }, (_, i) => ({ ...same, prompt, seed: (seed + i) % SEEDS }));
}

class Page {
  private pictures: Picture[] = [];
  private readonly progress: Progress;

  constructor(
    private readonly facts: ModelFacts,
    private readonly pool: Pool,
    private readonly choice: EngineChoice,
  ) {
    this.progress = new Progress(byId<HTMLProgressElement>('bar'), status);
  }

  get isBusy(): boolean {
    return this.progress.isRunning;
  }

  draw(wishes: readonly Wish[]): void {
    const { facts, pool, choice } = this;
    const byPrompt = new Set(wishes.map(({ prompt }) => prompt)).size > 1;
    this.pictures = wishes.map(({ prompt, seed }) => {
      const caption = byPrompt ? prompt : `Seed ${seed}`;
      return new Picture(facts, `${prompt || 'No prompt'}, seed ${seed}`, caption);
    });
    byId('pictures').replaceChildren(...this.pictures.map(({ figure }) => figure));
    byId('pictures').classList.toggle('alone', wishes.length === 1);
    byId('after').hidden = true;
    this.setBusy(true);
    choice.pause();
    const engine = choice.for(wishes.length);
    const workers = pool.workersFor(wishes.length, engine);
    this.progress.start(wishes, workers, choice.timeOf(engine));
    const problems: string[] = [];
    const end = (picture: Picture, state: string) => {
      picture.tell(state);
      this.progress.ended(state === 'done');
      if (this.progress.isRunning) return;
      this.setBusy(false);
      choice.resume();
      byId('after').hidden = this.progress.finished === 0;
    };
    const tell = (text: string) => {
      problems.push(text);
      tellProblems(problems);
    };
    pool.draw(
      engine,
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
    input('engine').disabled = busy;
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
  const parts = await findParts(status);
  status('Starting the engine …');
  const pool: Pool = new Pool(
    parts,
    (text) => tellProblems([text]),
    (name, text) => {
      choice.lost(name, text);
      tellProblems([`${text} WebAssembly goes on.`]);
    },
  );
  const facts = await pool.open('wasm');
  const choice = new EngineChoice(pool, facts, (text) => (byId('computes').textContent = text));
  offer(facts);
  const page = new Page(facts, pool, choice);
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
  input('engine').onchange = () => choice.choose(input('engine').value as Wanted);
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
  choice.resume();
  document.body.dataset['ready'] = 'yes';
}

document.addEventListener('DOMContentLoaded', () => {
  start().catch((error: unknown) => {
    status('Nothing can be drawn.');
    tellProblems([textOf(error)]);
  });
});
