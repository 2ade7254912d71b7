/** A copy of this checkout in a temporary folder, in which commands run as somebody types them. Nothing of it outlives us. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { root } from '../support/script';
import { temporaryFolder } from '../support/temporary';

/** Files of the working tree as they are, changed and new ones, too; not what a set-up has made. */
function copyCheckout(folder: string): void {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const { status, stdout, stderr } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(
      `Expected a git checkout in ${root}, of which a copy is made; git says: ${stderr}\n` +
        'What to do: run it in a clone, with git on the PATH.',
    );
  }
  for (const name of stdout.split('\0').filter((file) => file !== '')) {
    const from = path.join(root, name);
    if (!fs.existsSync(from)) continue; // deleted, and not committed yet
    fs.cpSync(from, path.join(folder, name), { verbatimSymlinks: true });
  }
}

/** Waits for a pipe to close, as it does with the process that holds its other end, however that ends. */
const GUARD = `
cat
while :; do
  found=
  for process in /proc/[0-9]*; do
    case "$(readlink "$process/cwd")" in
    "$1" | "$1"/*) kill -KILL "\${process#/proc/}" && found=1 ;;
    esac
  done
  [ -n "$found" ] || break
  sleep 1
done
rm -rf "$1"`;

/** Ends all that works in a folder, and removes it, when this process is gone: 6 GB would stay of one that is killed. */
export function guard(folder: string): ChildProcess {
  const args = ['-c', GUARD, 'sh', fs.realpathSync(folder)];
  return spawn('sh', args, { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
}

/** The environment of somebody's terminal: without what vitest, npm's scripts and this suite have added. */
export function terminal(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const added =
    /^(SDM_(?!PYTHON$)|TF_|VITEST|npm_(lifecycle|package|execpath|command)|NODE_(ENV|OPTIONS)$|TEST$)/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !added.test(name)));
}

/** What a command was, how it ended, and its last lines; the first line, which a summary repeats, has the cause. */
export function failureOf(step: string, shown: string, ended: string, printed: string): string {
  const lines = stripVTControlCharacters(printed)
    .split('\n')
    .filter((line) => line.trim() !== '');
  const told = lines.findIndex((line) => /^\s*(set-up failed:|FAIL\b)/.test(line));
  const cause = lines.slice(told).slice(0, told === -1 ? 1 : 2); // the second line has the words of what failed
  return [
    `${step}: \`${shown}\` was expected to end with exit code 0, and ${ended}: ${cause.map((line) => line.trim()).join(' ') || 'not a word'}`,
    ...lines.slice(-40).map((line) => `    ${line}`),
    `What to do: mend what is said above. In a fresh clone \`${shown}\` shows it again.`,
  ].join('\n');
}

export class CudaClone {
  readonly folder = temporaryFolder('cuda-set-up');
  private readonly guard = guard(this.folder);
  private readonly env: NodeJS.ProcessEnv = {
    ...terminal(process.env),
    SDM_DEVICE: 'gpu',
    NO_COLOR: '1',
    PIP_NO_CACHE_DIR: '1', // 3.4 GB would stay in the home
  };

  constructor() {
    process.once('disconnect', this.giveUp); // a vitest that is asked to end leaves this process running
    copyCheckout(this.folder);
  }

  private readonly giveUp = (): void => {
    this.guard.stdin!.end();
  };

  /**
   * Runs a command to its end.
   *
   * @param step what it is for, named first where it fails
   * @returns all that it printed
   */
  async run(step: string, command: readonly [string, ...string[]], minutes = 10): Promise<string> {
    const [program, ...args] = command;
    const child = spawn(program, args, {
      ...{ cwd: this.folder, env: this.env, detached: true },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => (printed += data.toString()));
    let isLate = false;
    const late = setTimeout(() => {
      isLate = true;
      process.kill(-child.pid!, 'SIGTERM');
    }, minutes * 60_000);
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    clearTimeout(late);
    if (code === 0) return printed;
    const other = signal === null ? `ended with ${code}` : `was ended by ${signal}`;
    const ended = isLate ? `had not ended after ${minutes} minutes` : other;
    throw new Error(failureOf(step, `SDM_DEVICE=gpu ${command.join(' ')}`, ended, printed));
  }

  async remove(): Promise<void> {
    process.removeListener('disconnect', this.giveUp);
    const removed = once(this.guard, 'exit');
    this.giveUp();
    await removed;
  }
}
