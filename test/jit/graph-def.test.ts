/** Graphs as they are written, read by the classes that Google's compiler made of TensorFlow's files (tfjs-node brings them). */
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { serializeNodes, type NodeDef } from '../../lib/backend/node/graph/graph-def';

/** What is asked of them here. */
interface Classes {
  readonly GraphDef: { deserializeBinary(bytes: Uint8Array): { getNodeList(): ReadNode[] } };
}
interface ReadNode {
  getName(): string;
  getOp(): string;
  getInputList(): string[];
  getAttrMap(): { get(key: string): ReadValue };
}
interface ReadValue {
  getI(): number;
  getB(): boolean;
  getType(): number;
  getS_asU8(): Uint8Array;
  getShape(): { getDimList(): { getSize(): number }[] };
  getList(): { getIList(): number[]; getTypeList(): number[]; getSList_asU8(): Uint8Array[] };
}

const { GraphDef } = createRequire(__filename)(
  '@tensorflow/tfjs-node-gpu/dist/proto/api_pb',
) as Classes;

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const node = (name: string, rest: Partial<NodeDef> = {}): NodeDef => ({
  name,
  op: 'NoOp',
  inputs: [],
  attributes: {},
  ...rest,
});
const read = (nodes: readonly NodeDef[]): ReadNode[] =>
  GraphDef.deserializeBinary(serializeNodes(nodes)).getNodeList();

describe('the nodes of a graph', () => {
  // The length of what is nested comes before it, in one byte up to 127, in two up to 16,383. The buffer doubles from 256.
  it.each([
    0, 1, 100, 120, 126, 127, 128, 129, 200, 240, 250, 256, 300, 16_370, 16_383, 16_384, 70_000,
  ])('keep names of %i letters', (length) => {
    const names = ['a'.repeat(length), 'é'.repeat(length), 'end'];
    const nodes = read(names.map((name) => node(name, { inputs: [name, '^b'] })));
    expect(nodes.map((one) => one.getName())).toEqual(names);
    expect(nodes.map((one) => one.getInputList())).toEqual(names.map((name) => [name, '^b']));
    expect(nodes.map((one) => one.getOp())).toEqual(names.map(() => 'NoOp'));
  });

  it('keep what is set, nested or not', () => {
    const names = Array.from({ length: 300 }, (_, i) => `variable${i}`);
    const [one] = read([
      node('one', {
        attributes: {
          whole: { kind: 'int', value: -3 },
          flag: { kind: 'bool', value: true },
          type: { kind: 'type', value: 14 },
          shape: { kind: 'shape', value: [2, 300, 70_000] },
          text: { kind: 'string', value: 'é'.repeat(90) },
          types: { kind: 'types', value: names.map(() => 1) },
          names: { kind: 'strings', value: names },
          sizes: { kind: 'ints', value: [1, 128, 16_384] },
        },
      }),
    ]);
    const value = (key: string) => one!.getAttrMap().get(key);
    expect([value('whole').getI(), value('flag').getB(), value('type').getType()]).toEqual([
      -3,
      true,
      14,
    ]);
    const dimensions = value('shape').getShape().getDimList();
    expect(dimensions.map((dimension) => dimension.getSize())).toEqual([2, 300, 70_000]);
    expect(text(value('text').getS_asU8())).toBe('é'.repeat(90));
    expect(value('types').getList().getTypeList()).toEqual(names.map(() => 1));
    expect(value('names').getList().getSList_asU8().map(text)).toEqual(names);
    expect(value('sizes').getList().getIList()).toEqual([1, 128, 16_384]);
  });
});
