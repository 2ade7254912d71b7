/** What the environment decides when TensorFlow is opened, each time in a process of its own. */
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compiled } from '../support/compiled';
import { root } from '../support/script';

const child = compiled('lib/backend/node/index.ts', 'lib/jit/index.ts');
afterAll(() => child.dispose());
// what was built natively, and what is loaded before it
for (const name of ['.setup', 'native']) {
  symlinkSync(path.join(root, name), path.join(child.folder, name));
}
const folder = path.join(child.folder, 'profiles');
mkdirSync(folder);

const SCRIPT = `
  const node = require('./lib/backend/node');
  const { hasKernel, tf } = require('./lib/backend');
  const { jit } = require('./lib/jit');
  const double = jit((x) => tf.mul(x, 2), { name: 'double' });
  double.compile(tf.ones([2]));
  double(tf.ones([2]));
  double(tf.ones([2]));
  const kernels = ['GatherRows', 'L2Loss', 'AdamW', 'StatelessRandomNormal'].map(hasKernel);
  const same = node.tf.Tensor === tf.Tensor && node.tf.engine() === tf.engine();
  console.log(JSON.stringify({
    compilations: double.compilations,
    fused: hasKernel('SdmGeglu'),
    kernels,
    same,
  }));
`;
const opened = (env: Record<string, string>): unknown => {
  const unset = { SDM_FUSED: '', SDM_JIT: '', SDM_PROFILE: '' };
  return JSON.parse(child.run(SCRIPT, { ...unset, ...env }));
};
const usual = { compilations: 1, fused: true, kernels: [true, true, true, true], same: true };

describe('opening TensorFlow', () => {
  it('makes graphs, registers the kernels, and shares tensors and engine with tfjs-core', () => {
    expect(opened({})).toEqual(usual);
  });

  it('runs functions op by op with SDM_JIT=off', () => {
    expect(opened({ SDM_JIT: 'off' })).toEqual({ ...usual, compilations: 0 });
  });

  it('leaves our own ops alone with SDM_FUSED=off', () => {
    expect(opened({ SDM_FUSED: 'off' })).toEqual({ ...usual, fused: false });
  });

  it('writes one profile of each graph with SDM_PROFILE, and none with 0', () => {
    expect(opened({ SDM_PROFILE: '0' })).toEqual(usual);
    expect(readdirSync(folder)).toEqual([]);
    expect(opened({ SDM_PROFILE: folder })).toEqual(usual);
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^double-\d+\.json$/)]);
  });
});
