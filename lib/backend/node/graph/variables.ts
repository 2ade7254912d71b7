/** The variables of tfjs while a function is traced: their reads, assignments and updates in place. */

import { engine, tf } from '../..';
import { retain } from '../binding';
import { fromTfjs, type TensorSpec } from './dtypes';
import type { Graph, GraphNode, OpNode, Ref } from './graph';

/** What a graph reads from outside: a variable, or a large constant that is never assigned. */
export type Source = tf.Variable | tf.Tensor;

/** A variable that gets a new value at the end. */
export interface Assignment {
  /** Its index in the sources. */
  readonly source: number;
  readonly value: tf.Tensor;
  /** What must have read it before, after it was changed in place. */
  readonly after: GraphNode | undefined;
}

/** A variable that is changed in place, and the last node to do so. */
export interface Update {
  readonly source: number;
  readonly node: GraphNode;
}

/** A variable's value after an update in place. */
interface Updated {
  readonly node: GraphNode;
  readonly read: GraphNode;
  readonly value: tf.DataId;
}

export class TracedVariables {
  readonly sources: Source[] = [];
  /** By the abstract value that a variable has at the start. */
  private readonly initial = new WeakMap<tf.DataId, tf.Variable>();
  private readonly updated = new Map<tf.Variable, Updated>();

  /** @param unread makes a value without a tensor, which stands for the ref, or for one that is made later */
  constructor(
    private readonly graph: Graph,
    private readonly unread: (spec: TensorSpec, ref?: Ref) => tf.DataId,
  ) {}

  /**
   * Gives every variable an abstract value, so that its reads and assignments show. (Two variables may have
   * the same value before, for example after `average.assign(weight)`; not so the abstract ones.)
   *
   * @returns what gives the variables their own values back
   */
  replaceValues(): () => void {
    const saved = allVariables().map((variable) => {
      const own = variable.dataId;
      variable.dataId = this.unread(specOfVariable(variable));
      engine().incRef(variable, null);
      this.initial.set(variable.dataId, variable);
      return { variable, own };
    });
    return () => {
      for (const { variable, own } of saved) {
        // Its own value was counted all the while.
        if (!variable.isDisposed) engine().disposeTensor(variable);
        variable.dataId = own;
        if (variable.isDisposed) engine().disposeTensor(variable);
      }
    };
  }

  has(dataId: tf.DataId): boolean {
    return this.initial.has(dataId);
  }

  /** The read of the variable that had this value at the start. */
  read(dataId: tf.DataId): Ref | undefined {
    const variable = this.initial.get(dataId);
    return variable && this.graph.variable(this.sourceOf(variable), specOfVariable(variable));
  }

  /** The read of a constant that the session is to hold. */
  hold(tensor: tf.Tensor, spec: TensorSpec): Ref {
    let index = this.sources.findIndex(({ dataId }) => dataId === tensor.dataId);
    if (index < 0) index = this.sources.push(retain(tensor)) - 1;
    return this.graph.variable(index, spec);
  }

  /** Whether none of them has been assigned. */
  canUpdate(variables: readonly tf.Variable[]): boolean {
    return variables.every(
      (variable) =>
        this.initial.get(variable.dataId) === variable ||
        this.updated.get(variable)?.value === variable.dataId,
    );
  }

  /** Records an op that changes variables in place, unless one of them has been assigned. */
  update(op: Omit<OpNode, 'outputs'>, variables: readonly tf.Variable[]): boolean {
    if (!this.canUpdate(variables)) return false;
    const handles = variables.map((variable) => this.sourceOf(variable));
    const after = variables.flatMap((variable) => this.updated.get(variable)?.read ?? []);
    const node = this.graph.update(op, handles, after);
    variables.forEach((variable, i) => {
      const spec = specOfVariable(variable);
      const read = this.graph.readAfter(node, handles[i] as number, spec);
      giveValue(variable, this.unread(spec, read));
      this.updated.set(variable, { node, read: read.node, value: variable.dataId });
    });
    return true;
  }

  /** What has become of the variables at the end of the function. */
  outcome(): { assignments: Assignment[]; updates: Update[] } {
    const assignments = allVariables()
      .filter((variable) => this.initial.get(variable.dataId) !== variable)
      .filter((variable) => this.updated.get(variable)?.value !== variable.dataId)
      .map((variable) => {
        const source = this.sourceOf(variable);
        return { source, value: variable, after: this.updated.get(variable)?.read };
      });
    const updates = [...this.updated].map(([variable, { node }]) => ({
      source: this.sourceOf(variable),
      node,
    }));
    return { assignments, updates };
  }

  disposeConstants(): void {
    for (const source of this.sources) if (!(source instanceof tf.Variable)) source.dispose();
  }

  private sourceOf(variable: tf.Variable): number {
    const index = this.sources.indexOf(variable);
    return index >= 0 ? index : this.sources.push(variable) - 1;
  }
}

/** As `Variable.assign`, of a value that has no tensor: one for each of some thousand variables takes its time. */
function giveValue(variable: tf.Variable, value: tf.DataId): void {
  engine().disposeTensor(variable);
  variable.dataId = value;
  engine().incRef(variable, null);
}

function specOfVariable({ shape, dtype }: tf.Variable): TensorSpec {
  return { shape, dtype: fromTfjs(dtype) };
}

/** Those that a graph can hold. */
function allVariables(): tf.Variable[] {
  return Object.values(engine().registeredVariables).filter(({ dtype }) => dtype !== 'string');
}
