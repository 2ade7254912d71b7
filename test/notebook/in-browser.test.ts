import { describe, expect, it } from 'vitest';
import { noteCaptions } from '../../lib/conditioning/learnt-captions';
import { inBrowser } from '../../lib/notebook/in-browser';
import { tf } from '../../lib/backend';
import { fakeNotebook } from '../support/notebook';
import { tinyParts } from '../support/tiny-model';
import '../../lib/figure/save-images';
import '../support/matchers';

const shortly = { numInferenceSteps: 2 };

describe('inBrowser', () => {
  it('shows a picture, a sentence with the size, and the page in a sandbox', async () => {
    const parts = tinyParts();
    noteCaptions(parts.unet, ['a <b>', 'c']);
    const notebook = fakeNotebook();
    const before = tf.memory().numTensors;
    await inBrowser(parts, { ...shortly, height: 500 });
    expect(tf.memory().numTensors).toBe(before);
    const [picture, words, frame] = notebook.sent;
    expect(notebook.sent.length).toBe(3);
    expect(picture!.data['image/png']).toMatch(/^iVBORw0KGgo/);
    expect(picture!.metadata['image/png']).toEqual({ alt: 'What the model draws, for 2 captions' });
    const bytes = frame!.metadata['sdm_page'] as number;
    expect(words!.data['text/html']).toContain(
      `is ${(bytes / 1e6).toFixed(1)} MB with int8 weights.`,
    );
    // What is not trusted has this alone: no script, no frame.
    expect(words!.data['text/html']).not.toMatch(/<(script|iframe)/);
    const html = frame!.data['text/html'] as string;
    expect(html).toMatch(/^<iframe [^>]* sandbox="allow-scripts allow-forms allow-downloads" style="[^"]*height:500px/); // prettier-ignore
    const [, source] = /srcdoc="([^"]*)"><\/iframe>$/.exec(html)!;
    expect(source).toMatch(/^&lt;!doctype html&gt;/);
    expect(source).toContain('default-src &#39;none&#39;');
  });

  it('refuses options that there are not, and models that a page cannot draw with, before it shows anything', async () => {
    const parts = tinyParts();
    const notebook = fakeNotebook();
    await expect(inBrowser(parts, { hight: 3, height: 0 } as object)).rejects.toThrow(
      /^inBrowser: hight: unknown option \(known: weights, height, numInferenceSteps\); height: expected an integer of 1/,
    );
    await expect(inBrowser({ ...parts, unet: undefined } as never)).rejects.toThrow(
      /^inBrowser: expected a TextToImagePipeline, got none of unet/,
    );
    expect(notebook.sent).toEqual([]);
  });
});
