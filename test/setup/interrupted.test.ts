/** A set-up that is asked to end in its midst: by Ctrl-C, by an engine, by a terminal that is closed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../parity/python';
import { root } from '../support/script';

/** A program of this name: what it says to a question, and else its number in a file, and no end. */
function endless(file: string, question: string, answer: string): void {
  const lines = [
    '#!/bin/sh',
    `if [ "$1" = ${question} ]; then echo '${answer}'; exit; fi`,
    `echo $$ > "${file}.pid.part" && mv "${file}.pid.part" "${file}.pid"`,
    "trap '' TERM; exec sleep 600", // npm, too, does not end when it is asked to
  ];
  fs.writeFileSync(file, lines.join('\n'), { mode: 0o755 });
}

/** Whether it runs: one that has ended and that nobody has asked about yet has a number still. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s ends npm and pip with it and gives the lock back', async (signal, code) => {
  const clone = temporaryFolder();
  for (const name of ['scripts', 'labextension']) {
    fs.cpSync(path.join(root, name), path.join(clone, name), { recursive: true });
  }
  for (const name of ['package.json', 'package-lock.json', 'requirements-cpu.txt']) {
    fs.copyFileSync(path.join(root, name), path.join(clone, name));
  }
  const report = { version: '3.12.0', executable: path.join(clone, 'python'), venv: true, ensurepip: true }; // prettier-ignore
  endless(path.join(clone, 'npm'), '--version', '11');
  endless(path.join(clone, 'python'), '-c', JSON.stringify(report));
  const others = Object.entries(process.env).filter(([name]) => !/^(npm_|CXX$)/i.test(name));
  const env = { ...Object.fromEntries(others), SDM_DEVICE: 'cpu', SDM_PYTHON: report.executable };
  const setUp = spawn(process.execPath, ['scripts/setup.mjs'], {
    ...{ cwd: clone, stdio: 'ignore' },
    env: { ...env, PATH: `${clone}:${process.env.PATH}` },
  });
  const ended = once(setUp, 'exit');
  const pidOf = (name: string): number =>
    Number(fs.readFileSync(path.join(clone, `${name}.pid`), 'utf8'));
  await expect.poll(() => ['npm', 'python'].map(pidOf).every(isAlive), { timeout: 60_000 }).toBe(true); // prettier-ignore
  expect(fs.existsSync(path.join(clone, '.setup', 'lock'))).toBe(true);
  setUp.kill(signal);
  expect(await ended).toEqual([code, null]);
  expect(['npm', 'python'].map(pidOf).some(isAlive)).toBe(false);
  expect(fs.readdirSync(path.join(clone, '.setup'))).toEqual(['logs']);
});
