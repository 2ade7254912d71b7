/**
 * A folder's manifest: the size and SHA-256 of each of its files. It is written last, so a folder whose
 * manifest holds is complete and as it was written.
 */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { writeFileAtomically } from '../atomic-write';
import { sha256OfFile } from '../file-digest';

export const MANIFEST_FILE = 'manifest.json';

/** What a manifest says. */
export interface Manifest {
  readonly version: 1;
  /** What the checkpoint was measured by, if it was. */
  readonly metric: number | null;
  /** By path within the folder, with `/` between the parts. */
  readonly files: Readonly<Record<string, { readonly size: number; readonly sha256: string }>>;
}

/** The files below a folder, sorted, with `/` between the parts. */
export function filesBelow(folder: string, prefix = ''): string[] {
  const entries = fs.readdirSync(path.join(folder, prefix), { withFileTypes: true });
  return entries
    .flatMap((entry) => {
      const name = prefix ? `${prefix}/${entry.name}` : entry.name;
      return entry.isDirectory() ? filesBelow(folder, name) : [name];
    })
    .sort();
}

const digestOf = (manifest: Manifest) =>
  createHash('sha256').update(JSON.stringify(manifest)).digest('hex');

/**
 * Writes the manifest of all files below the folder.
 *
 * @throws the file system's error
 */
export function writeManifest(folder: string, metric: number | null = null): void {
  const names = filesBelow(folder).filter((name) => name !== MANIFEST_FILE);
  const entries = names.map((name) => {
    const file = path.join(folder, name);
    return [name, { size: fs.statSync(file).size, sha256: sha256OfFile(file) }] as const;
  });
  const manifest: Manifest = { version: 1, metric, files: Object.fromEntries(entries) };
  const json = JSON.stringify({ ...manifest, sha256: digestOf(manifest) }, null, 1);
  writeFileAtomically(path.join(folder, MANIFEST_FILE), [`${json}\n`]);
}

/** Reads a manifest. @returns what is wrong with it as text, if it is damaged */
export function readManifest(folder: string): Manifest | string {
  let text: string;
  try {
    text = fs.readFileSync(path.join(folder, MANIFEST_FILE), 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'it has no manifest.json, so it was not finished' : message;
  }
  try {
    const { version, metric, files, sha256 } = JSON.parse(text) as Manifest & { sha256: string };
    const manifest: Manifest = { version, metric, files };
    if (version === 1 && sha256 === digestOf(manifest)) return manifest;
  } catch {
    // reported below
  }
  return 'manifest.json is damaged';
}

/**
 * Compares a folder with its manifest, every byte. Files that it does not name are passed over.
 *
 * @returns what is wrong, naming the first bad file; null if all is well
 */
export function findDamage(folder: string): string | null {
  const manifest = readManifest(folder);
  if (typeof manifest === 'string') return manifest;
  for (const [name, { size, sha256 }] of Object.entries(manifest.files)) {
    const file = path.join(folder, name);
    try {
      const found = fs.statSync(file).size;
      if (found !== size) return `${name}: expected ${size} bytes, found ${found}`;
      if (sha256OfFile(file) !== sha256) return `${name}: its SHA-256 is not the manifest's`;
    } catch (error) {
      return `${name}: ${(error as Error).message}`;
    }
  }
  return null;
}
