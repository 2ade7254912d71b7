/** Which layers of a model an adapter goes on, by torch's names of modules. */
import { namedModules, type PlacedModule } from '../state-dict';
import { Linear } from '../layers';
import { asPlainLayer, type PlainLayer } from './layers';

/** A layer and its place in the model. */
export interface Target {
  readonly name: string;
  readonly layer: PlainLayer;
  readonly parent: object;
  readonly key: string;
}

/** The layers that can have adapters, by name. */
export function targetsOf(model: object): Map<string, Target> {
  const found = new Map<string, Target>();
  for (const [name, { module, parent, key }] of namedModules(model)) {
    const layer = asPlainLayer(module);
    if (layer && parent) found.set(name, { name, layer, parent, key });
  }
  return found;
}

/** Whether a module's name is meant; as peft's `check_target_module_exists`. */
function matcher(target: string): (name: string) => boolean {
  return (name) => name === target || name.endsWith(`.${target}`);
}

/**
 * @param owner for messages
 * @throws RangeError naming the targets that match no layer, or modules that are neither `Linear` nor `Conv2d`
 */
export function chosenTargets(
  owner: string,
  model: object,
  targetModules: string | readonly string[],
): Target[] {
  const modules = namedModules(model);
  const targets = targetsOf(model);
  const wanted =
    typeof targetModules !== 'string'
      ? targetModules.map((target) => ({ target, matches: matcher(target) }))
      : [{ target: targetModules, matches: matchesWhole(targetModules, targets) }];
  const unmatched = wanted
    .filter(({ matches }) => ![...modules.keys()].some(matches))
    .map(({ target }) => target);
  if (unmatched.length > 0) throw new RangeError(noSuchTarget(owner, model, unmatched, targets));
  const chosen = [...modules].filter(([name]) => wanted.some(({ matches }) => matches(name)));
  const others = chosen.filter(([name]) => !targets.has(name));
  if (others.length > 0) {
    const some = others.slice(0, 10).map(shown).join(', ');
    const more = others.length > 10 ? `, … and ${others.length - 10} more` : '';
    throw new RangeError(
      `${owner}: expected targetModules to be Linear or Conv2d layers, got ${some}${more}.`,
    );
  }
  return chosen.map(([name]) => targets.get(name)!);
}

function matchesWhole(pattern: string, targets: ReadonlyMap<string, Target>) {
  if (pattern === 'all-linear') return (name: string) => targets.get(name)?.layer instanceof Linear;
  const expression = new RegExp(`^(?:${pattern})$`);
  return (name: string) => expression.test(name);
}

const shown = ([name, { module }]: [string, PlacedModule]) =>
  `${name || 'the model itself'} (${module.constructor.name})`;

function noSuchTarget(
  owner: string,
  model: object,
  unmatched: readonly string[],
  targets: ReadonlyMap<string, Target>,
): string {
  const numbered = /\.\d+(?=\.|$)/;
  const ends = [...targets.keys()].map((name) => {
    const parts = name.split('.');
    const last = numbered.test(`.${parts.at(-1)}`) ? parts.slice(-2) : parts.slice(-1);
    return last.join('.');
  });
  return (
    `${owner}: expected targetModules to name layers of ${model.constructor.name}, got ` +
    `${unmatched.map((name) => `'${name}'`).join(', ')}, which match${unmatched.length === 1 ? 'es' : ''} none. ` +
    `Names of its layers end in ${[...new Set(ends)].join(', ') || 'nothing: it has no Linear or Conv2d'}.`
  );
}
