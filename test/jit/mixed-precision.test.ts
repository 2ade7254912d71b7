import { afterEach, describe, expect, it } from 'vitest';
import { bfloat16Support, hasProductTiles } from '../../lib/backend/node/bfloat16';
import { chooseMixedPrecision, runFunctionsEagerly } from '../../lib/jit';

afterEach(() => runFunctionsEagerly(false));

const flags = (...names: string[]) => `processor\t: 0\nflags\t\t: fpu avx512f ${names.join(' ')}\n`;
const supportOf = (cpuinfo: string, env: NodeJS.ProcessEnv = {}) =>
  bfloat16Support(() => cpuinfo, env);

describe('bfloat16Support', () => {
  it.each([
    [flags('avx512_bf16', 'amx_bf16', 'amx_tile'), {}, 'amx_bf16'],
    [flags('avx512_bf16'), {}, 'avx512_bf16'],
    [flags('avx512_bf16', 'amx_bf16'), { ONEDNN_MAX_CPU_ISA: 'AVX512_CORE_BF16' }, 'avx512_bf16'],
    [flags('avx512_bf16'), { ONEDNN_MAX_CPU_ISA: 'AVX512_CORE_AMX' }, 'avx512_bf16'],
  ])('finds the fastest instructions: %j %j', (cpuinfo, env, name) => {
    expect(supportOf(cpuinfo, env)).toEqual({ isThere: true, by: `the processor's ${name}` });
    expect(hasProductTiles(() => cpuinfo, env)).toBe(name === 'amx_bf16');
  });

  it.each([
    [flags('avx512_vnni'), {}, 'the processor has neither amx_bf16 nor avx512_bf16'],
    ['CPU architecture: 8\nFeatures : fp bf16\n', {}, 'the processor has neither'],
    [
      flags('avx512_bf16'),
      { ONEDNN_MAX_CPU_ISA: 'AVX2' },
      "ONEDNN_MAX_CPU_ISA=AVX2 forbids the processor's avx512_bf16",
    ],
    [
      flags('amx_bf16'),
      { TF_ENABLE_ONEDNN_OPTS: '0' },
      'TF_ENABLE_ONEDNN_OPTS=0 takes oneDNN from TensorFlow',
    ],
  ])('says what is missing: %j %j', (cpuinfo, env, why) => {
    const found = supportOf(cpuinfo, env);
    expect(found).toMatchObject({ isThere: false, why: expect.stringContaining(why) as string });
  });

  it('needs no /proc', () => {
    const none = () => {
      throw new Error('ENOENT');
    };
    expect(bfloat16Support(none, {}).isThere).toBe(false);
  });
});

describe('chooseMixedPrecision', () => {
  const support = bfloat16Support();

  it('is float32 without a word by default', () => {
    expect(chooseMixedPrecision('Trainer', 'no')).toEqual({ precision: 'float32', note: null });
  });

  it('is what the processor can, and says so where it is not what was asked for', () => {
    const [asked, left] = (['bf16', 'auto'] as const).map((wanted) =>
      chooseMixedPrecision('Trainer', wanted),
    );
    const precision = support.isThere ? 'bfloat16' : 'float32';
    expect([asked?.precision, left?.precision]).toEqual([precision, precision]);
    if (support.isThere) {
      expect(asked?.note).toBeNull();
      expect(left?.note).toBe(`Trainer: mixedPrecision 'auto' is 'bf16' here, by ${support.by}.`);
    } else {
      expect(asked?.note).toBe(
        `Trainer: mixedPrecision 'bf16' is computed in float32 here: ${support.why}.`,
      );
      expect(left?.note).toBe(`Trainer: mixedPrecision 'auto' is 'no' here: ${support.why}.`);
    }
  });

  it('is float32 where functions run op by op', () => {
    runFunctionsEagerly(true);
    expect(chooseMixedPrecision('generate', 'bf16')).toMatchObject({
      precision: 'float32',
      note: expect.stringMatching(
        /^generate: mixedPrecision 'bf16' is computed in float32 here: functions run op by op|makes no graphs/,
      ) as string,
    });
  });
});
