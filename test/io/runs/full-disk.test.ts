/**
 * A disk that is really full, and folders that really cannot be written. The disk is a file system of a megabyte
 * in memory, mounted in a namespace of its own (no right of the machine's is needed, and it ends with the
 * process). Where the machine forbids that, the kernel's limit on the size of files stands in for it.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { figure, times } from '../../support/soak';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'disk-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Failure {
  readonly name: string;
  readonly code: string;
  readonly message: string;
}
interface Outcome {
  /** The first step that could not be saved. */
  readonly step: number;
  readonly error: Failure | null;
  readonly afterError: string[];
  /** What writing a single file said. */
  readonly single: Failure | null;
  /** The newest sound checkpoint after the error, and at the end. */
  readonly sound: number | null;
  readonly final: number | null;
  /** What saving said when there was room again. */
  readonly goesOn: Failure | null;
  readonly files: string[];
  readonly warnings: string[];
}

const script = path.join(__dirname, 'fill-disk.cjs');
const NAMESPACE = ['--user', '--map-root-user', '--mount'];
const unshare = (command: string, ...args: string[]) =>
  spawnSync('unshare', [...NAMESPACE, 'sh', '-ec', command, 'sh', ...args], { encoding: 'utf8' });

const mayMount = unshare(`mount -t tmpfs tmpfs "$1"`, tmpdir()).status === 0;

function outcomeOf({ stdout, stderr }: { stdout: string; stderr: string }): Outcome {
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Outcome;
}

/** Runs the script on a disk of its own. */
function onDisk(options: string, before: string, bytes: number): Outcome {
  const run = `mount -t tmpfs -o ${options} tmpfs "$1"; ${before}; exec "$2" "$3" "$1" "$4"`;
  return outcomeOf(unshare(run, folder, process.execPath, script, String(bytes)));
}

const hidden = (files: readonly string[]) =>
  files.filter((file) => /(^|\/)\.(tmp|old)-|\.tmp$/.test(file));

describe('a full disk', () => {
  const sizes = Array.from({ length: times(3, 40) }, (_, i) => 60_000 + i * 17_004);

  it.runIf(mayMount)(
    'leaves the checkpoints before it, says what to do, and saving goes on',
    () => {
      for (const bytes of sizes) {
        const found = onDisk('size=1m', ':', bytes);
        const { step, error, single } = found;
        expect(step).toBeGreaterThan(1);
        expect(error).toMatchObject({ name: 'CheckpointSaveError', code: 'ENOSPC' });
        expect(error?.message).toMatch(
          new RegExp(
            `checkpoint-${step} could not be saved \\(.*ENOSPC.*\\) after \\d+ bytes; \\d+ bytes are free\\. ` +
              'The checkpoints before it are as they were\\. Free some space',
          ),
        );
        expect(found.sound).toBe(step - 1);
        expect(hidden(found.afterError)).toEqual([]);
        expect(single?.message).toMatch(/single\.safetensors: .* found ENOSPC/);
        expect([found.goesOn, found.final]).toEqual([null, step]);
        expect(hidden(found.files)).toEqual([]);
        expect(found.files).not.toContain('single.safetensors');
        expect(found.warnings).toEqual([]);
      }
      figure(
        'a disk of 1 MB (tmpfs) that fills up while checkpoints are saved',
        `${sizes.length} sizes of checkpoints: ENOSPC named with folder and bytes, the ones before sound, ` +
          'nothing left aside, saving goes on when there is room',
      );
    },
  );

  it('stands in: a limit on the size of files leaves what was there', () => {
    const found = outcomeOf(
      spawnSync(
        'sh',
        // Past the limit the kernel sends SIGXFSZ, which is ignored: writes fail with EFBIG.
        [
          '-c',
          `trap '' XFSZ; ulimit -f 100; exec "$@"`,
          'sh',
          process.execPath,
          script,
          folder,
          '300000',
        ],
        { encoding: 'utf8' },
      ),
    );
    expect(found.step).toBe(1);
    expect(found.error).toMatchObject({ name: 'CheckpointSaveError', code: 'EFBIG' });
    expect(found.error?.message).toMatch(/checkpoint-1 could not be saved \(.*EFBIG/);
    expect(found.single?.message).toMatch(/single\.safetensors: .* found EFBIG/);
    expect(found.files).toEqual([]); // nor a lock
  });
});

describe('a folder that cannot be written', () => {
  it.runIf(mayMount)('on a file system that is read-only', () => {
    const found = onDisk('size=1m', 'mount -o remount,ro "$1"', 1000);
    expect(found.error).toMatchObject({ name: 'CheckpointSaveError', code: 'EROFS' });
    expect(found.error?.message).toMatch(/The file system is read-only: choose a folder that can/);
    expect(found.single?.message).toMatch(/single\.safetensors: .* found EROFS/);
    expect(found.files).toEqual([]);
    figure('a folder on a read-only file system (tmpfs)', 'EROFS named with folder; untouched');
  });

  it.runIf(mayMount)('keeps the checkpoints that it has', () => {
    const first = `"$2" "$3" "$1" 200000 > /dev/null; mount -o remount,ro "$1"`;
    const found = onDisk('size=1m', first, 200_000);
    expect(found.error?.code).toBe('EROFS');
    expect(found.sound).toBeGreaterThan(1);
    expect(found.step).toBe((found.sound ?? 0) + 1);
    expect(hidden(found.files)).toEqual([]);
  });

  it('by its rights', () => {
    mkdirSync(path.join(folder, 'run'), { mode: 0o555 });
    const target = path.join(folder, 'run');
    // Root may write anywhere; without the capability to do so it is as others are.
    const isRoot = process.getuid?.() === 0;
    const [program, ...args] = isRoot
      ? ['setpriv', '--bounding-set=-dac_override', '--inh-caps=-dac_override', process.execPath]
      : [process.execPath];
    const found = outcomeOf(
      spawnSync(program!, [...args, script, target, '1000'], { encoding: 'utf8' }),
    );
    expect(found.error).toMatchObject({ name: 'CheckpointSaveError', code: 'EACCES' });
    expect(found.error?.message).toMatch(/Choose a folder that you may write to/);
    expect(found.files).toEqual([]);
    figure('a folder without the right to write', 'EACCES named with folder; untouched');
  });
});
