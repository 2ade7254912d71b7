/** The memory of this process and machine, as Linux tells it. */
import { existsSync, readFileSync } from 'node:fs';
import { freemem } from 'node:os';
import path from 'node:path';

/** Bytes that the process can still take: of the machine, of its containers, and of its own limits (`ulimit`). */
export function availableMemory(root = '/'): number {
  const read = (...parts: string[]) => readText(path.join(root, ...parts));
  const kilobytes = /MemAvailable:\s+(\d+) kB/.exec(read('proc/meminfo'))?.[1];
  const free = kilobytes === undefined ? freemem() : Number(kilobytes) * 1024;
  return Math.max(0, Math.min(free, ...limitsOfGroups(read), ...limitsOfProcess(read)));
}

type Read = (...parts: string[]) => string;

/** What is left of the limit of each control group that the process is in, by both versions of Linux's interface. */
function limitsOfGroups(read: Read): number[] {
  const lines = read('proc/self/cgroup').split('\n');
  const kinds = [
    { pattern: /^0::(.*)/, folder: '', max: 'memory.max', used: 'memory.current' },
    {
      pattern: /^\d+:(?:.*,)?memory(?:,.*)?:(.*)/,
      folder: 'memory',
      max: 'memory.limit_in_bytes',
      used: 'memory.usage_in_bytes',
    },
  ];
  return kinds.flatMap(({ pattern, folder, max, used }) => {
    const own = lines.map((line) => pattern.exec(line)?.[1]).find((found) => found !== undefined);
    if (own === undefined) return [];
    // In a container its own group is the root of what is seen, whatever the path says.
    const groups = own.split('/').map((_, i, names) => names.slice(0, i + 1).join('/'));
    return groups.flatMap((group) => {
      const file = (name: string) => read('sys/fs/cgroup', folder, group, name);
      const bytes = (name: string) => Number(file(name).trim() || NaN);
      // Linux gives up pages of files before it refuses any.
      const pages = Number(/^(?:total_)?inactive_file (\d+)/m.exec(file('memory.stat'))?.[1] ?? 0);
      const left = bytes(max) - (bytes(used) - pages);
      return Number.isFinite(left) ? [left] : [];
    });
  });
}

/** What is left to the process of its own limits. */
function limitsOfProcess(read: Read): number[] {
  const limits = read('proc/self/limits');
  const status = read('proc/self/status');
  const kinds = { 'Max address space': 'VmSize', 'Max data size': 'VmData' };
  return Object.entries(kinds).flatMap(([limit, key]) => {
    const soft = Number(new RegExp(`^${limit}\\s+(\\d+)`, 'm').exec(limits)?.[1] ?? NaN);
    const left = soft - bytesIn(status, key);
    return Number.isFinite(left) ? [left] : [];
  });
}

function bytesIn(status: string, key: string): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
}

function readText(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
