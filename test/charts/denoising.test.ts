import { describe, expect, it } from 'vitest';
import { denoisingAnimation } from '../../lib/charts/denoising';

const image = (value: number) => ({
  data: new Float32Array(64).fill(value),
  shape: [1, 8, 8, 1],
});
const frames = [999, 500, 0].map((timestep) => ({
  timestep,
  sample: image(timestep / 1000),
  predOriginalSample: image(0.5),
}));

describe('denoisingAnimation', () => {
  const figure = denoisingAnimation(frames);
  const images = figure.layout.images as { source: string }[];
  const [slider] = figure.layout.sliders as { active: number; steps: Step[] }[];
  interface Step {
    readonly label: string;
    readonly args: Record<string, string>[];
  }

  it('shows the last step large, and all of them in a strip', () => {
    expect(images).toHaveLength(2 + 2 * frames.length);
    expect(slider?.active).toBe(2);
    expect(images[0]?.source).toBe(slider?.steps[2]?.args[0]?.['images[0].source']);
  });

  it('changes both large images and their title with the slider', () => {
    expect(slider?.steps.map(({ label }) => label)).toEqual(['999', '500', '0']);
    const [change] = slider?.steps[0]?.args ?? [];
    expect(Object.keys(change ?? {})).toEqual([
      'images[0].source',
      'images[1].source',
      'annotations[0].text',
    ]);
    expect(change?.['images[0].source']).not.toBe(images[0]?.source);
    expect(change?.['annotations[0].text']).toBe('the image, t = 999');
  });

  it('is drawn without a browser too', async () => {
    const svg = await figure.toSvg();
    expect(svg.match(/<image/g)).toHaveLength(8);
  });

  it('wants a frame', () => {
    expect(() => denoisingAnimation([])).toThrow('at least one frame');
  });
});
