import { describe, expect, it } from 'vitest';
import { trainingView } from '../../lib/notebook/training-view';
import { fakeNotebook } from '../support/notebook';

const steps = Array.from({ length: 20 }, (_, i) => ({
  step: i + 1,
  loss: 1 / (i + 1),
  learningRate: 1e-3,
  seconds: 0.5,
}));
const images = { data: new Float32Array(2 * 64), shape: [2, 8, 8, 1] };

describe('trainingView', () => {
  it('shows loss, learning rate, speed, memory and tensors of all steps so far', () => {
    let known = 10;
    let bytes = 1e9;
    const memory = () => ({ bytes: (bytes += 1e9), tensors: 7 });
    const view = trainingView(() => steps.slice(0, known), { memory, smoothing: 0 });
    view.figure();
    known = 20;
    const { data } = view.figure();
    const trace = (name: string) => data.find((candidate) => candidate.name === name);
    expect(trace('loss')?.x).toEqual(steps.map(({ step }) => step));
    expect(trace('loss, smoothed (0)')?.y).toEqual(trace('loss')?.y);
    expect(new Set(trace('learning rate')?.y as number[])).toEqual(new Set([1e-3]));
    (trace('steps a second')?.y as number[]).forEach((speed) => expect(speed).toBeCloseTo(2));
    expect(trace('memory (GB)')).toMatchObject({ x: [10, 20], y: [2, 3] });
    expect(trace('tensors')?.y).toEqual([7, 7]);
  });

  it('grows with the samples, up to eight rows, the first and the last among them', () => {
    const view = trainingView(() => steps);
    const plain = view.figure().height;
    view.addSamples(0, images);
    const once = view.figure();
    expect(once.height).toBeGreaterThan(plain);
    for (let step = 1; step <= 20; step++) view.addSamples(step, images);
    const { layout, alt } = view.figure();
    expect(layout.images).toHaveLength(8);
    const labels = (layout.annotations as { text: string }[]).map(({ text }) => text);
    expect([labels[0], labels.at(-1)]).toEqual(['step 0', 'step 20']);
    expect(alt).toContain('20 steps');
  });

  it('keeps one output, with the live plot in the last state only', async () => {
    const notebook = fakeNotebook();
    const view = trainingView(() => steps);
    view.update();
    await view.close();
    expect(new Set(notebook.sent.map(({ displayId }) => displayId)).size).toBe(1);
    const live = notebook.sent.map(({ data }) => 'application/vnd.plotly.v1+json' in data);
    expect(live).toEqual([false, true]);
  });

  it('can be drawn before the first step', async () => {
    const png = await trainingView(() => [])
      .figure()
      .toPng();
    expect(png.subarray(1, 4).toString()).toBe('PNG');
  });
});
