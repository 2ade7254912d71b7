/**
 * The set-up for a GPU, as far as it goes without 3.4 GB of wheels: the step itself, with pip, installs stand-ins of the same
 * names and versions; and each pin is looked up where pip fetches from.
 */
import { execFile, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadScript, root } from '../support/script';
import { temporaryFolder } from '../support/temporary';

const { announcement, tensorflowFile, tensorflowPackage, tensorflowWheel } = loadScript<{
  announcement: (device: string, isSeen: boolean) => string | null;
  tensorflowFile: (device: string, arch: string) => string;
  tensorflowPackage: { readonly disk: number };
  tensorflowWheel: (device: string, arch: string) => string;
}>('setup/tensorflow-package.mjs');
const { chooseDevice } = loadScript<{
  chooseDevice: (env: NodeJS.ProcessEnv, exists: (file: string) => boolean) => string;
}>('setup/device.mjs');
const { parsePins, sitePackages } = loadScript<{
  parsePins: (text: string, python: number[]) => Map<string, string>;
  sitePackages: (folder: string) => string | null;
}>('setup/python-environment.mjs');
const { lackingLibraries } = loadScript<{ lackingLibraries: (site: string) => string[] }>(
  'doctor/gpu-facts.mjs',
);
const { findPython } = loadScript<{ findPython: (wanted?: string) => string }>('setup/check.mjs');

const requirements = fs.readFileSync(path.join(root, 'requirements-gpu.txt'), 'utf8');
const pins = [...parsePins(requirements, [3, 13])];

it('a driver that is seen chooses the file with CUDA 12 and cuDNN', () => {
  const device = chooseDevice({}, (file) => file === '/proc/driver/nvidia/version');
  expect(tensorflowFile(device, 'x64')).toBe('requirements-gpu.txt');
  expect(tensorflowWheel(device, 'x64')).toBe('tensorflow');
  const names = pins.map(([name]) => name);
  expect(names).toEqual(
    expect.arrayContaining(['nvidia-cudnn-cu12', 'nvidia-cublas-cu12', 'tensorflow']),
  );
  expect(names.filter((name) => !/^(nvidia-.*-cu12|tensorflow)$/.test(name))).toEqual([]);
});

it('what it costs is said before, and the disk is asked for it', () => {
  const before = process.env.SDM_DEVICE;
  try {
    process.env.SDM_DEVICE = 'gpu';
    expect(tensorflowPackage.disk).toBe(8.6);
    process.env.SDM_DEVICE = 'cpu';
    expect(tensorflowPackage.disk).toBe(1.5);
  } finally {
    if (before === undefined) delete process.env.SDM_DEVICE;
    else process.env.SDM_DEVICE = before;
  }
  const cost = 'set-up: for a GPU 3.4 GB are fetched, and up to 8.6 GB of disk are used';
  expect(announcement('gpu', true)).toBe(`${cost} (SDM_DEVICE=cpu does without)`);
  expect(announcement('gpu', false)).toBe(
    `${cost}; no GPU found, so all will run on the CPU: SDM_DEVICE=cpu does without them`,
  );
  expect(announcement('cpu', true)).toBeNull();
});

/** Wheels of the pins' names and versions, with a file or two at the places where the real ones have theirs. */
const makeWheels = `
import sys, zipfile
for pin in sys.argv[2:]:
    name, version = pin.split("==")
    library = name.replace("-", "_")
    info = f"{library}-{version}.dist-info/"
    if name == "tensorflow":
        files = ["tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2", "tensorflow/python/lib.py"]
    elif name == "nvidia-cuda-nvcc-cu12":
        files = ["nvidia/cuda_nvcc/bin/ptxas"]
    else:
        folder = library[len("nvidia_") : -len("_cu12")]
        files = [f"nvidia/{folder}/lib/lib{folder}.so.12"]
    with zipfile.ZipFile(f"{sys.argv[1]}/{library}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(info + "METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "".join(f"{file},,4\\n" for file in files))
        for file in files:
            wheel.writestr(file, "abcd")
`;

describe('the step, with stand-ins for the wheels (CUDA itself is neither fetched nor opened)', () => {
  let clone: string;
  let python: string;
  beforeAll(() => {
    clone = temporaryFolder('gpu-set-up');
    python = findPython(process.env.SDM_PYTHON);
    fs.cpSync(path.join(root, 'scripts'), path.join(clone, 'scripts'), { recursive: true });
    for (const name of fs.readdirSync(root).filter((entry) => /^requirements.*\.txt$/.test(entry)))
      fs.copyFileSync(path.join(root, name), path.join(clone, name));
    const wheels = path.join(clone, 'wheels');
    fs.mkdirSync(wheels);
    const wanted = pins.map(([name, version]) => `${name}==${version}`);
    expect(spawnSync(python, ['-c', makeWheels, wheels, ...wanted]).status).toBe(0);
  });

  const runSteps = `
    const { pythonEnvironment, tensorflowPackage } = await import('./scripts/setup/tensorflow-package.mjs');
    const { reasonToRun, runStep } = await import('./scripts/setup/step.mjs');
    const tools = { python: process.argv[1], say: (text) => console.log(text) };
    for (const step of [pythonEnvironment, tensorflowPackage]) {
      if (reasonToRun(step) !== null) await runStep(step, tools);
      console.log(step.name + ': ' + reasonToRun(step));
    }`;
  function setUp(device: string): string {
    const env = {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^PIP_/.test(name))),
      ...{ SDM_DEVICE: device, SDM_TENSORFLOW: '', PIP_CONFIG_FILE: '/dev/null' },
      ...{ PIP_NO_INDEX: '1', PIP_FIND_LINKS: path.join(clone, 'wheels') },
    };
    const args = ['--input-type=module', '-e', runSteps, python];
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: clone, env });
    return `${String(stdout)}${String(stderr)}`;
  }

  it('puts all of them where TensorFlow and the doctor look, and is done then', () => {
    const said = setUp('gpu');
    expect(said).toMatch(/^set-up: for a GPU 3\.4 GB are fetched/m);
    expect(said).toMatch(/^python-environment: null\n[^]*^tensorflow-package: null\n$/m);
    const site = sitePackages(path.join(clone, '.venv'))!;
    expect(lackingLibraries(site)).toEqual([]);
    expect(fs.readdirSync(path.join(site, 'tensorflow')).sort()).toEqual([
      'libtensorflow_cc.so.2',
      'libtensorflow_framework.so.2',
    ]);
    expect(setUp('gpu')).toBe('python-environment: null\ntensorflow-package: null\n');
    fs.rmSync(path.join(site, 'nvidia', 'cudnn'), { recursive: true });
    expect(lackingLibraries(site)).toEqual(['nvidia-cudnn-cu12']);
  });

  it('makes the environment anew for the CPU, since both wheels share a folder', () => {
    const said = setUp('cpu'); // for which there is no stand-in
    expect(said).toContain('python-environment: null\n');
    expect(said).toContain('No matching distribution found for tensorflow-cpu==');
    expect(lackingLibraries(sitePackages(path.join(clone, '.venv'))!)).toHaveLength(12);
    expect(setUp('gpu')).toContain('tensorflow-package: null\n');
  });
});

describe('the package index (nothing is fetched from it: not that 3.4 GB arrive, nor that they work on a GPU)', () => {
  const run = promisify(execFile);
  /** Of which versions there is a wheel for this system; for a Python too new for TensorFlow's, as the set-up asks. */
  async function versions(name: string): Promise<string[]> {
    const pip = path.join(root, '.venv', 'bin', 'python');
    const { stdout: told } = await run(pip, ['-c', 'import sys; print(sys.version_info[1])']);
    const asked = Number(told) > 13 ? ['--python-version', '3.13'] : [];
    const args = ['-m', 'pip', 'index', 'versions', name, '--only-binary', ':all:', ...asked];
    const { stdout } = await run(pip, [...args, '--disable-pip-version-check']).catch(
      (error: unknown) => {
        const said = (error as Error).message;
        throw new Error(`This test needs the package index that pip is set up for. ${said}`);
      },
    );
    const line = /^Available versions: (.*)$/m.exec(stdout)?.[1] ?? '';
    return line.split(',').map((version) => version.trim());
  }

  it.each(pins)('has a wheel of %s %s for this system', async (name, version) => {
    expect(await versions(name)).toContain(version);
  });

  it('is asked for wheels that can be installed here, not for any', async () => {
    expect(await versions('tensorflow')).not.toContain('1.15.0'); // of Python 3.7 and older
  });
});
