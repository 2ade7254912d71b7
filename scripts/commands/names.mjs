// Names that lib knows, for command lines that are checked before lib is loaded. test/scripts compares them.
export const RECIPES = ['fast', 'best', 'adamw', 'blog', 'flow', 'emoji', 'cifar10'];
/** Those whose models can ship: a judge and a model card speak of what they draw. */
export const SHIPPING_RECIPES = ['fast', 'best', 'adamw', 'blog', 'flow', 'emoji'];
export const SCHEDULERS = [
  'ddpm',
  'ddim',
  'dpm-solver++',
  'sde-dpm-solver++',
  'euler',
  'heun',
  'flow',
];
export const SPACINGS = ['leading', 'trailing', 'linspace'];
/** Of the option mixedPrecision (lib/jit/mixed-precision.ts). */
export const MIXED_PRECISIONS = ['no', 'bf16', 'auto'];
export const WEIGHT_FORMATS = ['float16', 'int8', 'float32'];
