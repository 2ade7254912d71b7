// Cost of a train step against batch size and against width, both sides, as a plot.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { inRoot } from '../setup/paths.mjs';
import { compare } from './compare.mjs';
import { markdownTable, writeReport } from './report.mjs';

const require = createRequire(import.meta.url);

export async function runSweep(sweep, { python, inputsOf, quick, machine, say }) {
  const measure = async (points, what) => {
    const measured = [];
    for (const point of points) {
      say(`${what} ${point.x} …`);
      const effort = { checked: 2, rounds: quick ? 1 : 3, perRound: 1 };
      const inputs = inputsOf(point.width);
      measured.push({ x: point.x, ...(await compare(point, { inputs, python, effort })) });
    }
    return measured;
  };
  const batches = await measure(quick ? sweep.batches.slice(0, 2) : sweep.batches, 'batch');
  const widths = await measure(quick ? sweep.widths.slice(0, 2) : sweep.widths, 'width ×');
  console.log(table('batch', batches));
  console.log(table('width ×', widths));
  console.log(writeReport('sweep', { machine, batches, widths }));
  const folder = quick ? inRoot('runs', 'bench') : inRoot('docs', 'images');
  fs.mkdirSync(folder, { recursive: true });
  await plot(batches, widths, path.join(folder, 'cost.svg'));
}

function table(what, points) {
  const rows = points.map(({ x, peer, ours }) => [
    String(x),
    peer.median.toFixed(2),
    ours.median.toFixed(2),
    `${(peer.median / ours.median).toFixed(2)}×`,
    peer.peakGb.toFixed(2),
    ours.peakGb.toFixed(2),
  ]);
  const head = [what, 'PyTorch s', 'ours s', 'faster', 'PyTorch GB', 'ours GB'];
  return `\n${markdownTable(head, rows)}`;
}

const COLORS = { peer: '#d55e00', ours: '#0072b2' };

/** Three panels: time and memory against the batch, time against the width; log scales. */
async function plot(batches, widths, file) {
  const { Figure } = require(inRoot('dist', 'figure', 'figure.js'));
  const panels = [
    ['Seconds a step', 'Batch size', batches, ({ median }) => median],
    ['Peak memory, GB', 'Batch size', batches, ({ peakGb }) => peakGb],
    ['Seconds a step at batch 64', 'Width (× channels)', widths, ({ median }) => median],
  ];
  const data = [];
  const layout = {
    width: 960,
    height: 360,
    grid: { rows: 1, columns: 3, pattern: 'independent', xgap: 0.12 },
    margin: { l: 60, r: 20, t: 60, b: 50 },
    plot_bgcolor: 'white',
    legend: { orientation: 'h', x: 0.5, xanchor: 'center', y: 1.2 },
    font: { size: 13 },
  };
  panels.forEach(([title, xTitle, points, valueOf], i) => {
    const suffix = i === 0 ? '' : String(i + 1);
    for (const [side, name] of [
      ['peer', 'PyTorch + diffusers'],
      ['ours', 'this library'],
    ]) {
      data.push({
        type: 'scatter',
        mode: 'lines+markers',
        x: points.map(({ x }) => x),
        y: points.map((point) => valueOf(point[side])),
        name,
        legendgroup: side,
        showlegend: i === 0,
        line: { color: COLORS[side] },
        xaxis: `x${suffix}`,
        yaxis: `y${suffix}`,
      });
    }
    const ticks = points.map(({ x }) => x);
    const axis = { type: 'log', gridcolor: '#e5e5e5', automargin: true };
    layout[`xaxis${suffix}`] = {
      ...axis,
      title: { text: xTitle },
      tickvals: ticks,
      ticktext: ticks.map(String),
    };
    layout[`yaxis${suffix}`] = { ...axis, title: { text: title }, dtick: 'D2' };
  });
  const alt =
    'Time and peak memory of a train step against batch size, and time against width, for PyTorch ' +
    'with diffusers and for this library.';
  await new Figure(data, layout, { alt }).save(file);
  console.log(path.relative(inRoot(), file));
}
