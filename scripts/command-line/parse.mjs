// A command line against a command's table of options: what it asks for, or everything that is wrong with it.
// Node's own parser splits it; nothing of node_modules is needed, which is not there before the first set-up.
import util from 'node:util';
import { Misfit } from './kinds.mjs';
import { meantByOption, meantByWord } from './meant.mjs';

/**
 * @typedef {object} Option a flag, unless it has a kind
 * @property {import('./kinds.mjs').Kind} [kind] of its value
 * @property {string} help
 * @property {unknown} [default] the value where it is not given
 * @property {string} [byDefault] what help says of that, if not the value itself
 * @property {boolean} [multiple] may be given again and again; the value is a list
 * @property {(value: any) => string} [keyOf] of a value that may be given once for each key
 * @property {boolean} [pair] takes two words, NAME and VALUE, or NAME=VALUE
 * @property {string} [short] one letter
 * @property {string[] | Record<string, string>} [also] names that it has elsewhere, only to find what is meant; or what
 *   is meant by each
 *
 * @typedef {object} Command
 * @property {string} name
 * @property {string} run what people type: `npm run train`
 * @property {string} summary one sentence
 * @property {Record<string, Option>} options
 * @property {{ shown: string, kind: import('./kinds.mjs').Kind, help: string, least?: number, most?: number }} [words]
 *   what may stand there without an option
 * @property {string[]} [mustHave] options of which one must be given
 * @property {(values: object, words: unknown[]) => string | null} [check] of what belongs together
 * @property {(name: string) => string | null | undefined} [handOn] of options that another program knows: null if it is
 *   one, a sentence if it is misspelt; undefined if it is not for that program
 * @property {string} example
 * @property {string} [notes] the end of its help
 *
 * @typedef {{ help: true } | { problems: string[] } | { values: Record<string, any>, words: any[], rest: string[] }} Asked
 */

/** Where npm's own options end. */
const separator = ({ run }) => (run.startsWith('npx') ? ' ' : ' -- ');

/** `npm run train -- --steps 5` @param {Command} command */
export const commandLine = (command, args) => `${command.run}${separator(command)}${args}`;

const isHelp = (word) => /^(-h|--help)(=.*)?$/.test(word);
const quoted = (text) => (text === '' ? 'an empty text' : `'${text}'`);

/** `-p NAME VALUE` as one word for Node's parser. */
function joinPairs(args, options) {
  const flags = Object.entries(options)
    .filter(([, { pair }]) => pair)
    .flatMap(([name, { short }]) => [`--${name}`, ...(short ? [`-${short}`] : [])]);
  const joined = [];
  for (let i = 0; i < args.length; i++) {
    joined.push(args[i]);
    if (!flags.includes(args[i]) || args[i + 1] === undefined) continue;
    const name = args[++i];
    const whole = name.includes('=') || name.startsWith('-') || args[i + 1] === undefined;
    joined.push(whole ? name : `${name}=${args[++i]}`);
  }
  return joined;
}

/** Options of npm itself, which may stand in the user's settings. */
const NPMS_OWN = ['browser', 'no-browser', 'no-color'];

/** What `--steps 5` without `--` before it leaves: npm takes the option for itself, and hands on the rest. */
function takenByNpm(command, env) {
  if (env.npm_lifecycle_event === undefined) return [];
  const isTaken = (name) => {
    const [, negated] = /^no-(.+)$/.exec(name) ?? [];
    const value = env[`npm_config_${(negated ?? name).replace(/-/g, '_')}`];
    return !NPMS_OWN.includes(name) && (negated === undefined ? value !== undefined : value === '');
  };
  return Object.entries(command.options)
    .filter(([name]) => isTaken(name))
    .map(([name, { kind }]) => {
      const right = commandLine(command, `--${name}${kind ? ' …' : ''}`);
      return `npm has taken --${name} for itself: write ${right}, with -- before the options.`;
    });
}

/** @returns {{ value: unknown } | { problem: string }} */
function read(kind, label, given) {
  let more = '';
  try {
    const value = kind.read(given);
    if (value !== undefined) return { value };
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    more = error.message === '' ? '' : ` ${error.message}`;
  }
  return { problem: `${label}: expected ${kind.expected}, got ${quoted(given)}.${more}` };
}

/** Node's tokens, with the word of the command line that each came from. */
function tokensOf(args, options) {
  const config = {};
  for (const [name, { kind, short }] of Object.entries(options)) {
    config[name] = { type: kind ? 'string' : 'boolean', multiple: true };
    if (short) config[name].short = short;
  }
  const { tokens } = util.parseArgs({ args, options: config, strict: false, tokens: true });
  // A group such as -steps is several tokens of one word.
  return tokens.filter(({ index }, i) => i === 0 || tokens[i - 1].index !== index);
}

/**
 * @param {Command} command
 * @param {string[]} argv
 * @param {{ env?: NodeJS.ProcessEnv, elsewhere?: Command[] }} [context] `elsewhere`: other commands, whose options are
 *   taken for theirs
 * @returns {Asked}
 */
export function parse(command, argv, { env = process.env, elsewhere = [] } = {}) {
  if (argv.some(isHelp) || (argv.length === 1 && argv[0] === 'help')) return { help: true };
  const { options } = command;
  const args = joinPairs(argv, options);
  const problems = takenByNpm(command, env);
  if (problems.length > 0) return { problems };
  const given = new Map();
  const words = [];
  const rest = [];
  const tokens = tokensOf(args, options);
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') {
      words.push(token.value);
      continue;
    }
    const { index, value, inlineValue } = token;
    const isGroup = /^-[^-]./.test(args[index]) && !inlineValue;
    const isKnown = Object.hasOwn(options, token.name) && !isGroup;
    const raw = isGroup ? args[index] : token.rawName;
    if (!isKnown) {
      const problem = command.handOn?.(token.name);
      // What follows is its value, no word too many.
      const following = inlineValue ? undefined : tokens.find((one) => one.index === index + 1);
      const isValue =
        following?.kind === 'positional' || /^-[\d.]/.test(args[following?.index] ?? '');
      const next = isValue ? { ...following, value: args[following.index] } : undefined;
      if (next !== undefined) following.kind = 'option-terminator';
      if (problem !== null) {
        const name = raw.replace(/^-+/, '');
        const meant = meantByOption(command, name, inlineValue ? value : next?.value, elsewhere);
        problems.push(problem ?? `unknown option ${raw}.${meant}`);
      }
      rest.push(args[index], ...(next?.value === undefined ? [] : [next.value]));
      continue;
    }
    const option = options[token.name];
    const problem = valueProblem(option, token, given);
    if (problem !== null) {
      problems.push(problem);
      if (value !== undefined && !inlineValue && option.kind) break; // took the next option's name
      continue;
    }
    if (!option.kind) {
      given.set(token.name, true);
      continue;
    }
    const result = read(option.kind, raw, value);
    if ('problem' in result) problems.push(result.problem);
    const key = 'value' in result ? option.keyOf?.(result.value) : undefined;
    if (key !== undefined && given.get(token.name)?.some((one) => option.keyOf(one) === key))
      problems.push(`${raw} ${key} is given twice.`);
    given.set(token.name, [...(given.get(token.name) ?? []), result.value]);
  }
  const read_ = readWords(command, words, problems);
  if (problems.length > 0) return { problems };
  const values = Object.fromEntries(
    Object.entries(options).map(([name, option]) => [name, valueOf(option, given.get(name))]),
  );
  const missing = missingOption(command, given) ?? command.check?.(values, read_) ?? null;
  return missing === null ? { values, words: read_, rest } : { problems: [missing] };
}

/** What is wrong with how an option is given, whatever its value. */
function valueProblem({ kind, multiple }, { name, rawName, value, inlineValue }, given) {
  if (!kind) {
    if (inlineValue) return `${rawName} takes no value, got ${quoted(value)}.`;
    return given.has(name) ? `${rawName} is given twice.` : null;
  }
  const expected = `${rawName} needs a value: ${kind.expected}`;
  if (value === undefined) return `${expected}.`;
  if (!inlineValue && /^--?[a-z]/i.test(value)) return `${expected}; got the option ${value}.`;
  if (given.has(name) && !multiple) return `${rawName} is given twice.`;
  return null;
}

const valueOf = ({ kind, multiple, default: byDefault }, given) => {
  if (!kind) return given === true;
  if (multiple) return given ?? [];
  return given === undefined ? byDefault : given[0];
};

/** @param {Command} command */
function missingOption({ mustHave = [], options }, given) {
  if (mustHave.length === 0 || mustHave.some((name) => given.has(name))) return null;
  const shown = mustHave.map((name) => `--${name} ${options[name].kind?.shown ?? ''}`.trim());
  return `${shown.join(' or ')} must be given.`;
}

/** The words that stand without an option. */
function readWords(command, words, problems) {
  const { words: wanted } = command;
  if (wanted === undefined) {
    if (words.length > 0) {
      const meant = meantByWord(words[0], command);
      problems.push(`unexpected argument ${quoted(words[0])}.${meant}`);
    }
    return [];
  }
  const { kind, shown, least = 0, most = Infinity } = wanted;
  if (words.length < least) problems.push(`expected ${kind.expected}, got nothing.`);
  if (words.length > most) {
    problems.push(
      `expected ${most} ${shown}, got ${words.length}: ${words.map(quoted).join(', ')}.`,
    );
    return [];
  }
  return words.map((word) => {
    const result = read(kind, shown, word);
    if ('problem' in result) problems.push(result.problem);
    return result.value;
  });
}

/** The options of a command that were given, for another program that has the same. @param {Command} command */
export function givenOptions({ options }, values) {
  return Object.entries(options).flatMap(([name, { kind, multiple }]) => {
    const value = values[name];
    if (value === undefined || value === false) return [];
    if (!kind) return [`--${name}`];
    return (multiple ? value : [value]).map((one) => `--${name}=${one}`);
  });
}
