// What differs between Linux and macOS when native code is built. The system is an argument, so that the other one's
// side is tested, too.
import path from 'node:path';

/** TensorFlow's libraries as its wheels name them. On a Mac they are `@rpath/…`, so that both systems need a run path. */
const names = {
  linux: ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'],
  darwin: ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib'],
};

/** @param {string} folder the wheel's `tensorflow` */
export const tensorflowLibraries = (folder, platform = process.platform) =>
  (names[platform] ?? names.linux).map((name) => path.join(folder, name));

/** For a linker's option whose value may hold commas and spaces, as folders do. */
const forLinker = (...words) => words.flatMap((word) => ['-Xlinker', word]);

/** What makes an addon for Node out of sources or objects: its symbols of Node are found when it is loaded. */
export const addonArguments = (platform = process.platform) =>
  platform === 'darwin'
    ? ['-fPIC', '-dynamiclib', '-undefined', 'dynamic_lookup']
    : ['-fPIC', '-shared'];

/** Whether a linker can leave it to the loader which library has a name. A Mac's binds each to the one that it saw. */
export const bindsWhenLoaded = (platform = process.platform) => platform !== 'darwin';

/** What makes an empty library that is asked for by the name of its file. */
export const emptyLibraryArguments = (file) => [
  ...['-shared', '-nostdlib', '-x', 'c++', '/dev/null', '-o', file],
  ...forLinker('-soname', path.basename(file)),
];

/** What links an addon to TensorFlow's libraries, which it then finds where they are installed now. */
export const tensorflowArguments = (folder, platform = process.platform) => [
  ...tensorflowLibraries(folder, platform),
  ...forLinker('-rpath', folder),
];

/** The same by empty libraries of the same names: they count, although nothing is found in them. */
export const emptyTensorflowArguments = (folder, emptyLibraries) => [
  ...forLinker('--no-as-needed'),
  ...emptyLibraries,
  ...forLinker('-rpath', folder),
];

/**
 * Optimized for this very processor. Apple's clang knows its processors by `-mcpu`, Intel's by `-march` as all others.
 */
export const nativeProcessor = (platform = process.platform, arch = process.arch) =>
  platform === 'darwin' && arch === 'arm64' ? '-mcpu=native' : '-march=native';

/**
 * What a processor can do, as /proc/cpuinfo says it: `flags` on Intel's and AMD's, `Features` on ARM, where the name of the
 * processor may be empty. Empty where neither is told.
 */
export const instructionsOf = (cpuinfo) => /^(flags|Features)\s*:.*$/m.exec(cpuinfo)?.[0] ?? '';

/**
 * Small addons whose functions the dynamic linker finds before TensorFlow's own. A Mac's binds each name to the library that
 * it was linked with, so that they would do nothing there: TensorFlow is less quiet, sessions share their threads, and
 * there is one worker.
 */
export const earlyAddonNames = (platform = process.platform) =>
  platform === 'darwin' ? [] : ['quiet', 'session-config', 'distributed'];

/**
 * GB of memory; what is available only where the system tells it.
 *
 * @param {() => string} meminfo the text of /proc/meminfo, which knows nothing of a container's limit
 * @param {number} [limit] of the container in bytes, as `process.constrainedMemory()`; 0 for none
 */
export function memoryOf(platform, meminfo, totalBytes, limit = 0) {
  if (platform !== 'linux') return { total: totalBytes / 1e9 };
  const most = (limit || Infinity) / 1e9;
  const gigabytes = (key) =>
    Math.min(
      most,
      (Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(meminfo())[1]) * 1024) / 1e9,
    );
  return { total: gigabytes('MemTotal'), available: gigabytes('MemAvailable') };
}
