'use strict';
// IPython's magics: `%time` and `%%time` work, of the others is said what to use.

const ts = require('typescript');

const timedLine = /^([ \t]*)%time[ \t](?=.*\S)/m;

/** As a module, so that `await` is one. */
function parses(text) {
  const options = {
    languageVersion: ts.ScriptTarget.Latest,
    setExternalModuleIndicator: (file) => (file.externalModuleIndicator = true),
  };
  return ts.createSourceFile('cell.ts', text, options).parseDiagnostics.length === 0;
}

/**
 * A cell that is `{ a: 1 }` alone is an object to who writes it, as Node's REPL takes it, and a block to TypeScript.
 *
 * @returns `text`, in brackets if it is one, and `bracket`: where the first was put in, or -1
 */
function objectInBrackets(text) {
  const at = text.search(/\S/);
  if (text[at] !== '{' || /;\s*$/.test(text)) return { text, bracket: -1 };
  const inBrackets = `${text.slice(0, at)}(${text.slice(at)}\n)`;
  return parses(inBrackets) ? { text: inBrackets, bracket: at } : { text, bracket: -1 };
}

/**
 * A cell without its magics, in as many characters: `%time f()` is `$time:f()`, a statement with a label.
 *
 * @returns `text`, and whether the whole cell is `timed`
 */
function withoutMagics(code) {
  const first = /^\s*%%time\b[^\n]*/.exec(code);
  const timed = first !== null;
  const bare = timed ? first[0].replace(/\S/g, ' ') + code.slice(first[0].length) : code;
  const text = bare.replace(/^#!/, '//'); // for a shell; no line of a function
  // What is TypeScript as it stands is left alone: `%time` in a template, a remainder over two lines.
  if (!timedLine.test(text) || parses(text)) return { text, timed };
  return { text: text.replaceAll(new RegExp(timedLine, 'gm'), '$1$$time:'), timed };
}

/** A line of such a text as it was written. */
const asWritten = (line) => line.replace(/^([ \t]*)\$time:/, '$1%time ');

/** TypeScript allows no label before `const`, which runs all the same. */
const isOfMagic = ({ code, file, start }) => code === 1344 && file.text.startsWith('$time:', start);

const instead = {
  timeit: '%time times one run; for many, time a loop by %%time.',
  pip: 'Packages of this kernel come by `npm install`.',
  conda: 'Packages of this kernel come by `npm install`.',
  cd: "Use process.chdir('folder').",
  pwd: 'Use process.cwd().',
  env: 'Use process.env.',
  run: "Import the file: import { name } from './file'.",
  load: "Import the file: import { name } from './file'.",
  matplotlib: 'It needs no such line: a figure at the end of a cell is shown.',
  who: 'Tab after the first letters of a name lists what there is.',
  bash: "Use execSync('command', { stdio: 'inherit' }) of node:child_process.",
  sh: "Use execSync('command', { stdio: 'inherit' }) of node:child_process.",
  writefile: "Use fs.writeFileSync('file', text) of node:fs.",
};

function shellCommand(command, what) {
  const quoted = command.includes("'") ? JSON.stringify(command) : `'${command}'`;
  const folder = /^cd\s+(\S+)$/.exec(command)?.[1];
  if (folder) return `${what}. Here: process.chdir('${folder}')`;
  return `${what}. Here: require('node:child_process').execSync(${quoted}, { stdio: 'inherit' })`;
}

/** What to use in the place of a line that this kernel does not know, or undefined. */
function unknownMagic(line) {
  const shell = /^!\s*([a-z.~/][^\n]*)/i.exec(line);
  if (shell)
    return shellCommand(
      shell[1].trim(),
      `!${shell[1].trim()} is IPython's way to run a shell command`,
    );
  const magic = /^%{1,2}([a-z]\w*)/i.exec(line);
  if (!magic) return undefined;
  const known = Object.hasOwn(instead, magic[1]) ? ` ${instead[magic[1]]}` : '';
  return `${magic[0]} is one of IPython's magics; of these %time and %%time work here.${known}`;
}

/** A duration in seconds as IPython prints it, to three digits. */
function duration(seconds) {
  if (seconds >= 60) {
    const parts = [
      ['d', Math.floor(seconds / 86400)],
      ['h', Math.floor(seconds / 3600) % 24],
      ['min', Math.floor(seconds / 60) % 60],
      ['s', Math.floor(seconds % 60)],
    ];
    return parts
      .filter(([, value]) => value > 0)
      .map(([unit, value]) => `${value}${unit}`)
      .join(' ');
  }
  if (seconds === 0) return '0 ns';
  const order = Math.min(3, Math.max(0, -Math.floor(Math.floor(Math.log10(seconds)) / 3)));
  const scaled = seconds * [1, 1e3, 1e6, 1e9][order];
  return `${Number(scaled.toPrecision(3))} ${['s', 'ms', 'µs', 'ns'][order]}`;
}

/** A clock as `%time` has it: CPU and wall time, printed at the end. */
class Stopwatch {
  start() {
    this.cpu = process.cpuUsage();
    this.wall = performance.now();
  }

  /** @param value given back */
  end(value) {
    const wall = (performance.now() - this.wall) / 1e3;
    const { user, system } = process.cpuUsage(this.cpu);
    const total = duration((user + system) / 1e6);
    console.log(
      `CPU times: user ${duration(user / 1e6)}, sys: ${duration(system / 1e6)}, total: ${total}\n` +
        `Wall time: ${duration(wall)}`,
    );
    return value;
  }
}

module.exports = {
  Stopwatch,
  asWritten,
  isOfMagic,
  objectInBrackets,
  shellCommand,
  unknownMagic,
  withoutMagics,
};
