/** A trace, a layout or a part of one, in the terms of plotly.js's reference. */
export type PlotlyObject = { [key: string]: unknown };
