import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { writeFileAtomically } from '../../../lib/io/atomic-write';
import { CheckpointSaveError, commitCheckpoint } from '../../../lib/io/runs/checkpoint-commit';
import { bestSound, listCheckpoints, newestSound } from '../../../lib/io/runs/checkpoint-folder';
import { filesBelow, findDamage } from '../../../lib/io/runs/manifest';
import { withFailingCall } from '../../support/failing-fs';
import { figure, seededRandom, times } from '../../support/soak';
import { temporaryRoot } from '../../support/temporary';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(temporaryRoot, 'checkpoint-folder-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const noWarning = (message: string) => expect.fail(message);

function write(aside: string): void {
  mkdirSync(path.join(aside, 'unet'));
  writeFileAtomically(path.join(aside, 'unet', 'weights.safetensors'), ['12345678']);
  writeFileAtomically(path.join(aside, 'state.json'), ['{"step": 1}']);
}

const save = (step: number, options: { keepLast?: number; metric?: number } = {}) =>
  commitCheckpoint(folder, step, write, { keepLast: 2, onWarning: noWarning, ...options });

const steps = () => listCheckpoints(folder).map(({ step }) => step);
const hidden = () => readdirSync(folder).filter((name) => /^\.(tmp|old)-/.test(name));

describe('a call of the file system that fails', () => {
  it.each(['EIO', 'ENOSPC', 'EROFS'])('leaves the old checkpoint and says so: %s', (code) => {
    save(1);
    const { calls } = withFailingCall(0, code, () => save(1)); // also the replacing of one
    expect(calls.length).toBeGreaterThan(40);
    let silent = 0;
    for (let failing = 1; failing <= calls.length; failing++) {
      rmSync(folder, { recursive: true });
      mkdirSync(folder);
      save(1);
      const options = { keepLast: 2, onWarning: vi.fn() };
      const commit = () => commitCheckpoint(folder, 1, write, options);
      const { error } = withFailingCall(failing, code, commit);
      expect(newestSound(folder, noWarning)?.step).toBe(1);
      if (error === undefined) silent += 1;
      else {
        expect(error).toBeInstanceOf(CheckpointSaveError);
        expect(error).toMatchObject({ code, folder: path.join(folder, 'checkpoint-1') });
        expect((error as Error).message).toMatch(
          /checkpoint-1 could not be saved \(.*\) after \d+ bytes; (\d+ bytes are free|the folder).* are as they were\. /,
        );
      }
      save(2);
      expect([steps(), hidden()]).toEqual([[1, 2], []]);
      expect(findDamage(path.join(folder, 'checkpoint-1'))).toBeNull();
    }
    figure(
      `each call of the file system failing in turn (${code})`,
      `${calls.length} calls: ${calls.length - silent} clear errors, ${silent} without effect; ` +
        'the old checkpoint loads in all, nothing is left aside',
    );
  });

  it('in the content is passed on as it is, if it is none of the file system', () => {
    save(1);
    const fail = () => {
      throw new TypeError('not a tensor');
    };
    const options = { keepLast: 2, onWarning: noWarning };
    expect(() => commitCheckpoint(folder, 2, fail, options)).toThrow(new TypeError('not a tensor'));
    expect([steps(), hidden()]).toEqual([[1], []]);
  });
});

describe('a damaged checkpoint', () => {
  it('with one byte flipped in any file is passed over with one warning that names it', () => {
    save(1);
    save(2);
    const newest = path.join(folder, 'checkpoint-2');
    const random = seededRandom(3);
    let flips = 0;
    for (const name of filesBelow(newest)) {
      const file = path.join(newest, name);
      const bytes = readFileSync(file);
      for (let i = 0; i < times(20, 100); i++) {
        const flipped = Buffer.from(bytes);
        const at = Math.floor(random() * bytes.length);
        flipped[at]! ^= 1 << Math.floor(random() * 8);
        // White space between the manifest's words means nothing.
        if (name === 'manifest.json' && /\s/.test(String.fromCharCode(bytes[at]!))) continue;
        writeFileSync(file, flipped);
        const onWarning = vi.fn();
        expect(newestSound(folder, onWarning)?.step).toBe(1);
        expect(onWarning).toHaveBeenCalledExactlyOnceWith(expect.stringContaining(name));
        flips += 1;
      }
      writeFileSync(file, bytes);
    }
    expect(newestSound(folder, noWarning)?.step).toBe(2);
    figure(
      'one byte flipped in a file of the newest checkpoint',
      `${flips} flips: 0 loaded silently`,
    );
  });

  it('is passed over if a file is missing, longer, or there is no manifest', () => {
    const damages: [(at: string) => void, RegExp][] = [
      [(at) => rmSync(path.join(at, 'state.json')), /state\.json: ENOENT/],
      [
        (at) => writeFileSync(path.join(at, 'state.json'), 'much longer now'),
        /state\.json: expected 11 bytes, found 15/,
      ],
      [(at) => rmSync(path.join(at, 'manifest.json')), /no manifest\.json, so it was not finished/],
      [(at) => writeFileSync(path.join(at, 'manifest.json'), ''), /manifest\.json is damaged/],
    ];
    save(1);
    for (const [damage, expected] of damages) {
      damage(save(2));
      const onWarning = vi.fn();
      expect(newestSound(folder, onWarning)?.step).toBe(1);
      expect(onWarning).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(expected));
    }
  });

  it('is no reason to stop: the run goes on before it and saves over it', () => {
    save(1);
    const damaged = save(3);
    rmSync(path.join(damaged, 'state.json'));
    save(2);
    save(3);
    expect([steps(), newestSound(folder, noWarning)?.step]).toEqual([[2, 3], 3]);
  });
});

describe('what is kept', () => {
  it('is the last ones and the best', () => {
    for (const [step, metric] of [5, 2, 3, NaN, 4, 6].entries()) save(step + 1, { metric });
    expect(steps()).toEqual([2, 5, 6]);
    expect(bestSound(folder, 'min', noWarning)?.step).toBe(2);
    save(7, { metric: 1, keepLast: 1 });
    expect(steps()).toEqual([7]);
  });

  it('is not lost to a run that begins anew in the same folder', () => {
    save(500);
    expect(() => save(100)).toThrow(
      /no checkpoint later than step 100, .* there is checkpoint-500/,
    );
    expect(steps()).toEqual([500]);
  });

  it('falls back from a damaged best one', () => {
    save(1, { metric: 2 });
    const best = save(2, { metric: 1 });
    writeFileSync(path.join(best, 'state.json'), '{"step": 2}');
    const onWarning = vi.fn();
    expect(bestSound(folder, 'min', onWarning)?.step).toBe(1);
    expect(onWarning).toHaveBeenCalledOnce();
    expect(bestSound(path.join(folder, 'none'), 'min', noWarning)).toBeNull();
  });

  it('holds over random sequences of saves, deaths, damages and renumberings', () => {
    const random = seededRandom(11);
    const rounds = times(150, 1000);
    let step = 0;
    for (let round = 0; round < rounds; round++) {
      const keepLast = 1 + Math.floor(random() * 3);
      const before = listCheckpoints(folder).filter((entry) => findDamage(entry.folder) === null);
      const dice = random();
      if (dice < 0.15 && before.length > 1) {
        // damage one that is not the newest
        writeFileSync(path.join(before[0]!.folder, 'state.json'), '');
      } else if (dice < 0.3 && before.length > 0) {
        // dies between the two renames of a replacement
        const { folder: newest, step: number } = before.at(-1)!;
        renameSync(newest, path.join(folder, `.old-checkpoint-${number}-1-dead`));
        cpSync(
          path.join(folder, `.old-checkpoint-${number}-1-dead`),
          path.join(folder, `.tmp-checkpoint-${number}-1-dead`),
          { recursive: true },
        );
      } else if (dice < 0.4 && before.length > 0) {
        // dies while it writes the next one
        mkdirSync(path.join(folder, `.tmp-checkpoint-${step + 1}-1-dead`), { recursive: true });
      } else if (dice < 0.5 && before.length > 1) {
        // the user removes the newest by hand
        rmSync(before.pop()!.folder, { recursive: true });
      } else {
        step = (newestSound(folder, () => undefined)?.step ?? 0) + 1 + Math.floor(random() * 900);
        const metric = random() < 0.5 ? random() : NaN;
        const best = bestSound(folder, 'min', () => undefined);
        const sound = listCheckpoints(folder).filter((e) => findDamage(e.folder) === null);
        commitCheckpoint(folder, step, write, { keepLast, metric, onWarning: noWarning });
        const kept = listCheckpoints(folder).filter((e) => findDamage(e.folder) === null);
        const last = [...sound.map((e) => e.step), step].slice(-keepLast);
        expect(kept.map((e) => e.step)).toEqual(expect.arrayContaining(last));
        const nowBest = bestSound(folder, 'min', noWarning)?.step;
        expect([best?.step, step]).toContain(nowBest ?? step);
        expect(kept.length).toBeLessThanOrEqual(keepLast + 1);
        expect(hidden()).toEqual([]);
      }
      if (before.length > 0) expect(newestSound(folder, () => undefined)).not.toBeNull();
    }
    figure(
      'what is kept, over random sequences',
      `${rounds} events: the last sound and the best always kept`,
    );
  });
});

it('a checkpoint is as large as its files and its manifest', () => {
  const saved = save(1);
  expect(filesBelow(saved)).toEqual(['manifest.json', 'state.json', 'unet/weights.safetensors']);
  const { files } = JSON.parse(readFileSync(path.join(saved, 'manifest.json'), 'utf8')) as {
    files: Record<string, { size: number }>;
  };
  for (const [name, { size }] of Object.entries(files)) {
    expect(statSync(path.join(saved, name)).size).toBe(size);
  }
});
