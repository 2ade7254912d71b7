/** The module of WebAssembly that is committed was made of the sources that are committed. */
import { expect, it } from 'vitest';
import { FUSED_BINARY, FUSED_SOURCES } from '../../lib/backend/wasm/fused-binary';
import { loadScript } from '../support/script';

interface Builder {
  readonly sourcesHash: () => string;
  readonly checkWithoutData: (bytes: Uint8Array) => void;
}
const { sourcesHash, checkWithoutData } = loadScript<Builder>('web/build-kernels.mjs');

it('is of these sources (else: node scripts/web/build-kernels.mjs)', () => {
  expect(FUSED_SOURCES).toBe(sourcesHash());
});

it('has no data of its own, which would lie over the engine’s', () => {
  const bytes = Buffer.from(FUSED_BINARY, 'base64');
  expect(bytes.subarray(0, 4).toString('latin1')).toBe('\0asm');
  expect(() => checkWithoutData(bytes)).not.toThrow();
  const withData = Buffer.concat([bytes, Buffer.from([11, 1, 0])]);
  expect(() => checkWithoutData(withData)).toThrow(/^Expected a module without data/);
});
