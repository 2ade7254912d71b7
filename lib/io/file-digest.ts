import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

/** A file's digest in hex, read a mebibyte at a time. */
export function digestOfFile(file: string, hash: Hash): string {
  const buffer = Buffer.allocUnsafe(1 << 20);
  const handle = openSync(file, 'r');
  try {
    for (;;) {
      const count = readSync(handle, buffer, 0, buffer.length, null);
      if (count === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, count));
    }
  } finally {
    closeSync(handle);
  }
}

export function sha256OfFile(file: string): string {
  return digestOfFile(file, createHash('sha256'));
}
