/** What must not happen while a function is traced, and how each is noticed. */

import { engine } from '../..';
import { JitError } from '../../../jit/errors';
import { sameValue } from '../binding';

/** tfjs's ops that draw on the host; each opens a scope of its name. */
const HOST_RANDOM_SCOPE =
  /^(rand|randomGamma|randomNormal|randomStandardNormal|randomUniform|randomUniformInt|truncatedNormal|dropout|multinomial)__op$/;

/**
 * Runs `trace` so that it throws where the traced function does what a graph cannot hold.
 *
 * @param onScope is told of each tfjs scope that opens (its name) and closes (undefined)
 * @throws JitError if the function draws random numbers on the host or makes a variable
 */
export function guarded<T>(trace: () => T, onScope: (name: string | undefined) => void): T {
  const tfjs = engine();
  const { random } = Math;
  const { stackTraceLimit } = Error;
  const startScope = tfjs.startScope.bind(tfjs);
  const endScope = tfjs.endScope.bind(tfjs);
  const clone = tfjs.clone.bind(tfjs);
  // tfjs alone takes a dozen frames; the caller's are the ones that help.
  Error.stackTraceLimit = 100;
  Math.random = () => {
    throw hostRandomness('Math.random()');
  };
  tfjs.startScope = (name) => {
    if (name !== undefined && HOST_RANDOM_SCOPE.test(name)) {
      throw hostRandomness(`tf.${name.replace('__op', '')}()`);
    }
    startScope(name);
    onScope(name ?? '');
  };
  tfjs.endScope = (...result: []) => {
    onScope(undefined);
    endScope(...result);
  };
  // What is saved for a gradient: tfjs runs a kernel for each, and notes it as a step that has a gradient itself.
  tfjs.clone = (x) => (tfjs.isTapeOn() ? clone(x) : sameValue(x));
  tfjs.makeVariable = () => {
    throw new JitError(
      'A variable was made inside of a traced function: it would be made once, while tracing. ' +
        'Make it before, and let the function capture it.',
    );
  };
  try {
    return trace();
  } finally {
    Math.random = random;
    Error.stackTraceLimit = stackTraceLimit;
    // The methods are the class's own again.
    for (const method of ['startScope', 'endScope', 'clone', 'makeVariable'])
      Reflect.deleteProperty(tfjs, method);
  }
}

function hostRandomness(source: string): JitError {
  return new JitError(
    `${source} was called inside of a traced function: its numbers would be drawn once and be part of ` +
      'the graph ever after. Draw with a stateless op whose key is an argument of the function.',
  );
}

/** The names of the open tidy scopes; tfjs's own op scopes are left out. */
export class ScopeNames {
  private readonly names: string[] = [];

  /** @param name of the scope that opens, or undefined if one closes */
  enter(name: string | undefined): void {
    if (name === undefined) this.names.pop();
    else this.names.push(/__op$|^gradTape$|^(forward|backward)$/.test(name) ? '' : name);
  }

  get path(): string {
    return this.names.filter((name) => name !== '').join('/');
  }
}
