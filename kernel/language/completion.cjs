'use strict';
// Tab: names with their kinds, signatures and docstrings.

const ts = require('typescript');

const { ScriptElementKind: kind, SymbolFlags: flags } = ts;

/** Kinds as Jupyter (Jedi) calls them, which JupyterLab has icons for; the first that fits. */
const kindsOfSymbols = [
  [flags.Function | flags.Method, 'function'],
  [flags.Class | flags.Interface | flags.TypeAlias | flags.Enum | flags.TypeParameter, 'class'],
  [flags.Variable, 'instance'],
  [flags.Module, 'module'],
  [flags.Property | flags.Accessor | flags.EnumMember, 'property'],
];

/** Of what is no symbol. */
const kindsOfOthers = {
  [kind.keyword]: 'keyword',
  [kind.primitiveType]: 'keyword',
  [kind.parameterElement]: 'param',
  [kind.directory]: 'path',
  [kind.scriptElement]: 'path',
  [kind.externalModuleName]: 'module',
};

function kindOf(checker, { kind: name, symbol }) {
  if (Object.hasOwn(kindsOfOthers, name)) return kindsOfOthers[name];
  if (!symbol) return 'instance';
  const own = symbol.flags & flags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  return kindsOfSymbols.find(([some]) => (own.flags & some) !== 0)?.[1] ?? 'instance';
}

/** Signatures and docstrings are told of as many names as come within this time; the first are the likeliest. */
const patience = 100; // milliseconds
const mostDescribed = 40;

/** `sqrt(x: number): number` of what TypeScript shows for it. */
function signatureOf(name, shown) {
  const start = shown.indexOf(`${name}(`);
  const generic = shown.indexOf(`${name}<`);
  const at = start >= 0 ? start : generic;
  return at < 0 ? '' : shown.slice(at + name.length).replace(/\nexport \S+$/, '');
}

function describe(service, file, position, { name, source }) {
  const details = service.getCompletionEntryDetails(
    file,
    position,
    name,
    {},
    source,
    undefined,
    undefined,
  );
  if (!details) return { signature: '' };
  const shown = ts.displayPartsToString(details.displayParts);
  const documentation = ts.displayPartsToString(details.documentation);
  return {
    signature: signatureOf(name, shown),
    ...(documentation ? { documentation } : {}),
  };
}

/** @returns `start`, `end`, and `names` with what Jupyter wants to know of each */
function complete(cells, text, position) {
  const { program, file } = cells.open(text);
  const checker = program.getTypeChecker();
  const { service } = cells;
  const found = service.getCompletionsAtPosition(file, position, { includeSymbol: true });
  const before = /[\p{ID_Continue}$]*$/u.exec(text.slice(0, position))[0];
  const after = /^[\p{ID_Continue}$]*/u.exec(text.slice(position))[0];
  const span = found?.entries[0]?.replacementSpan ?? found?.optionalReplacementSpan;
  const start = span?.start ?? position - before.length;
  const end = span ? span.start + span.length : position + after.length;
  const prefix = text.slice(start, position);
  const lower = prefix.toLowerCase();
  const rank = ({ name, sortText }) => {
    const place = name.startsWith(prefix) ? 0 : name.toLowerCase().startsWith(lower) ? 1 : 2;
    return `${place}${sortText}${name}`;
  };
  const entries = (found?.entries ?? [])
    .filter(({ name }) => name.toLowerCase().includes(lower))
    .map((entry) => [rank(entry), entry])
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, entry]) => entry);
  const until = performance.now() + patience;
  const names = entries.map((entry, index) => ({
    start,
    end,
    text: entry.name,
    type: kindOf(checker, entry),
    ...(index < mostDescribed && performance.now() < until
      ? describe(service, file, position, entry)
      : { signature: '' }),
  }));
  return { start, end, names };
}

module.exports = { complete };
