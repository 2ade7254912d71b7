/**
 * A form for settings, without widgets: plain inputs in HTML, and no script. The project's extension of JupyterLab
 * (labextension/forms.js) brings them to life and sends each change to the kernel; elsewhere the form only shows.
 */

import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import type { MimeBundle } from '../figure/display-handle';
import { extentOf } from '../figure/extent';
import { escapeHtml, LONGEST_TEXT, NO_MATH, shortened } from '../figure/escape';
import { formRegistry, ONLY_SHOWN } from './form-registry';
import { table } from './html-table';
import { requireRecord, shown } from '../options';

/** A slider for a number; a number without one is typed. */
export interface SliderRange {
  readonly min: number;
  readonly max: number;
  /** Default: a hundredth of the range. */
  readonly step?: number;
}

/** For each setting that has a slider (a range) or a choice (a list). */
export type FormControls<T> = {
  readonly [K in keyof T]?: SliderRange | readonly T[K][];
};

/** A setting of a form. */
export type FormValue = string | number | boolean;

/** A text that is too long to be shown whole would come back from the form cut short. */
function tooLong(name: string, value: FormValue, control: unknown): string | undefined {
  const choices: unknown[] = Array.isArray(control) ? control : [];
  const lengths = [name, value, ...choices].map((text) => String(text).length);
  const longest = extentOf(lengths).high;
  if (longest <= LONGEST_TEXT) return undefined;
  return `${shortened(name, 50)}: expected texts of at most ${LONGEST_TEXT} characters, got ${longest}`;
}

/** The settings' values, which change as the form is used; end a cell with it to show the form. */
export class Form<T extends Readonly<Record<string, FormValue>>> {
  readonly id = randomUUID();
  readonly #values: { -readonly [K in keyof T]: T[K] };
  readonly #controls: FormControls<T>;
  readonly #listeners = new Set<(values: T) => void>();

  /** @throws if a control is of no setting, a range is empty, a value is outside its control, or a text is too long */
  constructor(values: T, controls: FormControls<T> = {}) {
    requireRecord('form', values, 'settings by name, such as { guidance: 8 }');
    requireRecord('form', controls, 'controls by name, such as { guidance: { min: 0, max: 20 } }');
    const odd = Object.entries(values).find(
      ([, value]) => !['string', 'number', 'boolean'].includes(typeof value),
    );
    if (odd)
      throw new TypeError(
        `form: expected ${odd[0]} as a text, a number or true or false, got ${shown(odd[1])}.`,
      );
    this.#values = { ...values };
    this.#controls = controls;
    const problems = Object.entries(controls)
      .filter(([name, control]) => control !== undefined && !Object.hasOwn(values, name))
      .map(([name]) => `${name}: expected a control of ${Object.keys(values).join(', ')}`);
    for (const [name, value] of Object.entries(values)) {
      const problem = tooLong(name, value, controls[name]) ?? this.#problem(name, value);
      if (problem) problems.push(problem);
    }
    if (problems.length) throw new RangeError(`Form: ${shortened(problems.join('; '))}.`);
    formRegistry().set(this.id, (name, value) => this.set(name, value as T[string]));
  }

  /** A copy of the present values. */
  get values(): T {
    return { ...this.#values } as T;
  }

  /** Sets one value, as the page does. @throws RangeError or TypeError if it is not allowed */
  set<K extends keyof T & string>(name: K, value: T[K]): void {
    const problem = Object.hasOwn(this.#values, name)
      ? this.#problem(name, value)
      : `${name}: no such setting`;
    if (problem) throw new RangeError(`Form: ${shortened(problem)}.`);
    this.#values[name] = value;
    for (const listener of this.#listeners) listener(this.values);
  }

  /** Is told of each change from now on. @returns a function that ends it */
  onChange(listener: (values: T) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #problem(name: string, value: FormValue): string | undefined {
    const present = (this.#values as Record<string, FormValue>)[name];
    if (typeof value !== typeof present || Number.isNaN(value)) {
      return `${name}: expected a ${typeof present}, got ${String(value)}`;
    }
    const control = this.#controls[name];
    if (Array.isArray(control)) {
      if ((control as readonly FormValue[]).includes(value)) return undefined;
      return `${name}: expected one of ${control.join(', ')}, got ${String(value)}`;
    }
    if (control === undefined) return undefined;
    const { min, max } = control as SliderRange;
    if (typeof value === 'number' && value >= min && value <= max) return undefined;
    return `${name}: expected a number from ${min} to ${max}, got ${String(value)}`;
  }

  #input(name: string, value: FormValue): string {
    const control = this.#controls[name];
    // Without the second one JupyterLab takes the arrow keys for its own: it would leave the cell.
    const label =
      `aria-label="${escapeHtml(name)}" data-lm-suppress-shortcuts="true" ` +
      `data-name="${escapeHtml(name)}" data-type="${typeof value}" disabled`;
    const text = escapeHtml(String(value));
    if (Array.isArray(control)) {
      const options = (control as readonly FormValue[]).map((choice) => {
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
    const rows = Object.entries(this.#values as Record<string, FormValue>).map(
      ([name, value]) =>
        `<tr><td style="text-align:left">${escapeHtml(name)}</td>` +
        `<td style="text-align:left">${this.#input(name, value)}</td></tr>`,
    );
    // Its answer to a change is what it draws, not that the cells below are to be run.
    const live = this.#listeners.size ? ' data-sdm-live' : '';
    return (
      `<div data-sdm-form="${this.id}"${live} class="${NO_MATH}"><table>${rows.join('')}</table>` +
      `<small>${ONLY_SHOWN}</small></div>`
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
export function form<T extends Readonly<Record<string, FormValue>>>(
  values: T,
  controls?: FormControls<T>,
): Form<T> {
  return new Form(values, controls);
}
