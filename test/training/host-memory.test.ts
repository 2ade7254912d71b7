import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { availableMemory } from '../../lib/training/host-memory';

const GB = 2 ** 30;
let root: string;

/** Files of Linux, as its documentation has them. */
function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'memory-'));
  write({ 'proc/meminfo': `MemTotal: ${16 * 2 ** 20} kB\nMemAvailable:   ${8 * 2 ** 20} kB\n` });
});
afterEach(() => rmSync(root, { recursive: true }));

it('is what the machine has', () => {
  write({ 'proc/self/cgroup': '0::/\n' });
  expect(availableMemory(root)).toBe(8 * GB);
  write({ 'sys/fs/cgroup/user/memory.max': 'max\n', 'sys/fs/cgroup/user/memory.current': '1\n' });
  expect(availableMemory(root)).toBe(8 * GB);
});

it('is what the tightest group of a container leaves, with pages of files that Linux gives up (version 2)', () => {
  write({
    'proc/self/cgroup': '0::/user/job\n',
    'sys/fs/cgroup/user/memory.max': `${6 * GB}\n`,
    'sys/fs/cgroup/user/memory.current': `${4 * GB}\n`,
    'sys/fs/cgroup/user/memory.stat': `anon 1\ninactive_file ${GB}\n`,
    'sys/fs/cgroup/user/job/memory.max': `${5 * GB}\n`,
    'sys/fs/cgroup/user/job/memory.current': `${GB}\n`,
  });
  expect(availableMemory(root)).toBe(3 * GB);
});

it('in a container that sees its own group as the root, too', () => {
  write({
    'proc/self/cgroup': '0::/not/seen/here\n',
    'sys/fs/cgroup/memory.max': `${2 * GB}\n`,
    'sys/fs/cgroup/memory.current': `${GB}\n`,
  });
  expect(availableMemory(root)).toBe(GB);
});

it('of version 1, where no limit is a large one', () => {
  write({
    'proc/self/cgroup': '5:cpu:/\n4:memory:/job\n0::/\n',
    'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    'sys/fs/cgroup/memory/memory.usage_in_bytes': `${3 * GB}\n`,
    'sys/fs/cgroup/memory/job/memory.limit_in_bytes': `${4 * GB}\n`,
    'sys/fs/cgroup/memory/job/memory.usage_in_bytes': `${3 * GB}\n`,
    'sys/fs/cgroup/memory/job/memory.stat': `total_inactive_file ${GB}\n`,
  });
  expect(availableMemory(root)).toBe(2 * GB);
});

it('is what the limits of the process leave, and never below 0', () => {
  const limits = (space: string, data: string) =>
    `Limit   Soft Limit   Hard Limit   Units\nMax data size   ${data}   unlimited   bytes\n` +
    `Max address space   ${space}   unlimited   bytes\n`;
  write({
    'proc/self/status': `VmSize:\t ${2 * 2 ** 20} kB\nVmData:\t ${2 ** 20} kB\n`,
    'proc/self/limits': limits(String(5 * GB), 'unlimited'),
  });
  expect(availableMemory(root)).toBe(3 * GB);
  write({ 'proc/self/limits': limits('unlimited', String(2 * GB)) });
  expect(availableMemory(root)).toBe(GB);
  write({ 'proc/self/limits': limits(String(GB), 'unlimited') });
  expect(availableMemory(root)).toBe(0);
});
