/** The commands themselves, each in a process of its own as npm starts it. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { lockFolder, unlockFolder } from '../../lib/io/runs/folder-lock';
import { temporaryFolder } from '../parity/python';
import { loadScript, root } from '../support/script';

const { portNotice } = loadScript<{ portNotice: (port: number) => Promise<string | null> }>(
  'commands/port-notice.mjs',
);

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
}

/** @param whileRunning called with all that was printed, each time there is more */
function run(
  script: string,
  args: readonly string[],
  whileRunning?: (printed: string, stop: () => void) => void,
): Promise<Ended> {
  const env = { ...process.env };
  for (const name of Object.keys(env))
    if (/^npm_|^VITEST|^NODE_OPTIONS/.test(name)) delete env[name];
  const file = path.join(root, 'scripts', `${script}.mjs`);
  const child = spawn(process.execPath, [file, ...args], { cwd: root, env });
  let [out, errors] = ['', ''];
  const onMore = () => whileRunning?.(out + errors, () => child.kill('SIGINT'));
  child.stdout.on('data', (data: Buffer) => ((out += data.toString()), onMore()));
  child.stderr.on('data', (data: Buffer) => ((errors += data.toString()), onMore()));
  return new Promise((resolve) => {
    child.once('close', (code) => resolve({ code, out, errors }));
  });
}

/** By the script's name: a misuse, and what is said. All would else set up or start what takes long. */
const COMMANDS: Record<string, [argv: string[], says: string]> = {
  start: [['--prot', '9'], 'start: unknown option --prot. Did you mean --port'],
  setup: [['gpu'], "setup: unexpected argument 'gpu'."],
  doctor: [['--verbose'], 'doctor: unknown option --verbose.'],
  train: [['--recipe', 'bset'], 'Did you mean best?'],
  evaluate: [['--checkpoint', 'runs/none'], 'There is no folder'],
  'learning-curve': [['--run', 'x'], '--run: expected NAME=FOLDER@SECONDS'],
  'export-model': [[], '--checkpoint FOLDER must be given.'],
  'train-judge': [['--epochs', 'abc'], '--epochs: expected a whole number from 1 to 1000'],
  web: [['--checkpoint', 'checkpoints/judge'], 'That is a judge, not a model that draws.'],
  notebooks: [['04-trian'], 'Did you mean 04-train?'],
  test: [['test/nonexistent'], 'test has backend, browser,'],
  matrix: [['--node', '23'], '--node: expected releases among 20, 22, 24, 26'],
  bench: [['--onli', 'compile'], 'Did you mean --only?'],
  'compare-versions': [['nosuch'], 'There is no folder'],
  soak: [['--only', 'kil'], 'Did you mean kill'],
  'gpu-all': [['--minutes', '0'], '--minutes: expected a number above 0'],
  'gpu-check': [['--only', 'modles'], 'Did you mean models'],
  package: [['build-nativ'], 'Did you mean build-native?'],
};

describe('a command', () => {
  it('is there for each script of package.json', () => {
    const { scripts } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const started = Object.values(scripts).flatMap(
      (line) => /node scripts\/([\w-]+)\.mjs/.exec(line)?.[1] ?? [],
    );
    expect([...new Set([...started, 'package'])].sort()).toEqual(Object.keys(COMMANDS).sort());
  });

  it.each(Object.entries(COMMANDS))(
    '%s refuses %j with exit code 2',
    async (script, [argv, says]) => {
      const { code, out, errors } = await run(script, argv);
      expect(errors).toContain(says);
      expect(errors).toMatch(/--help` tells all options\.\n$/);
      expect(errors).not.toMatch(/\n\s+at |set-up:/);
      expect(out).toBe('');
      expect(code).toBe(2);
    },
  );

  it.each(Object.keys(COMMANDS))('%s tells its options, and does nothing else', async (script) => {
    const { code, out, errors } = await run(script, ['--help']);
    expect(out).toContain('-h, --help');
    expect(errors).toBe('');
    expect(code).toBe(0);
  });
});

it('a port that is taken is told', async () => {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const { port } = server.address() as net.AddressInfo;
  expect(await portNotice(port)).toBe(
    `Port ${port} is taken: JupyterLab takes another; its address is below.`,
  );
  await new Promise((resolve) => server.close(resolve));
  expect(await portNotice(port)).toBeNull();
});

it('a failure has exit code 1, and its trace tells lines of lib/', async () => {
  const folder = path.join(temporaryFolder(), 'model');
  const shipped = path.join(root, 'checkpoints', 'mnist-text-to-image');
  fs.cpSync(shipped, folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'unet', 'config.json'), '{}');
  const { code, errors } = await run('evaluate', ['--checkpoint', folder, '--images', '20']);
  expect(errors).toContain('unet/config.json: expected');
  const [, file, line] = /at loadCheckpoint \((.*):(\d+):\d+\)/.exec(errors)!;
  expect(path.relative(root, file!)).toBe('lib/pretrained/checkpoint.ts');
  expect(fs.readFileSync(file!, 'utf8').split('\n')[Number(line) - 1]).toContain('checkedFolder(');
  expect(errors).not.toContain('/dist/');
  expect(code).toBe(1);
});

it('a model of something else than what is measured is no fault of the program', async () => {
  const digits = path.join('checkpoints', 'mnist-text-to-image');
  const emoji = path.join('checkpoints', 'emoji-text-to-image');
  for (const [argv, says] of [
    [['--data', 'emoji', '--checkpoint', digits], 'expected a model of emoji (in_channels 3,'],
    [['--checkpoint', emoji, '--images', '20'], 'a model of emoji is measured with --data emoji.'],
  ] as const) {
    const { code, errors } = await run('evaluate', argv);
    expect(errors).toContain(says);
    expect(code).toBe(2);
  }
});

it('emoji are drawn in the precision that is asked for, and the row says so', async () => {
  const output = temporaryFolder();
  const model = path.join('checkpoints', 'emoji-text-to-image');
  const asked = ['--data', 'emoji', '--checkpoint', model, '--steps', '20', '--output', output];
  const { out, errors, code } = await run(
    'evaluate',
    [...asked, '--mixed-precision', 'auto'],
    (printed, stop) => {
      if (printed.includes('drawing')) stop();
    },
  );
  expect(errors + out).toContain('-mixedPrecision-auto-');
  expect(code).toBe(130);
  const [own] = fs.readdirSync(output);
  const settings = fs.readFileSync(path.join(output, own!, 'seen', 'settings.json'), 'utf8');
  expect(JSON.parse(settings)).toMatchObject({ mixedPrecision: 'auto', seed: 0 });
});

it('npm run train tells the first step, how it ended, and what comes next', async () => {
  const output = path.join(temporaryFolder(), 'run');
  const more = ['--set', 'trainer.batchSize=2', '--output', output];
  const train = (steps: number, watch?: Parameters<typeof run>[2]) =>
    run('train', ['--steps', String(steps), ...more], watch);
  const next = `\nNext: npm run evaluate -- --checkpoint ${output}\n`;

  const done = await train(2);
  expect(done.errors).toBe('');
  const [began, first, last, end] = done.out.split('\n').map((text) => text.slice(21));
  expect(began).toBe(`recipe fast: a new run in ${output}`);
  expect(first).toMatch(/^step 1 of 2 {2}loss \d\.\d{5} {2}lr 0\.00e\+0$/);
  expect(last).toMatch(
    /^step 2 of 2 {2}loss \d\.\d{5} {2}lr 4\.00e-4 {2}[\d.]+ (steps\/s|s\/step)$/,
  );
  expect(end).toMatch(/^done: 2 steps, loss \d\.\d{4} \(mean of the last 2 steps\), in /);
  expect(done.out.endsWith(next)).toBe(true);
  expect(done.code).toBe(0);

  const again = await train(2);
  expect(again.out).toMatch(/already at step 2 of 2, loss \d\.\d{4} /);
  expect(again.out).toContain('\nRaise --steps to train on, or choose a new folder by --output');
  expect(again.out.endsWith(next)).toBe(true);
  expect(again.code).toBe(0);

  const stopped = await train(5_000, (printed, stop) => {
    if (printed.includes('step 3 of 5000')) stop();
  });
  expect(stopped.out).toContain(`goes on after step 2 in ${output}`);
  expect(stopped.out).toMatch(/stopped after step \d+ of 5000, loss .*, saved in /);
  expect(stopped.out).toContain('\nRun the same command again to go on.\n');
  expect(stopped.code).toBe(130);
  // What was finished before does not stand for the run any more.
  const left = fs.readdirSync(output);
  expect(left).toContain('model-2');
  expect(left).not.toContain('model');
});

describe('npm run train with a folder that holds something', () => {
  const train = (output: string, ...args: string[]) =>
    run('train', ['--recipe', 'blog', '--set', 'trainer.batchSize=2', '--output', output, ...args]);
  const mark = (folder: string) => fs.writeFileSync(path.join(folder, 'mark'), 'x');
  const isMarked = (folder: string) => fs.existsSync(path.join(folder, 'mark'));

  it('keeps models that are missing still, and tells those that it cannot', async () => {
    const output = path.join(temporaryFolder(), 'run');
    const first = await train(output, '--steps', '4', '--logging-steps', '2', '--save-every', '1');
    expect(first.errors).toBe('');
    expect(fs.readdirSync(output).filter((name) => name.startsWith('checkpoint-'))).toEqual([
      'checkpoint-2',
      'checkpoint-4',
    ]);
    // As if killed after the checkpoint and before the model.
    const again = await train(output, '--steps', '4', '--keep', '3,4');
    expect(again.out).toContain('--keep 3: not kept, since the run is at step 4 already');
    expect(fs.readdirSync(output)).toContain('model-4');
    mark(path.join(output, 'model-4'));
    await train(output, '--steps', '5', '--keep', '4');
    expect(isMarked(path.join(output, 'model-4'))).toBe(true);
  });

  it('keeps a finished model under the step that it is of, or refuses', async () => {
    const output = path.join(temporaryFolder(), 'run');
    await train(output, '--steps', '2', '--save-every', '1');
    mark(path.join(output, 'model'));
    fs.rmSync(path.join(output, 'checkpoint-2', 'training', 'optimizer.safetensors'));
    const mended = await train(output, '--steps', '3');
    expect(mended.out).toContain('goes on after step 1');
    expect(isMarked(path.join(output, 'model-2'))).toBe(true);

    for (const step of [1, 2, 3])
      fs.rmSync(path.join(output, `checkpoint-${step}`), { recursive: true, force: true });
    mark(path.join(output, 'model'));
    const { code, errors } = await train(output, '--steps', '3');
    expect(errors).toContain('whose model/ has no checkpoint beside it to go on from. Choose');
    expect(code).toBe(2);
    expect(isMarked(path.join(output, 'model'))).toBe(true);
  });

  it('changes nothing where another training has it', async () => {
    const output = temporaryFolder();
    fs.writeFileSync(path.join(output, 'recipe.json'), 'theirs');
    lockFolder(output);
    const { code, errors } = await train(output, '--steps', '1');
    unlockFolder(output);
    expect(errors).toContain('expected to be the only one that writes here');
    expect(errors).not.toMatch(/^ +at /m);
    expect(code).toBe(1);
    expect(fs.readdirSync(output)).toEqual(['recipe.json']);
    expect(fs.readFileSync(path.join(output, 'recipe.json'), 'utf8')).toBe('theirs');
  });

  it('refuses the run of another recipe in a sentence, without a trace', async () => {
    const output = temporaryFolder();
    expect((await train(output, '--steps', '1')).code).toBe(0);
    const { code, errors } = await run('train', [
      '--recipe',
      'adamw',
      '--steps',
      '2',
      '--output',
      output,
    ]);
    expect(errors).toContain('this run cannot go on with other options (');
    expect(errors).not.toMatch(/^ +at /m);
    expect(code).toBe(2);
  });

  it('refuses a setting within a number before anything is made', async () => {
    const output = path.join(temporaryFolder(), 'run');
    const { code, errors } = await train(output, '--set', 'trainer.seed.init=3');
    expect(errors).toContain('--set trainer.seed.init: trainer.seed is 42, which has no settings');
    expect(code).toBe(2);
    expect(fs.existsSync(output)).toBe(false);
  });
});

it('a model is kept only at steps that are looked at', async () => {
  const { code, errors } = await run('train', [
    ...['--steps', '30', '--logging-steps', '10', '--keep', '10,15,30', '--output', 'runs/none'],
  ]);
  expect(errors).toContain(
    '--keep 15: expected multiples of loggingSteps, 10, or the last step, 30',
  );
  expect(code).toBe(2);
});
