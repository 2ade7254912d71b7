/**
 * A form for settings, without widgets: plain inputs in HTML. In a trusted notebook a short script sends each
 * change to the kernel over Jupyter's own channel, as a silent cell; elsewhere the form only shows.
 */

import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import type { MimeBundle } from './display-handle';
import { escapeHtml } from './escape';
import { table } from './html-table';

/** How a number is set; without it, by typing. */
export interface SliderRange {
  readonly min: number;
  readonly max: number;
  readonly step?: number;
}

/** For each setting that has a slider (a range) or a choice (a list). */
export type FormControls<T> = {
  readonly [K in keyof T]?: SliderRange | readonly T[K][];
};

type Value = string | number | boolean;
const FORMS = Symbol.for('sdm.forms');

function registry(): Map<string, (name: string, value: unknown) => void> {
  const globals = globalThis as { [FORMS]?: Map<string, (name: string, value: unknown) => void> };
  return (globals[FORMS] ??= new Map<string, (name: string, value: unknown) => void>());
}

/** The settings' values, which change as the form is used; end a cell with it to show the form. */
export class Form<T extends Readonly<Record<string, Value>>> {
  readonly id = randomUUID();
  readonly #values: { -readonly [K in keyof T]: T[K] };
  readonly #controls: FormControls<T>;

  /** @throws if a control is of no setting, a range is empty, or a value is outside its control */
  constructor(values: T, controls: FormControls<T> = {}) {
    this.#values = { ...values };
    this.#controls = controls;
    const problems = Object.keys(controls)
      .filter((name) => !(name in values))
      .map((name) => `${name}: expected a control of ${Object.keys(values).join(', ')}`);
    for (const [name, value] of Object.entries(values)) {
      const problem = this.#problem(name, value);
      if (problem) problems.push(problem);
    }
    if (problems.length) throw new RangeError(`Form: ${problems.join('; ')}.`);
    registry().set(this.id, (name, value) => this.set(name, value as T[string]));
  }

  /** A copy of the present values. */
  get values(): T {
    return { ...this.#values } as T;
  }

  /** Sets one value, as the page does. @throws RangeError or TypeError if it is not allowed */
  set<K extends keyof T & string>(name: K, value: T[K]): void {
    const problem = name in this.#values ? this.#problem(name, value) : `${name}: no such setting`;
    if (problem) throw new RangeError(`Form: ${problem}.`);
    this.#values[name] = value;
  }

  #problem(name: string, value: Value): string | undefined {
    const present = (this.#values as Record<string, Value>)[name];
    if (typeof value !== typeof present || Number.isNaN(value)) {
      return `${name}: expected a ${typeof present}, got ${String(value)}`;
    }
    const control = this.#controls[name];
    if (Array.isArray(control)) {
      if ((control as readonly Value[]).includes(value)) return undefined;
      return `${name}: expected one of ${control.join(', ')}, got ${String(value)}`;
    }
    if (control === undefined) return undefined;
    const { min, max } = control as SliderRange;
    if (typeof value === 'number' && value >= min && value <= max) return undefined;
    return `${name}: expected a number from ${min} to ${max}, got ${String(value)}`;
  }

  #input(name: string, value: Value): string {
    const control = this.#controls[name];
    const label = `aria-label="${escapeHtml(name)}" data-name="${escapeHtml(name)}" disabled`;
    const text = escapeHtml(String(value));
    if (Array.isArray(control)) {
      const options = (control as readonly Value[]).map((choice) => {
        const chosen = choice === value ? ' selected' : '';
        return `<option${chosen}>${escapeHtml(String(choice))}</option>`;
      });
      return `<select ${label}>${options.join('')}</select>`;
    }
    if (typeof value === 'boolean') {
      return `<input type="checkbox" ${label}${value ? ' checked' : ''}>`;
    }
    if (control) {
      const { min, max, step = (max - min) / 100 } = control as SliderRange;
      return `<input type="range" min="${min}" max="${max}" step="${step}" value="${text}" ${label}> <output>${text}</output>`;
    }
    const type = typeof value === 'number' ? 'number" step="any' : 'text';
    return `<input type="${type}" value="${text}" ${label}>`;
  }

  toHtml(): string {
    const rows = Object.entries(this.#values as Record<string, Value>).map(
      ([name, value]) =>
        `<tr><td style="text-align:left">${escapeHtml(name)}</td>` +
        `<td style="text-align:left">${this.#input(name, value)}</td></tr>`,
    );
    const types = Object.fromEntries(
      Object.entries(this.#values).map(([name, value]) => [name, typeof value]),
    );
    return (
      `<div id="form-${this.id}"><table>${rows.join('')}</table><small></small></div>` +
      `<script>(${page.toString()})(${JSON.stringify(this.id)}, ${JSON.stringify(types)})</script>`
    );
  }

  toString(): string {
    return table(this.#values).toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }

  [Symbol.for('Jupyter.display')](): MimeBundle {
    return { 'text/html': this.toHtml(), 'text/plain': this.toString() };
  }
}

/** A form of settings: `const settings = form({ guidance: 8 }, { guidance: { min: 0, max: 20 } })`. */
export function form<T extends Readonly<Record<string, Value>>>(
  values: T,
  controls?: FormControls<T>,
): Form<T> {
  return new Form(values, controls);
}

/** The parts of the browser's page that the script uses: lib is compiled without the DOM's types. */
interface Input {
  disabled: boolean;
  checked: boolean;
  value: string;
  readonly type: string;
  readonly dataset: { readonly name: string };
  readonly nextElementSibling: { textContent: string } | null;
  addEventListener(type: string, listener: () => void): void;
}

/**
 * Runs in the page, as text: it may use nothing from around it. Asks which kernel this notebook has, and
 * sends each change there.
 */
function page(id: string, types: Record<string, string>): void {
  const { document, location, fetch, WebSocket } = globalThis as unknown as {
    document: {
      getElementById: (id: string) => {
        textContent: string;
        querySelectorAll(selector: string): Iterable<Input>;
        querySelector(selector: string): { textContent: string };
      } | null;
      querySelector(selector: string): { getAttribute(name: string): string | null } | null;
    };
    location: { origin: string };
    fetch: (url: string) => Promise<{ json(): Promise<unknown> }>;
    WebSocket: new (url: string) => {
      onopen: () => void;
      send(text: string): void;
    };
  };
  const root = document.getElementById(`form-${id}`);
  const settings = document.getElementById('jupyter-config-data');
  if (!root || !settings) return; // an exported page: the values are shown, no more
  const { baseUrl, token } = JSON.parse(settings.textContent) as { baseUrl: string; token: string };
  const query = token ? `?token=${encodeURIComponent(token)}` : '';
  const say = (text: string) => (root.querySelector('small').textContent = text);
  interface Session {
    readonly path: string;
    readonly kernel: { readonly id: string };
  }
  let socket: InstanceType<typeof WebSocket> | undefined;
  const send = (code: string) => {
    const header = {
      msg_id: `${Date.now()}-${id}`,
      msg_type: 'execute_request',
      session: id,
      username: '',
      version: '5.3',
      date: new Date().toISOString(),
    };
    const content = {
      code,
      silent: true,
      store_history: false,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: false,
    };
    socket?.send(
      JSON.stringify({
        channel: 'shell',
        header,
        parent_header: {},
        metadata: {},
        content,
        buffers: [],
      }),
    );
  };
  void (async () => {
    const sessions = (await (await fetch(`${baseUrl}api/sessions${query}`)).json()) as Session[];
    const tab = document.querySelector('#jp-main-dock-panel .lm-TabBar-tab.jp-mod-current');
    const title = tab?.getAttribute('title') ?? '';
    const own = sessions.find(({ path }) => title.includes(path)) ?? sessions[0];
    if (!own) return;
    const address = `${location.origin.replace(/^http/, 'ws')}${baseUrl}api/kernels/${own.kernel.id}/channels`;
    socket = new WebSocket(address + query);
    socket.onopen = () => {
      for (const input of root.querySelectorAll('input, select')) {
        input.disabled = false;
        input.addEventListener('input', () => {
          const { name } = input.dataset;
          const raw = input.type === 'checkbox' ? input.checked : input.value;
          const value =
            types[name] === 'number'
              ? Number(raw)
              : types[name] === 'boolean'
                ? raw === true || raw === 'true'
                : raw;
          if (input.type === 'range' && input.nextElementSibling)
            input.nextElementSibling.textContent = String(value);
          const change = JSON.stringify([name, value]);
          send(
            `(globalThis as any)[Symbol.for('sdm.forms')].get(${JSON.stringify(id)})(...${change})`,
          );
          say(`${name} is set; run the cells below to use it.`);
        });
      }
    };
  })();
}
