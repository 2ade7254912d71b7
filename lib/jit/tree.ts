/** Nested arrays and records of tensors: the arguments and results of traced functions. */

import { tf } from '../backend';
import { JitError } from './errors';

/** A tensor, or arrays and records of tensors, nested as one likes. `undefined` and `null` pass through. */
export type TensorTree =
  | tf.Tensor
  | null
  | undefined
  | void
  | readonly TensorTree[]
  | { readonly [key: string]: TensorTree };

/** The shape of a tree without its tensors. */
export type TreeStructure =
  | { readonly kind: 'tensor' }
  | { readonly kind: 'nothing'; readonly value: null | undefined }
  | { readonly kind: 'array'; readonly items: readonly TreeStructure[] }
  | {
      readonly kind: 'record';
      readonly keys: readonly string[];
      readonly items: readonly TreeStructure[];
    };

export interface FlattenOptions {
  /** Names of the top level's items, used in `paths`. */
  readonly names?: readonly string[];
  /** Whether records that differ only in the order of their keys are equal. Default true. */
  readonly sorted?: boolean;
}

export interface FlatTree {
  readonly structure: TreeStructure;
  readonly tensors: tf.Tensor[];
  /** Where each tensor is, for messages: `images`, `batch.labels`, `[2]`. */
  readonly paths: string[];
  /** Equal for trees of equal structure. */
  readonly key: string;
}

const TENSOR: TreeStructure = { kind: 'tensor' };

/**
 * Takes a tree apart.
 *
 * @param what names the tree in messages, for example `argument` or `result`
 * @throws JitError at a leaf that is no tensor
 */
export function flattenTree(
  tree: unknown,
  what: string,
  { names = [], sorted = true }: FlattenOptions = {},
): FlatTree {
  const tensors: tf.Tensor[] = [];
  const paths: string[] = [];
  let key = '';
  const walk = (node: unknown, path: string): TreeStructure => {
    if (node instanceof tf.Tensor) {
      tensors.push(node as tf.Tensor);
      paths.push(path);
      key += '*';
      return TENSOR;
    }
    if (node === null || node === undefined) {
      key += '-';
      return { kind: 'nothing', value: node };
    }
    if (Array.isArray(node)) {
      key += '[';
      const items = node.map((item, i) =>
        walk(item, path === '' ? (names[i] ?? `[${i}]`) : `${path}[${i}]`),
      );
      key += ']';
      return { kind: 'array', items };
    }
    if (isRecord(node)) {
      const keys = Object.keys(node);
      if (sorted) keys.sort();
      key += '{';
      const items = keys.map((name) => {
        key += `${JSON.stringify(name)}:`;
        return walk(node[name], path === '' ? name : `${path}.${name}`);
      });
      key += '}';
      return { kind: 'record', keys, items };
    }
    throw new JitError(notATensor(node, what, path));
  };
  return { structure: walk(tree, ''), tensors, paths, key };
}

/** Puts a tree together again from its tensors, in the order of `flattenTree`. */
export function buildTree(structure: TreeStructure, tensors: readonly tf.Tensor[]): unknown {
  let next = 0;
  const build = (node: TreeStructure): unknown => {
    if (node.kind === 'tensor') return tensors[next++];
    if (node.kind === 'nothing') return node.value;
    if (node.kind === 'array') return node.items.map(build);
    return Object.fromEntries(node.items.map((item, i) => [node.keys[i], build(item)]));
  };
  return build(structure);
}

function isRecord(node: unknown): node is Record<string, unknown> {
  if (typeof node !== 'object' || node === null) return false;
  const prototype: unknown = Object.getPrototypeOf(node);
  return prototype === Object.prototype || prototype === null;
}

function notATensor(node: unknown, what: string, path: string): string {
  const kind =
    typeof node === 'object' ? `a ${node?.constructor.name ?? 'object'}` : `a ${typeof node}`;
  const advice =
    typeof node === 'number'
      ? ' Pass tf.scalar(x), or let the function capture the number if it never changes.'
      : ' Let the function capture what never changes.';
  return `Expected ${what} ${path || 'at the top'} to be a tensor, got ${kind}.${advice}`;
}
