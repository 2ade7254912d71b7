import { afterEach, describe, expect, it, vi } from 'vitest';
import { nextMacrotask } from '../lib/stop';

afterEach(() => {
  vi.unstubAllGlobals();
});

describe.each(['with setImmediate', 'in a page, which has none'])('nextMacrotask %s', (where) => {
  it('lets everything be done that waited', async () => {
    if (where !== 'with setImmediate') vi.stubGlobal('setImmediate', undefined);
    const seen: string[] = [];
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => seen.push('message');
    port2.postMessage(null);
    void Promise.resolve().then(() => seen.push('promise'));
    const later = nextMacrotask().then(() => seen.push('next'));
    seen.push('now');
    await later;
    expect(seen.slice(0, 2)).toEqual(['now', 'promise']);
    expect(seen).toContain('next');
    await nextMacrotask();
    expect(seen).toContain('message');
    port1.close();
  });
});
