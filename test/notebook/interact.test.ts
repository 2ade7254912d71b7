import { describe, expect, it } from 'vitest';
import { imageGrid } from '../../lib/charts/image-grid';
import { form } from '../../lib/notebook/form';
import { interact, type Draw } from '../../lib/notebook/interact';
import { table } from '../../lib/notebook/html-table';
import { Interrupted } from '../../lib/stop';
import { fakeNotebook } from '../support/notebook';

const wait = (ms = 5) => new Promise((resolve) => setTimeout(resolve, ms));
const settings = () => form({ scale: 1, prompt: 'a' }, { scale: { min: 0, max: 9 } });
type Values = { scale: number; prompt: string };

/** Of the form, the words below it and the picture: what they show now. */
const picture = (notebook: ReturnType<typeof fakeNotebook>) => notebook.shown()[2];
const words = (notebook: ReturnType<typeof fakeNotebook>) => notebook.shown()[1];
const shows = (scale: number) => expect.stringMatching(new RegExp(`scale +${scale}`)) as string;

describe('interact', () => {
  it('shows the form, draws at once, and draws again when a setting has changed', async () => {
    const notebook = fakeNotebook();
    const controls = settings();
    await interact(controls, (values) => table(values), { debounce: 1 });
    expect(notebook.shown()).toEqual([shows(1), '', shows(1)]);
    expect(notebook.sent[0]?.data['text/html']).toContain('data-sdm-live');
    notebook.cell = 7;
    controls.set('scale', 3);
    await wait(20);
    expect(picture(notebook)).toEqual(shows(3));
    expect(new Set(notebook.sent.map(({ cell }) => cell))).toEqual(new Set([1]));
  });

  it('draws once for many changes at once', async () => {
    fakeNotebook();
    const drawn: number[] = [];
    const controls = settings();
    const draw: Draw<Values> = (values) => {
      drawn.push(values.scale);
      return table(values);
    };
    await interact(controls, draw, { debounce: 20 });
    for (const scale of [2, 3, 4, 5]) controls.set('scale', scale);
    await wait(60);
    expect(drawn).toEqual([1, 5]);
  });

  it('gives up a drawing for a newer one, and runs one at a time', async () => {
    const notebook = fakeNotebook();
    const controls = settings();
    let running = 0;
    const given: boolean[] = [];
    const draw: Draw<Values> = async (values, signal) => {
      expect(++running).toBe(1);
      try {
        for (let step = 0; step < 20 && values.scale !== 1; step++) {
          await wait(2);
          signal.throwIfAborted();
        }
      } finally {
        running--;
        given.push(signal.aborted);
      }
      return table(values);
    };
    await interact(controls, draw, { debounce: 1 });
    for (const scale of [2, 3, 4]) {
      controls.set('scale', scale);
      await wait(15);
    }
    await wait(150);
    expect(given).toEqual([false, true, true, false]);
    expect(picture(notebook)).toEqual(shows(4));
    expect(words(notebook)).toBe('');
  });

  it('does not show an older drawing that took no notice of the change', async () => {
    const notebook = fakeNotebook();
    const controls = settings();
    const draw: Draw<Values> = async (values) => {
      await wait(values.scale === 2 ? 40 : 1);
      return table(values);
    };
    await interact(controls, draw, { debounce: 1 });
    controls.set('scale', 2);
    await wait(10);
    controls.set('scale', 3);
    const seen = new Set<string | undefined>();
    for (let i = 0; i < 20; i++) {
      await wait(5);
      seen.add(picture(notebook));
    }
    expect([...seen]).toEqual([shows(1), shows(3)]);
  });

  it('says what went wrong, and that it was stopped, and goes on with the next change', async () => {
    const notebook = fakeNotebook();
    const controls = settings();
    const draw: Draw<Values> = (values) => {
      if (values.scale === 2) throw new RangeError('scale <2>');
      if (values.scale === 3) throw new Interrupted();
      return table(values);
    };
    await interact(controls, draw, { debounce: 1 });
    controls.set('scale', 2);
    await wait(20);
    expect(words(notebook)).toBe('RangeError: scale <2>');
    expect(JSON.stringify(notebook.sent).includes('&lt;2&gt;')).toBe(true);
    controls.set('scale', 3);
    await wait(20);
    expect(words(notebook)).toBe('Stopped. Change a setting to draw.');
    controls.set('scale', 4);
    await wait(20);
    expect([words(notebook), picture(notebook)]).toEqual(['', shows(4)]);
  });

  it('throws what the first drawing throws, and refuses a debounce that is none', async () => {
    fakeNotebook();
    const broken = () => Promise.reject(new Error('no model'));
    await expect(interact(settings(), broken)).rejects.toThrow('no model');
    const bad = interact(settings(), (values) => table(values), { debounce: -1 });
    await expect(bad).rejects.toThrow('got -1');
  });

  it('shows the picture of a figure: a live plot would not be redrawn once it was pointed at', async () => {
    const notebook = fakeNotebook();
    const draw = ({ scale }: Values) =>
      imageGrid({ data: new Uint8Array(64), shape: [1, 8, 8, scale] });
    await interact(settings(), draw);
    const last = notebook.sent.at(-2)?.data ?? {};
    expect(Object.keys(last).sort()).toEqual(['image/png', 'text/plain']);
  });

  it('draws once outside a notebook', async () => {
    let drawn = 0;
    await interact(settings(), (values) => (drawn++, table(values)));
    expect(drawn).toBe(1);
  });
});
