/** Whether what computes has instructions for bfloat16. */

import { readFileSync } from 'node:fs';
import type { Bfloat16Support } from '../../jit/compiler';
import { nodeBackend } from './binding';

/** As /proc/cpuinfo spells them, the faster first: tiles of products, and products of vectors of 512 bits. */
const INSTRUCTIONS = ['amx_bf16', 'avx512_bf16'] as const;

/** The values of oneDNN's ONEDNN_MAX_CPU_ISA that leave it these instructions. */
const ENOUGH: Readonly<Record<(typeof INSTRUCTIONS)[number], RegExp>> = {
  amx_bf16: /^(ALL|DEFAULT|AVX10_1_512_AMX.*|AVX512_CORE_AMX.*)$/i,
  avx512_bf16: /^(ALL|DEFAULT|AVX10_.*|AVX512_CORE_(BF16|FP16|AMX.*))$/i,
};

/**
 * What bfloat16 is computed by, or why it is not. TensorFlow's oneDNN does so by the processor's instructions; without
 * them it would widen, multiply in float32 and round again.
 *
 * @param cpuinfo the processor's flags are read of it
 */
export function bfloat16Support(
  cpuinfo: () => string = processorFile,
  env: Readonly<NodeJS.ProcessEnv> = process.env,
): Bfloat16Support {
  if (nodeBackend().isUsingGpuDevice) return { isThere: true, by: 'the GPU' };
  if (env.TF_ENABLE_ONEDNN_OPTS === '0') {
    return { isThere: false, why: 'TF_ENABLE_ONEDNN_OPTS=0 takes oneDNN from TensorFlow' };
  }
  const { found, most, allowed } = instructions(cpuinfo, env);
  if (allowed) return { isThere: true, by: `the processor's ${allowed}` };
  return {
    isThere: false,
    why:
      found.length > 0
        ? `ONEDNN_MAX_CPU_ISA=${most} forbids the processor's ${found[0]}`
        : `the processor has neither ${INSTRUCTIONS.join(' nor ')}`,
  };
}

/** Whether oneDNN has whole tiles of products (AMX), with which it is faster than any op of our own is likely to be. */
export function hasProductTiles(cpuinfo = processorFile, env = process.env): boolean {
  return instructions(cpuinfo, env).allowed === 'amx_bf16';
}

/** What the processor has of them, and the fastest that oneDNN may use. */
function instructions(cpuinfo: () => string, env: Readonly<NodeJS.ProcessEnv>) {
  const flags = new Set(/^flags\s*:(.*)$/m.exec(readOr(cpuinfo))?.[1]?.trim().split(/\s+/));
  const found = INSTRUCTIONS.filter((name) => flags.has(name));
  const most = env.ONEDNN_MAX_CPU_ISA ?? 'DEFAULT';
  return { found, most, allowed: found.find((name) => ENOUGH[name].test(most)) };
}

let kept: string | undefined;
const processorFile = () => (kept ??= readFileSync('/proc/cpuinfo', 'utf8'));

/** Elsewhere than on Linux there is no such file. */
function readOr(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
