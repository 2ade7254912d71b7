/** Several trainings in one figure: their losses, and below what each of them draws. */
import { escapePlotly, LONGEST_LABEL, shortened } from '../figure/escape';
import { Figure } from '../figure/figure';
import type { ImageBatch } from '../figure/images';
import { paperOf } from '../figure/paper';
import type { PlotlyObject } from '../figure/plotly';
import { encodePng, imagesToGrid } from '../figure/png';
import { PALETTE } from '../figure/theme';
import { lossPanel } from './loss-panel';
import type { LossPoint } from './plots';
import { drawnIndices, requireSmoothing, short, smoothed } from './series';

/** A training to compare. */
export interface RunCurve {
  readonly name: string;
  /** At least one step. */
  readonly steps: readonly LossPoint[];
  /** What it draws, [N, H, W, C]; the same prompts and noise for all. Default: nothing is shown. */
  readonly samples?: ImageBatch;
}

export interface RunsPlotOptions {
  readonly title?: string;
  /** Weight of the past in the smoothed loss, 0 (none) … below 1. Default 0.95. */
  readonly smoothing?: number;
}

const WIDTH = 760;
const [LEFT, RIGHT, TOP] = [64, 24, 76];
const LOSS_HEIGHT = 260;
const BELOW = 66; // the step axis and its title
const LABEL_HEIGHT = 24;
const ROW_GAP = 10;

/**
 * The smoothed loss of each run over its steps, and below a row of images for each that has some, in the colour order of the
 * legend.
 *
 * @throws Error if there is no run or one has no step; RangeError if `smoothing` is outside [0, 1)
 */
export function runsPlot(
  runs: readonly RunCurve[],
  { title = 'Runs', smoothing = 0.95 }: RunsPlotOptions = {},
): Figure {
  requireSmoothing(smoothing);
  if (!runs.length) throw new Error('Expected at least one run, got none.');
  const label = ({ name }: RunCurve) => shortened(name, LONGEST_LABEL);
  const curves = runs.map((run, index) => {
    if (!run.steps.length) {
      throw new Error(`Expected at least one step of each run, got none: ${label(run)}.`);
    }
    const means = smoothed(
      run.steps.map(({ loss }) => loss),
      smoothing,
    );
    return { run, means, color: PALETTE[index % PALETTE.length], drawn: drawnIndices(means) };
  });
  const rows = runs.flatMap((run) => {
    if (!run.samples) return [];
    const across = Math.min(run.samples.shape[0] ?? 1, 20);
    const side = run.samples.shape[2] ?? 1;
    const scale = Math.max(
      1,
      Math.min(2, Math.floor((WIDTH - LEFT - RIGHT) / across / (side + 1))),
    );
    return [{ run, raster: imagesToGrid(run.samples, { columns: across, scale, padding: 1 }) }];
  });
  const samplesTop = TOP + LOSS_HEIGHT + BELOW;
  const height = rows.reduce(
    (sum, { raster }) => sum + LABEL_HEIGHT + raster.height + ROW_GAP,
    samplesTop,
  );
  const paper = paperOf(WIDTH - LEFT - RIGHT, height);
  const images: PlotlyObject[] = [];
  const annotations: PlotlyObject[] = [];
  let top = samplesTop;
  for (const { run, raster } of rows) {
    annotations.push(paper.text(label(run), 0, top + LABEL_HEIGHT / 2, 'left'));
    top += LABEL_HEIGHT;
    const png = encodePng(raster.pixels, raster.width, raster.height, raster.channels);
    images.push(paper.image(png, { left: 0, top, width: raster.width, height: raster.height }));
    top += raster.height + ROW_GAP;
  }
  const losses = curves.flatMap(({ means }) => means);
  const frame = { width: WIDTH, height, left: LEFT, right: RIGHT, top: TOP };
  const layout: PlotlyObject = {
    ...lossPanel({ ...frame, lossHeight: LOSS_HEIGHT, title, losses }),
    showlegend: true,
    hovermode: 'x unified',
    images,
    annotations,
  };
  const data = curves.map(({ run, means, color, drawn }): PlotlyObject => ({
    type: 'scatter',
    mode: drawn.length === 1 ? 'markers' : 'lines',
    name: escapePlotly(label(run)),
    x: drawn.map((i) => run.steps[i]?.step),
    y: drawn.map((i) => short(means[i] ?? NaN)),
    line: { color, width: 2.5 },
  }));
  const words = curves.map(
    ({ run, means }) =>
      `${label(run)}: ${run.steps.length} steps, loss ${short(means.at(-1) ?? NaN)}${smoothing ? ' (smoothed)' : ''}`,
  );
  return new Figure(data, layout, { alt: `${title}: ${words.join('; ')}.` });
}
