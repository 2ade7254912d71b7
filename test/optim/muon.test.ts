import { afterEach, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { jit } from '../../lib/jit';
import { fromHost, toHost } from '../../lib/nn/state-dict';
import { AdamW } from '../../lib/optim/adamw';
import { Muon, type MuonOptions } from '../../lib/optim/muon';
import { isHiddenMatrix, MuonWithAuxAdam } from '../../lib/optim/muon-with-aux-adam';
import { loadGolden } from '../support/golden';

const golden = loadGolden('muon');
const FORMS = ['wide', 'tall', 'square', 'conv'];
const RUNS: [string, MuonOptions][] = [
  ['default', { lr: 0.02 }],
  ['adamw', { lr: 3e-3, weightDecay: 0.01, adjustLrFn: 'match_rms_adamw' }],
  ['plain', { lr: 0.02, nesterov: false, momentum: 0.9, nsSteps: 3 }],
];

const owned: { dispose(): void }[] = [];
afterEach(() => owned.splice(0).forEach((thing) => thing.dispose()));

const value = (name: string) => {
  const { shape, data } = golden.get(name)!;
  return fromHost({ shape, data: data as Float32Array });
};

/** The reference's parameters at their start, by form. */
function start(): Map<string, tf.Variable> {
  const parameters = new Map(
    FORMS.map((form) => [form, tf.tidy(() => tf.variable(value(`in.${form}`), false))]),
  );
  owned.push(...parameters.values());
  return parameters;
}

const gradients = (step: number) =>
  Object.fromEntries(FORMS.map((form) => [form, value(`in.grad.${step}.${form}`)]));

describe.each(RUNS)('%s', (run, options) => {
  it.each(['as called', 'in a graph'])("moves as torch's for 10 steps, %s", (how) => {
    const parameters = start();
    const muon = new Muon(parameters, options);
    const move = (grads: Record<string, tf.Tensor>, lr: tf.Scalar, gradScale: tf.Scalar) =>
      muon.step(grads, { lr, gradScale });
    const step = how === 'in a graph' ? jit(move) : move;
    for (let i = 0; i < 10; i++) {
      tf.tidy(() => {
        const quarters = gradients(i);
        for (const form of FORMS) quarters[form] = tf.mul(quarters[form]!, 4);
        step(quarters, tf.scalar(muon.lr), tf.scalar(0.25));
      });
      for (const form of FORMS) {
        const expected = golden.get(`out.float32.${run}.${i + 1}.${form}`);
        if (!expected) continue;
        const { shape, data } = toHost(parameters.get(form)!);
        expect(shape).toEqual(expected.shape);
        expect(data, `step ${i + 1}, ${form}`).toBeCloseToMax(expected.data, 5e-6);
        // torch's own, whose iteration is in bfloat16: the iteration makes its rounding larger
        const rounded = golden.get(`out.bfloat16.${run}.${i + 1}.${form}`)!.data;
        const moved = Math.max(...data.map((x, j) => Math.abs(x - golden.get(`in.${form}`)!.data[j]!))); // prettier-ignore
        const off = Math.max(...data.map((x, j) => Math.abs(x - rounded[j]!)));
        expect(off / moved, `bfloat16, step ${i + 1}, ${form}`).toBeLessThan(0.06);
      }
    }
    const state = muon.stateDict();
    for (const form of FORMS) {
      const expected = golden.get(`momentum_buffer.${run}.${form}`)!.data;
      expect(state.get(`momentum_buffer.${form}`)!.data).toBeCloseToMax(expected, 1e-6);
    }
    muon.dispose();
    if ('dispose' in step) (step as { dispose(): void }).dispose();
  });
});

it('takes the options and defaults of torch.optim.Muon', () => {
  const muon = new Muon(start());
  owned.push(muon);
  // torch 2.13.0: inspect.signature(torch.optim.Muon.__init__)
  expect({ lr: muon.lr, ...muon.options }).toEqual({
    lr: 1e-3,
    weightDecay: 0.1,
    momentum: 0.95,
    nesterov: true,
    nsCoefficients: [3.4445, -4.775, 2.0315],
    eps: 1e-7,
    nsSteps: 5,
    adjustLrFn: 'original',
    lrScales: {}, // ours
  });
});

describe('refuses', () => {
  const BAD: [string, object, RegExp][] = [
    ['a rate', { lr: -1 }, /lr: expected a finite number ≥ 0, got -1/],
    ['a momentum', { momentum: 1 }, /momentum: expected a number in \[0, 1\), got 1/],
    ['steps', { nsSteps: 0 }, /nsSteps: expected an integer from 1 to 99, got 0/],
    ['coefficients', { nsCoefficients: [1, 2] }, /nsCoefficients: expected three finite numbers/],
    ['an adjustment', { adjustLrFn: 'rms' }, /adjustLrFn: expected 'original' or/],
    ['what it does not know', { betas: [0.9, 0.95] }, /betas: unknown option/],
  ];
  it.each(BAD)('%s', (_, options, message) => {
    expect(() => new Muon(start(), options)).toThrow(message);
  });

  it('vectors, by name', () => {
    const bias = tf.variable(tf.zeros([4]), false);
    owned.push(bias);
    expect(() => new Muon(new Map([['norm.bias', bias]]))).toThrow(
      /expected matrices and convolutions, got norm\.bias \[4\]\. Train those by AdamW/,
    );
  });

  it('gradients that do not fit, and changes nothing', () => {
    const muon = new Muon(start());
    owned.push(muon);
    expect(() => muon.step({ wide: tf.zeros([5, 11]) })).toThrow(
      /wide: expected a gradient \[5, 12\]/,
    );
    expect([...muon.stateDict().values()].every(({ data }) => data.every((x) => x === 0))).toBe(
      true,
    );
  });

  it('a rate as a number in a graph', () => {
    const muon = new Muon(start());
    owned.push(muon);
    const step = jit((grads: Record<string, tf.Tensor>) => muon.step(grads));
    expect(() => step(gradients(0))).toThrow(/Muon\.step: expected lr as a scalar/);
  });
});

describe('MuonWithAuxAdam', () => {
  it('divides a model as the reference does: outer layers, tables and vectors are not hidden', () => {
    const ranks: [string, number, boolean][] = [
      ['unet.conv_in.weight', 4, false],
      ['unet.conv_out.weight', 4, false],
      ['unet.time_embedding.linear_1.weight', 2, false],
      ['unet.down_blocks.0.resnets.0.conv1.weight', 4, true],
      ['unet.down_blocks.0.resnets.0.time_emb_proj.weight', 2, true],
      ['unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight', 2, true],
      ['unet.mid_block.attentions.0.norm.weight', 1, false],
      ['text_encoder.text_model.embeddings.token_embedding.weight', 2, false],
      ['text_encoder.text_model.encoder.layers.0.mlp.fc1.weight', 2, false],
      ['text_encoder.text_model.encoder.layers.0.mlp.fc1.bias', 1, false],
    ];
    for (const [name, rank, hidden] of ranks)
      expect(isHiddenMatrix(name, { rank } as tf.Tensor), name).toBe(hidden);
  });

  it('moves hidden matrices as Muon and the others as AdamW, at one rate; goes on from its state', () => {
    const { numTensors } = tf.memory();
    const named = () =>
      new Map([...start()].map(([form, v]) => [form === 'tall' ? 'conv_in.weight' : form, v]));
    const renamed = (grads: Record<string, tf.Tensor>) =>
      Object.fromEntries(Object.entries(grads).map(([form, g]) => [form === 'tall' ? 'conv_in.weight' : form, g])); // prettier-ignore
    const options = { lr: 3e-3, weightDecay: 0.01 };
    const [whole, parts, resumed] = [named(), named(), named()];
    const both = new MuonWithAuxAdam(whole, options);
    const outer = (name: string) => name === 'conv_in.weight';
    const of = (keep: (name: string) => boolean) => new Map([...parts].filter(([n]) => keep(n)));
    const muon = new Muon(of((name) => !outer(name)), { ...options, adjustLrFn: 'match_rms_adamw' }); // prettier-ignore
    const adamW = new AdamW(of(outer), options);
    const other = new MuonWithAuxAdam(resumed, options);
    for (let i = 0; i < 6; i++) {
      tf.tidy(() => {
        const grads = renamed(gradients(i));
        const { 'conv_in.weight': first, ...hidden } = grads;
        both.step(grads);
        muon.step(hidden);
        adamW.step({ 'conv_in.weight': first! });
        if (i >= 3) other.step(grads);
      });
      if (i !== 2) continue;
      other.loadStateDict(both.stateDict());
      tf.tidy(() => resumed.forEach((v, name) => v.assign(whole.get(name)!)));
    }
    for (const [name, variable] of whole) {
      expect([...variable.dataSync()], name).toEqual([...parts.get(name)!.dataSync()]);
      expect([...resumed.get(name)!.dataSync()], name).toEqual([...variable.dataSync()]);
    }
    expect([...both.stateDict().keys()].sort()).toEqual([
      'exp_avg.conv_in.weight',
      'exp_avg_sq.conv_in.weight',
      'momentum_buffer.conv',
      'momentum_buffer.square',
      'momentum_buffer.wide',
      'step',
    ]);
    both.lr = 1e-4;
    expect(() => (both.lr = NaN)).toThrow(/lr/);
    expect(both.lr).toBe(1e-4);
    [both, muon, adamW, other].forEach((optimizer) => optimizer.dispose());
    owned.splice(0).forEach((thing) => thing.dispose());
    expect(tf.memory().numTensors).toBe(numTensors);
  });
});
