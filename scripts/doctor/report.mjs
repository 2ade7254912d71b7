// What the doctor found, as a file that can be sent: without names of people and machines, without paths and tokens.
import os from 'node:os';
import { root } from '../setup/paths.mjs';

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/**
 * @param {string} text
 * @param {{ root: string, home: string, user: string, host: string }} known what must not be told
 */
export function anonymous(text, known) {
  const hidden = [
    [known.root, '<clone>'],
    [known.home, '<home>'],
  ].filter(([value]) => value.length > 1);
  let told = text;
  for (const [value, shown] of hidden) told = told.replaceAll(value, shown);
  told = told
    .replace(/\b[a-z][a-z\d+.-]*:\/\/[^\s'"`]+/gi, '<address>')
    .replace(/(['"`])(?:~|[A-Za-z]:)?[\\/][^'"`]*\1/g, '$1<path>$1')
    // not after a word, as in 1/2 or CPU/GPU; <clone>/scripts stays
    .replace(/(?<![\w>.)/])(?:~|[A-Za-z]:)?[\\/][^\s'"`,;:()<>|]+/g, '<path>')
    .replace(/\b(hf|npm|pypi|ghp|gho|github_pat)[-_][A-Za-z\d_-]{8,}/g, '<token>')
    .replace(/\b(\w*(?:token|password|secret|key)\w*)\s*[=:]\s*\S+/gi, '$1=<hidden>')
    .replace(/\b[\w.+-]+@[\w-]+\.[\w.-]+\b/g, '<mail>')
    .replace(/\b[A-Fa-f\d]{32,}\b/g, '<number>');
  for (const [name, shown] of [
    [known.host, '<machine>'],
    [known.user, '<user>'],
  ]) {
    if (name.length > 1)
      told = told.replace(new RegExp(`(?<!\\w)${escaped(name)}(?!\\w)`, 'g'), shown);
  }
  return told;
}

function userName() {
  try {
    return os.userInfo().username;
  } catch {
    return ''; // a number without a name, as in containers
  }
}

/** @param {string[]} lines as the doctor printed them */
export function reportOf(lines) {
  const known = { root, home: os.homedir(), user: userName(), host: os.hostname() };
  const machine = [
    `${process.platform} ${os.release()} ${process.arch}, Node ${process.versions.node}`,
    `${os.cpus().length} × ${os.cpus()[0]?.model.trim() ?? 'unknown'}, ${(os.totalmem() / 1e9).toFixed(1)} GB`,
    `C library: ${process.report.getReport().header.glibcVersionRuntime ?? 'not glibc'}`,
  ];
  return `${[...machine, '', ...lines].map((line) => anonymous(line, known)).join('\n')}\n`;
}
