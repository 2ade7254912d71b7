/** What happens between processes: killed while saving, two on one folder. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { listCheckpoints, newestSound } from '../../../lib/io/runs/checkpoint-folder';
import { FolderLockedError, lockFolder, unlockFolder } from '../../../lib/io/runs/folder-lock';
import { figure, seededRandom, times } from '../../support/soak';
import { temporaryRoot } from '../../support/temporary';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(temporaryRoot, 'processes-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Saver {
  readonly process: ChildProcess;
  readonly printed: () => string;
  readonly ended: Promise<number | null>;
}

function startSaver(count: number, bytes: number): Saver {
  const script = path.join(__dirname, 'save-checkpoints.cjs');
  const child = spawn(process.execPath, [script, folder, String(count), String(bytes)]);
  let printed = '';
  child.stdout.on('data', (data: Buffer) => (printed += data.toString()));
  child.stderr.on('data', (data: Buffer) => (printed += data.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { process: child, printed: () => printed, ended };
}

const lastSaved = (printed: string) => Number([...printed.matchAll(/saved (\d+)\n/g)].at(-1)?.[1]);

it('killed at random moments of saving: nothing is lost, nothing unreadable', async () => {
  const random = seededRandom(7);
  const kills = times(12, 200);
  let known = 0; // the last step that a process said it had saved
  let leftovers = 0;
  for (let kill = 0; kill < kills; kill++) {
    const saver = startSaver(100_000, times(300_000, 3_000_000));
    while (!/saved/.test(saver.printed())) await new Promise((r) => setTimeout(r, 5));
    await new Promise((resolve) => setTimeout(resolve, random() * 60));
    saver.process.kill('SIGKILL');
    await saver.ended;
    expect(saver.printed()).not.toMatch(/warning|error/);
    known = lastSaved(saver.printed());
    leftovers += readdirSync(folder).filter((name) => /^\.(tmp|old)-/.test(name)).length;
    const unsound: string[] = [];
    const newest = newestSound(folder, (warning) => unsound.push(warning));
    expect(unsound).toEqual([]);
    // What it said it had saved is there, or the next one that it had no time to tell.
    expect([known, known + 1]).toContain(newest?.step);
    const state = readFileSync(path.join(newest!.folder, 'state.json'), 'utf8');
    expect(state).toBe(JSON.stringify({ step: newest!.step }));
    expect(listCheckpoints(folder).length).toBeGreaterThanOrEqual(Math.min(2, newest!.step));
  }
  const last = startSaver(1, 1000);
  expect(await last.ended).toBe(0);
  expect(readdirSync(folder).filter((name) => /^\.(tmp|old)-/.test(name))).toEqual([]);
  figure(
    'kill -9 at random moments of saving',
    `${kills} kills, ${known} checkpoints: 0 unreadable, 0 lost; ${leftovers} leftovers, 0 after the next save`,
  );
}, 600_000);

it('of two processes on one folder one is refused, with the pid of the other', async () => {
  const first = startSaver(100_000, 100_000); // saves until it is killed
  while (!/saved/.test(first.printed())) await new Promise((r) => setTimeout(r, 5));
  const second = startSaver(10, 100_000);
  expect(await second.ended).toBe(3);
  first.process.kill('SIGKILL');
  await first.ended;
  expect(second.printed()).toMatch(
    new RegExp(`^error FolderLockedError .*process ${first.process.pid} on ${hostname()}`),
  );
  expect(first.printed()).not.toMatch(/warning|error/);
  const known = lastSaved(first.printed());
  expect([known, known + 1]).toContain(newestSound(folder, () => undefined)?.step);
  const last = startSaver(1, 1000); // takes over what the killed one left
  expect(await last.ended).toBe(0);
  expect(existsSync(path.join(folder, '.lock'))).toBe(false); // freed at the end
  figure('two processes on one folder', `${known} saves: the second refused by pid, 0 corrupt`);
});

it('started at once, only one has the folder', async () => {
  for (let round = 0; round < times(2, 20); round++) {
    const savers = Array.from({ length: 4 }, () => startSaver(40, 1000));
    const codes = await Promise.all(savers.map(({ ended }) => ended));
    expect(codes.filter((code) => code === 0).length).toBeGreaterThanOrEqual(1);
    expect(codes.every((code) => code === 0 || code === 3)).toBe(true);
    savers.forEach(({ printed }, i) => {
      if (codes[i] === 3) expect(printed()).toMatch(/^(saved \d+\n)*error FolderLockedError/);
    });
    expect(newestSound(folder, (warning) => expect.fail(warning))).not.toBeNull();
  }
});

it('the lock of a process that has ended, or whose pid is used again, is taken over', () => {
  const lock = path.join(folder, '.lock');
  const owner = (pid: number, started: string, host = hostname()) =>
    writeFileSync(lock, JSON.stringify({ pid, host, started }));
  owner(2 ** 22 + 1, '1');
  lockFolder(folder);
  unlockFolder(folder);
  owner(process.ppid, '1'); // another process had this pid
  lockFolder(folder);
  unlockFolder(folder);
  writeFileSync(lock, ''); // its owner died while writing it
  lockFolder(folder);
  lockFolder(folder); // again is no error
  unlockFolder(folder);
  unlockFolder(folder);
  expect(readdirSync(folder)).toEqual([]);
  owner(1, '1', 'elsewhere');
  expect(() => lockFolder(folder)).toThrow(FolderLockedError);
  expect(() => lockFolder(folder)).toThrow(/process 1 on elsewhere .* remove .*\.lock/s);
});
