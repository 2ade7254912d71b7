/**
 * The manifests for Kubernetes: what they start is understood by the commands, and what belongs together has one name. Their
 * structure was checked against the CRD of Kubeflow's training operator 1.9 (docs/cluster.md).
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, it } from 'vitest';
import { root } from '../support/script';

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly args?: readonly string[];
  readonly ports?: readonly { name: string; containerPort: number }[];
  readonly volumeMounts: readonly { name: string; mountPath: string }[];
}
interface PodTemplate {
  readonly spec: {
    readonly containers: readonly [Container];
    readonly volumes: readonly { name: string }[];
  };
}

/** The documents of a YAML file, read by JupyterLab's own reader of YAML. */
function manifests(name: string): readonly unknown[] {
  const file = path.join(root, 'scripts', 'kubernetes', name);
  const code =
    'import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))';
  const python = path.join(root, '.venv', 'bin', 'python');
  const { stdout, stderr } = spawnSync(python, ['-c', code, file], { encoding: 'utf8' });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as unknown[];
}

/** Reads words as `npm run NAME` does, without doing it: its exit code and what it says. */
function read(name: string, words: readonly string[]) {
  const code = `import { readCommandLine } from './scripts/commands/index.mjs'; readCommandLine('${name}');`;
  const argv = ['--input-type=module', '-e', code, '--', name, ...words];
  const { status, stderr } = spawnSync(process.execPath, argv, { cwd: root, encoding: 'utf8' });
  return { status, stderr };
}

it('a TFJob starts a training that writes to the volume of all workers', () => {
  const [job, policy] = manifests('tfjob.yaml') as [
    {
      readonly metadata: { readonly name: string };
      readonly spec: {
        readonly tfReplicaSpecs: { readonly Worker: { readonly template: PodTemplate } };
      };
    },
    { readonly spec: { readonly podSelector: { readonly matchLabels: object } } },
  ];
  const { containers, volumes } = job.spec.tfReplicaSpecs.Worker.template.spec;
  const [{ name, command, args = [], ports, volumeMounts }] = containers;
  // Names and port of the operator: pkg/apis/kubeflow.org/v1/tensorflow_types.go.
  expect({ name, ports }).toEqual({
    name: 'tensorflow',
    ports: [{ name: 'tfjob-port', containerPort: 2222 }],
  });
  expect(command).toEqual(['npm', 'run', 'train', '--']);
  expect(read('train', args)).toEqual({ status: 0, stderr: '' });
  expect(args[args.indexOf('--output') + 1]).toMatch(`${volumeMounts[0]!.mountPath}/`);
  expect(volumes.map((volume) => volume.name)).toEqual(volumeMounts.map((mount) => mount.name));
  expect(policy.spec.podSelector.matchLabels).toEqual({
    'training.kubeflow.org/job-name': job.metadata.name,
  });
});

it('a sweep has a training for each index, each with commands that are understood', () => {
  const [job] = manifests('sweep.yaml') as [
    { readonly spec: { readonly completions: number; readonly template: PodTemplate } },
  ];
  const script = job.spec.template.spec.containers[0].command.at(-1)!;
  const rates = /rates=\((.*)\)/.exec(script)![1]!.split(' ');
  expect(rates.length).toBe(job.spec.completions);
  const lines = script.split('\n').filter((line) => line.startsWith('npm run '));
  expect(lines.length).toBe(2);
  for (const line of lines) {
    // The model that is read is there once the first command has ended: here one that ships.
    const typed = line.replace(
      '--checkpoint "/runs/sweep/$rate"',
      '--checkpoint checkpoints/mnist-text-to-image',
    );
    const [, , name, , ...words] = typed
      .replaceAll('$rate', rates[0]!)
      .replaceAll('"', '')
      .split(' ');
    expect(read(name!, words)).toEqual({ status: 0, stderr: '' });
  }
});

it('a word that the command does not know is found', () => {
  expect(read('train', ['--stepz', '5'])).toMatchObject({ status: 2 });
});
