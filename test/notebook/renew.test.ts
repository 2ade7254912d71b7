import { describe, expect, it } from 'vitest';
import * as sd from '../../lib/notebook';

const made = (log: string[], name: string) => ({ dispose: () => log.push(name) });

describe('renew', () => {
  it('frees what the cell made before, once', () => {
    const log: string[] = [];
    for (const run of ['first', 'second', 'third']) sd.renew('one', made(log, run));
    expect(log).toEqual(['first', 'second']);
  });

  it('frees the parts of a record or an array that own something', () => {
    const log: string[] = [];
    sd.renew('record', { model: made(log, 'model'), tokenizer: {}, name: 'a' });
    sd.renew('record', [made(log, 'in the list'), 1, null]);
    sd.renew('record', {});
    expect(log).toEqual(['model', 'in the list']);
  });

  it('leaves a value that is set again, and those of other names', () => {
    const log: string[] = [];
    const value = sd.renew('same', made(log, 'same'));
    expect(sd.renew('same', value)).toBe(value);
    sd.renew('another', made(log, 'another'));
    expect(log).toEqual([]);
  });

  it('lets a model be made any number of times', () => {
    const tensors = () => {
      const init = new sd.Generator(1).stream('init');
      const config = { ...sd.BLOG_UNET_CONFIG, block_out_channels: [32, 32, 32, 32] };
      sd.renew('unet', new sd.UNet2DConditionModel(config, init));
      return sd.tf.memory().numTensors;
    };
    const once = tensors();
    expect([tensors(), tensors()]).toEqual([once, once]);
    sd.renew('unet', {});
  });

  it('refuses what owns nothing', () => {
    expect(() => sd.renew('number', 3 as unknown as object)).toThrow(/'number'.* got number/);
  });
});
