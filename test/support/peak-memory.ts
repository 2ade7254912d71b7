import { readFileSync, writeFileSync } from 'node:fs';

/** Bytes by which the process grew at its peak while it ran; undefined where Linux does not tell. */
export function peakMemory(run: () => void): number | undefined {
  try {
    writeFileSync('/proc/self/clear_refs', '5'); // sets the peak to the present
  } catch {
    run();
    return undefined;
  }
  const before = peak();
  run();
  return peak() - before;
}

function peak(): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
}
