// A folder of the page on a server of this machine, as any static host gives it.
import path from 'node:path';
import { preview } from 'vite';

/** @param {{ port?: number }} [options] a port that must be free; default: one that is @returns vite's server */
export const serveFolder = (output, { port } = {}) =>
  preview({
    configFile: false,
    root: path.dirname(output),
    appType: 'mpa',
    logLevel: 'warn',
    build: { outDir: output },
    preview: { host: '127.0.0.1', ...(port && { port, strictPort: true }) },
  });
