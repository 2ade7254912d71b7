// The results as a table for people, and as JSON.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { inRoot } from '../setup/paths.mjs';

const columns = [
  'what',
  'peer',
  'ours',
  'faster',
  'wanted',
  'peer GB',
  'ours GB',
  'share',
  'wanted',
];

const time = ({ median, min, max }) =>
  `${median.toFixed(2)} s (${min.toFixed(2)}–${max.toFixed(2)})`;
const share = (x) => `1/${(1 / x).toFixed(1)}`;

/** @returns {string[][]} rows of cells */
function comparisonRows(results) {
  return results.map(({ title, faster, memory, peer, ours }) => [
    title,
    time(peer),
    time(ours),
    `${(peer.median / ours.median).toFixed(2)}×`,
    faster ? `≥ ${faster}×` : '',
    peer.peakGb.toFixed(2),
    ours.peakGb.toFixed(2),
    share(ours.peakGb / peer.peakGb),
    memory ? `≤ ${share(memory)}` : '',
  ]);
}

/** A table in Markdown, padded so that it reads as it is. */
export function markdownTable(head, rows) {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i].length)));
  const line = (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

export function comparisonTable(results) {
  return markdownTable(columns, comparisonRows(results));
}

/** A train step of batch 64 by groups of ops; the floor is what its operations or its bytes take at the rates found. */
export function costTable({ precision, flops, bytes, groups }) {
  const total = (of) => groups.reduce((sum, group) => sum + of(group), 0);
  const keys = ['nodes', 'operations', 'bytes', 'floor', 'seconds'];
  const all = Object.fromEntries(keys.map((key) => [key, total((group) => group[key])]));
  const rows = [...groups, { name: 'all', ...all }].map((group) => [
    group.name,
    String(group.nodes),
    (group.operations / 1e9).toFixed(1),
    (group.bytes / 1e9).toFixed(2),
    (group.floor * 1000).toFixed(0),
    (group.seconds * 1000).toFixed(0),
    group.floor < 1e-3 ? '' : `${(group.seconds / group.floor).toFixed(1)}×`,
  ]);
  const rates = `${(flops / 1e9).toFixed(0)} GFLOP/s, ${(bytes / 1e9).toFixed(0)} GB/s`;
  const head = [`${precision} (${rates})`, 'nodes', 'GFLOP', 'GB', 'floor ms', 'ms', 'gap'];
  return markdownTable(head, rows);
}

/** What a case missed of what was wanted. */
export function misses({ title, faster, memory, peer, ours }) {
  const missed = [];
  const speedup = peer.median / ours.median;
  const memoryShare = ours.peakGb / peer.peakGb;
  if (faster && speedup < faster) {
    missed.push(`${title}: ${speedup.toFixed(2)} times as fast, wanted ${faster}`);
  }
  if (memory && memoryShare > memory) {
    missed.push(`${title}: ${share(memoryShare)} of the memory, wanted ${share(memory)}`);
  }
  return missed;
}

/** The machine that measured, and which of its devices. @param {'cpu' | 'gpu'} [device] */
export function machine(device = 'cpu') {
  const [cpu] = os.cpus();
  return {
    device,
    cpu: cpu.model,
    cores: os.cpus().length,
    memoryGb: Number((os.totalmem() / 1e9).toFixed(1)),
    load: os.loadavg()[0],
    platform: `${os.platform()} ${os.arch()}`,
  };
}

/** runs/bench/<name>-<time>.json */
export const reportFile = (name) =>
  inRoot('runs', 'bench', `${name}-${new Date().toISOString().replace(/[:.]/g, '-')}.json`);

/** Writes a report, whole or not at all. @returns its path */
export function writeReport(name, report, file = reportFile(name)) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.part`, `${JSON.stringify(report, null, 2)}\n`);
  fs.renameSync(`${file}.part`, file);
  return path.relative(inRoot(), file);
}
