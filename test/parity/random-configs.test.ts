/** UNets of random configs of the model family, both ways between here and diffusers. */
import { beforeAll, expect, it } from 'vitest';
import type { tf } from '../../lib/backend';
import type { UNet2DConditionConfig } from '../../lib/models/unet-2d-condition-config';
import { Generator, randint, randn } from '../../lib/random';
import { figure, seededRandom, times } from '../support/soak';
import { MINUTES_10 } from './python';
import { UNetRoundTrip } from './unet-round-trip';

interface Case {
  readonly config: Partial<UNet2DConditionConfig>;
  readonly size: number;
}

const random = seededRandom(31);
const below = (count: number) => Math.floor(random() * count);
const pick = <T>(items: readonly T[]): T => items[below(items.length)]!;

function randomCase(): Case {
  const blocks = 2 + below(3);
  const groups = pick([4, 8]);
  const heads = pick([1, 2, 4]);
  const crossed = Array.from({ length: blocks }, () => random() < 0.6);
  const config: Partial<UNet2DConditionConfig> = {
    sample_size: 16,
    in_channels: 1 + below(3),
    out_channels: 1 + below(3),
    layers_per_block: 1 + below(2),
    block_out_channels: Array.from({ length: blocks }, () => groups * heads * (1 + below(3))),
    down_block_types: crossed.map((has) => (has ? 'CrossAttnDownBlock2D' : 'DownBlock2D')),
    up_block_types: crossed.map((has) => (has ? 'CrossAttnUpBlock2D' : 'UpBlock2D')).reverse(),
    norm_num_groups: groups,
    attention_head_dim: heads,
    cross_attention_dim: 4 * (1 + below(6)),
    flip_sin_to_cos: random() < 0.5,
    freq_shift: below(2),
  };
  return { config, size: pick([8, 11, 16]) };
}

const cases = Object.fromEntries(
  Array.from({ length: times(3, 20) }, (_, i) => [`random-${i}`, randomCase()]),
);

function inputsOf({ config, size }: Case, seed: number) {
  const stream = new Generator(seed).stream('sampling');
  return {
    sample: randn<tf.Rank.R4>([2, size, size, config.in_channels!], stream.next()),
    timestep: randint<tf.Rank.R1>([2], 0, 1000, stream.next()),
    context: randn<tf.Rank.R3>([2, 3, config.cross_attention_dim as number], stream.next()),
  };
}

const trip = new UNetRoundTrip(cases, inputsOf);
beforeAll(() => trip.run(), MINUTES_10 * times(1, 6));

it('random configs give the same outputs there and here, both ways', () => {
  for (const name of trip.names) {
    const own = trip.ofOurModel(name);
    expect(own.here, `${name} ${JSON.stringify(cases[name])}`).toBeCloseToMax(own.there, 2e-5);
    const their = trip.ofTheirModel(name);
    expect(their.here, name).toBeCloseToMax(their.there, 2e-5);
  }
  figure(
    'UNets of random configs, both ways with diffusers',
    `${trip.names.length} configs: outputs within 2e-5 of the largest`,
  );
});
