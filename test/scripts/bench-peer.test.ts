/** The peer of the benches op by op and by torch.compile: the same numbers. On a GPU only the device differs. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { fromFloat32Array, writeSafetensors } from '../../lib/io/safetensors';
import '../../lib/pretrained';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { Generator, randn } from '../../lib/random';
import {
  findPython,
  MINUTES_10,
  pythonEnvironment,
  temporaryFolder,
  writeJson,
} from '../parity/python';
import { loadScript, root } from '../support/script';
import { TINY_UNET } from '../support/tiny-configs';

interface Answer {
  readonly seconds: number[];
  readonly results: number[];
  readonly precision: string;
  readonly deviceGb?: number;
}
interface Side {
  ready(): Promise<{ version: string; device: string; tf32?: object }>;
  steps(count: number): Promise<Answer>;
  close(): Promise<void>;
}
const { Side } = loadScript<{ Side: new (command: string[], env: NodeJS.ProcessEnv) => Side }>(
  'bench/side.mjs',
);

const BATCH = 2;
let inputs: string;

/** As scripts/bench/inputs.cjs, of a tiny model and one batch. */
beforeAll(() => {
  inputs = temporaryFolder();
  const generator = new Generator(3);
  const unet = new UNet2DConditionModel(TINY_UNET, generator.stream('init'));
  unet.savePretrained(path.join(inputs, 'unet'));
  const noise = generator.stream('noise');
  const drawn = (shape: number[]) =>
    fromFloat32Array(randn(shape, noise.next()).dataSync() as Float32Array, shape);
  const tensors = new Map([
    ['embeddings', drawn([11, 8, TINY_UNET.cross_attention_dim])],
    ['images.0', drawn([BATCH, 28, 28, 1])],
    ['noise.0', drawn([BATCH, 28, 28, 1])],
  ]);
  writeSafetensors(path.join(inputs, 'tensors.safetensors'), tensors);
  const batches = [{ labels: [3, 7], timesteps: [10, 900] }];
  writeJson(path.join(inputs, 'inputs.json'), { batches, ids: [[0]] });
});

async function train(task: object) {
  const whole = { kind: 'train', batch: BATCH, text: 'given', inputs, ...task };
  const command = [findPython(), '-B', 'scripts/bench/peer.py', JSON.stringify(whole)];
  const side = new Side(command, pythonEnvironment());
  try {
    return { ...(await side.ready()), ...(await side.steps(3)) };
  } finally {
    await side.close();
  }
}

it(
  'trains by torch.compile as op by op, and in bfloat16 nearly so',
  async () => {
    const [eager, compiled, bfloat16] = await Promise.all([
      train({}),
      train({ mode: 'compile', backend: 'eager' }),
      train({ precision: 'bfloat16' }),
    ]);
    expect(eager.version).toMatch(/^PyTorch \d/);
    expect(eager).toMatchObject({ device: 'cpu', precision: 'float32' });
    expect(eager.deviceGb).toBeUndefined();
    expect(new Set(eager.results).size).toBe(3); // it learns
    for (const [i, loss] of eager.results.entries()) {
      expect(compiled.results[i]! / loss).toBeCloseTo(1, 5);
      expect(bfloat16.results[i]! / loss).toBeCloseTo(1, 1);
    }
    expect(bfloat16.results).not.toEqual(eager.results);
  },
  MINUTES_10,
);

it(
  'ends with the reason where a mode cannot compile',
  async () => {
    const failing = train({ mode: 'compile', backend: 'no-such-backend' });
    await expect(failing).rejects.toThrow(/ended without an answer:[^]*no-such-backend/);
  },
  MINUTES_10,
);

it(
  'waits for the GPU before and after what is timed, and sets its TF32',
  () => {
    const script = path.join(root, 'test', 'scripts', 'peer_device.py');
    const printed = execFileSync(findPython(), ['-B', script], { encoding: 'utf8' });
    const { triton, ...found } = JSON.parse(printed) as { triton: string[] };
    expect(found).toEqual({
      cpu: { waits: 0, facts: { device: 'cpu' }, memory: {} },
      same: { waits: 2, tf32: { products: true, convolutions: true } },
      off: { waits: 2, tf32: { products: false, convolutions: false } },
      default: { waits: 2, tf32: { products: false, convolutions: true } },
      memory: { deviceGb: 2, deviceReservedGb: 3 },
    });
    // What torch.compile needs there is the one that this torch names.
    const pins = fs.readFileSync(path.join(root, 'requirements-parity-gpu.txt'), 'utf8');
    expect(triton).toEqual([expect.stringContaining(/^triton==.*$/m.exec(pins)![0])]);
  },
  MINUTES_10,
);

it('leaves nothing beside the sources', () => {
  expect(fs.existsSync(path.join(root, 'scripts', 'bench', '__pycache__'))).toBe(false);
});
