/** The thread that draws figures, one after the other; drawing.ts starts and ends it. */

import { parentPort } from 'node:worker_threads';
import { drawInPage, type PlotlySpec } from './page';

/** A figure to draw. */
export interface DrawingOrder {
  readonly spec: PlotlySpec;
  readonly width: number;
  readonly height: number;
}

/** Its SVG text, or why there is none, with the order's number. */
export type DrawingAnswer = { readonly id: number } & (
  { readonly svg: string } | { readonly problem: string }
);

const problemOf = (thrown: unknown) =>
  typeof thrown === 'object' && thrown !== null && 'message' in thrown
    ? String(thrown.message)
    : String(thrown);

let present = 0;
const answer = (message: DrawingAnswer) => parentPort?.postMessage(message);
// What plotly throws in a timer belongs to the figure that it draws.
const refuse = (thrown: unknown) => answer({ id: present, problem: problemOf(thrown) });

parentPort?.on('message', ({ id, spec, width, height }: DrawingOrder & { readonly id: number }) => {
  present = id;
  drawInPage(spec, width, height).then((svg) => answer({ id, svg }), refuse);
});
process.on('uncaughtException', refuse);
process.on('unhandledRejection', refuse);
