/** The source of a part of the library, as it stood in lib/ when the library was loaded: that is what runs. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { inspect } from 'node:util';
import type ts from 'typescript';
import type { MimeBundle } from '../figure/display-handle';

const LIB = resolve(__dirname, '..', '..', 'lib');

/** TypeScript as the kernel has it: loaded already when a cell asks. */
const typescript = () => createRequire(__filename)('typescript') as typeof ts;

/** A piece of source; end a cell with it. Notebooks highlight it as TypeScript. */
export class Source {
  constructor(
    /** The text with its comment. */
    readonly code: string,
    /** `lib/…`, with `/` on every system. */
    readonly file: string,
    /** The first and last line, from 1. */
    readonly lines: readonly [number, number],
  ) {}

  toString(): string {
    return `// ${this.file}:${this.lines[0]}–${this.lines[1]}\n${this.code}`;
  }

  [inspect.custom](): string {
    return this.toString();
  }

  [Symbol.for('Jupyter.display')](): MimeBundle {
    const fence = '`'.repeat(4); // docstrings hold three
    return {
      'text/markdown': `${fence}ts\n${this.code}\n${fence}\n\n_${this.file}, lines ${this.lines[0]} to ${this.lines[1]}_`,
      'text/plain': this.toString(),
    };
  }
}

function nameOf(part: unknown): string {
  if (typeof part === 'string') return part;
  const named = typeof part === 'function' ? part : (part as object | null)?.constructor;
  const name = (named as { name?: string } | undefined)?.name;
  if (!name || named === Object) {
    throw new TypeError(
      `Expected a class, a function or an object of the library, got ${inspect(part)}.`,
    );
  }
  return name;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = join(folder, entry.name);
    if (entry.isDirectory()) return sourceFiles(file);
    return entry.name.endsWith('.ts') ? [file] : [];
  });
}

/** Text by file. What is edited later does not run in this process. */
const SOURCES = existsSync(LIB)
  ? sourceFiles(LIB).map((path) => [path, readFileSync(path, 'utf8')] as const)
  : [];

/** The declaration of a name at the top of a file, or undefined. */
function topDeclaration(file: ts.SourceFile, name: string): ts.Node | undefined {
  const { isClassDeclaration, isFunctionDeclaration, isVariableStatement } = typescript();
  return file.statements.find((statement) => {
    if (isClassDeclaration(statement)) return statement.name?.text === name;
    // an overload has no body
    if (isFunctionDeclaration(statement)) return statement.name?.text === name && statement.body;
    if (!isVariableStatement(statement)) return false;
    return statement.declarationList.declarations.some((d) => d.name.getText(file) === name);
  });
}

function memberOf(declaration: ts.Node, name: string, file: ts.SourceFile): ts.Node {
  const members = typescript().isClassDeclaration(declaration) ? [...declaration.members] : [];
  const named = members.filter((member) => member.name?.getText(file) === name);
  const found = named.at(-1);
  if (found) return found;
  const known = members.map((member) => member.name?.getText(file)).filter(Boolean);
  throw new Error(`Expected a member among ${known.join(', ')}, got ${name}.`);
}

/** Classes of the library with a method of that name. */
function classesWith(method: string): string[] {
  const { createSourceFile, isClassDeclaration, ScriptTarget } = typescript();
  return SOURCES.filter(([, text]) => text.includes(` ${method}(`)).flatMap(([path, text]) => {
    const file = createSourceFile(path, text, ScriptTarget.Latest, /* setParentNodes */ true);
    return file.statements
      .filter(isClassDeclaration)
      .filter(({ members }) => members.some(({ name }) => name?.getText(file) === method))
      .flatMap(({ name }) => (name ? [name.text] : []));
  });
}

/** The class among the modules that are loaded which has this very method. */
function ownerOf(method: unknown, name: string): string | undefined {
  for (const loaded of Object.values(createRequire(__filename).cache)) {
    const exported: unknown = loaded?.exports;
    if (typeof exported !== 'object' || exported === null) continue;
    for (const key of Object.keys(exported)) {
      const value = Object.getOwnPropertyDescriptor(exported, key)?.value as unknown;
      if (typeof value !== 'function') continue;
      const prototype = value.prototype as object | undefined;
      const own: unknown = prototype && Object.getOwnPropertyDescriptor(prototype, name)?.value;
      if (own === method && findTop(value.name)) return value.name;
    }
  }
  return undefined;
}

/** `pipeline.generate` is a method. */
function notFound(name: string, owners: readonly string[]): Error {
  if (owners.length === 0)
    return new Error(`Expected a class or function of lib/, found none named ${name}.`);
  return new Error(
    `${name} is a method of ${owners.join(', ')}: showSource('${owners[0]}.${name}').`,
  );
}

/** The file with a name at its top, and what declares it there. */
function findTop(name: string) {
  const mention = new RegExp(`\\b(class|function|const)\\s+${name}\\b`);
  const { createSourceFile, ScriptTarget } = typescript();
  for (const [path, text] of SOURCES) {
    if (!/^[\w$]+$/.test(name) || !mention.test(text)) continue;
    const file = createSourceFile(path, text, ScriptTarget.Latest, /* setParentNodes */ true);
    const declaration = topDeclaration(file, name);
    if (declaration) return { path, text, file, declaration };
  }
  return undefined;
}

/**
 * The source of a class or function of the library, or of one member of a class:
 * `showSource(UNet2DConditionModel)`, `showSource(unet, 'forward')`, `showSource('UNet2DConditionModel.forward')`.
 *
 * @throws Error if lib/ has no such name, or the class no such member; TypeError if it is no part of the library
 */
export function showSource(part: unknown, member?: string): Source {
  const [name = '', inName] = nameOf(part).split('.', 2);
  const found = findTop(name);
  if (!found) {
    const owners = classesWith(name);
    if (typeof part === 'function') {
      const owner = owners.length > 1 ? ownerOf(part, name) : owners[0];
      if (owner !== undefined) return showSource(owner, name);
    }
    throw notFound(name, owners);
  }
  const { path, text, file, declaration } = found;
  const own = member ?? inName;
  const node = own === undefined ? declaration : memberOf(declaration, own, file);
  const start = node.getStart(file, /* includeJsDocComment */ true);
  const lineOf = (position: number) => file.getLineAndCharacterOfPosition(position).line;
  const column = file.getLineAndCharacterOfPosition(start).character;
  const code = text.slice(start, node.end).replaceAll(`\n${' '.repeat(column)}`, '\n');
  const shown = ['lib', ...relative(LIB, path).split(/[\\/]/)].join('/');
  return new Source(code, shown, [lineOf(start) + 1, lineOf(node.end) + 1]);
}
