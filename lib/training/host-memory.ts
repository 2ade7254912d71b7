/** The memory of this process and machine, as Linux tells it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { freemem } from 'node:os';

/** Bytes that the process can still take: of the machine, or of its container if that has less. */
export function availableMemory(): number {
  const meminfo = readText('/proc/meminfo');
  const kilobytes = /MemAvailable:\s+(\d+) kB/.exec(meminfo)?.[1];
  const free = kilobytes === undefined ? freemem() : Number(kilobytes) * 1024;
  const limit = Number(readText('/sys/fs/cgroup/memory.max').trim() || NaN);
  const used = Number(readText('/sys/fs/cgroup/memory.current').trim() || NaN);
  return Number.isFinite(limit) && Number.isFinite(used) ? Math.min(free, limit - used) : free;
}

/** Bytes by which the process grew at its peak while it ran; undefined where Linux does not tell. */
export function peakMemory(run: () => void): number | undefined {
  try {
    writeFileSync('/proc/self/clear_refs', '5'); // sets the peak to the present
  } catch {
    run();
    return undefined;
  }
  const before = statusOf('VmHWM');
  run();
  return statusOf('VmHWM') - before;
}

function statusOf(key: string): number {
  const line = new RegExp(`${key}:\\s+(\\d+) kB`).exec(readText('/proc/self/status'));
  return Number(line?.[1]) * 1024;
}

function readText(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
