/** How much memory a graph needs. */
import { bytesOf } from './dtypes';
import type { GraphNode } from './graph';
import type { Traced } from './traced';

/** Ops whose output is their first input's memory under another shape or name. */
const SAME_MEMORY = new Set(['Reshape', 'Identity', 'ExpandDims', 'Squeeze', 'StopGradient']);

/**
 * Bytes that a run's values take at most at once, one node after another and each value given back after its last use.
 * Variables and inputs are not counted, nor is what kernels take for themselves while they run.
 */
export function peakBytes({ graph, outputs, assignments, updates }: Traced): number {
  const results = [...outputs, ...assignments.map(({ value }) => value)].map(({ node }) => node);
  const nodes = graph.reachable([...results, ...updates.map(({ node }) => node)]);
  const owners = new Map<GraphNode, GraphNode>();
  const ownerOf = (node: GraphNode) => owners.get(node) ?? node;
  const lastUse = new Map<GraphNode, number>();
  nodes.forEach((node, i) => {
    const [first] = node.inputs;
    if (first && SAME_MEMORY.has(node.op)) owners.set(node, ownerOf(first.node));
    for (const used of [node, ...node.inputs.map((ref) => ref.node)]) lastUse.set(ownerOf(used), i);
  });
  for (const node of results) lastUse.set(ownerOf(node), nodes.length);
  const freed = new Map<number, number>();
  const bytes = (node: GraphNode) =>
    node.input === undefined && node.variable === undefined ? bytesOf(node.outputs) : 0;
  for (const [node, i] of lastUse) freed.set(i, (freed.get(i) ?? 0) + bytes(node));
  let [now, peak] = [0, 0];
  nodes.forEach((node, i) => {
    if (ownerOf(node) === node) now += bytes(node);
    peak = Math.max(peak, now);
    now -= freed.get(i) ?? 0;
  });
  return peak;
}
