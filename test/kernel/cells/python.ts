import type { Row } from './row';

/** What who knows PyTorch and diffusers writes, and what is said of it. */
export const python: Row[] = [
  ['import', ['import torch'], /1:\d+ - This is Python\. In TypeScript: import \* as name from/],
  ['import as', ['import numpy as np'], /This is Python\. In TypeScript: import \* as name/],
  [
    'from import, said once',
    ['from diffusers import DDPMScheduler'],
    /^(?!.*expected)[\s\S]*1:1 - This is Python\. In TypeScript: import \{ name \} from 'package'/,
  ],
  [
    'def',
    ['def f(x):\n    return x + 1'],
    /^(?![\s\S]*expected)[\s\S]*In TypeScript: function name\(/,
  ],
  ['class', ['class Net(nn.Module):\n    pass'], /In TypeScript: class Name extends Base/],
  ['for', ['for i in range(3):\n    f(i)'], /In TypeScript: for \(const x of xs\) \{/],
  ['if not', ['if not a and b:\n    f()'], /blocks stand in braces/],
  ['a comment', ['# seed\n1'], /1:1 - This is Python\. In TypeScript: a comment begins with \/\//],
  ['a comprehension', ['[i * 2 for i in xs if i]'], /xs\.map\(\(x\) => …\)/],
  ['lambda', ['const f = lambda a: a'], /In TypeScript: \(x\) => …/],
  ['a conditional', ['const a = 1 if b else 2'], /In TypeScript: condition \? a : b/],
  ['an f-string', ['f"loss {x}"'], /a text with values stands in backticks/],
  ['raise', ['raise ValueError("x")'], /In TypeScript: throw new Error/],
  ['words in a text are none', ["const a = 'not x and y for i in z';"], ''],
  [
    'nor in what does not parse otherwise',
    ["const a = 'for x in y: not z' ; const b = ; // not done and more"],
    /TypeScriptError: 1:\d+ - Expression expected/,
  ],
  ['else if', ['if (1) { } else if (2) { } else { } )'], /Declaration or statement expected/],
  [
    'print',
    ['print(1)'],
    /print is not defined yet\. If Python's is meant, in TypeScript: console\.log/,
  ],
  ['len', ['const pxs = [1];', 'len(pxs)'], /in TypeScript: xs\.length/],
  ['None', ['const pn = None'], /None is not defined yet\. .*null, or undefined/],
  [
    'a name of Python beside another',
    ['len(nothingP1)'],
    /len is not[\s\S]*nothingP1 is not defined yet: run the cell/,
  ],
  ['one that is defined', ['const len = (x: string) => x.length;', "len('abc')"], '3'],
  [
    'named arguments',
    [
      'function fp(a: number, options: { numSteps?: number; seed?: number } = {}) { return options }',
      'fp(1, num_steps=3, seed=2)',
    ],
    /Named arguments are Python's\. In TypeScript they are a record: \{ numSteps: 3, seed: 2 \}/,
  ],
  [
    'named arguments of names that are there',
    ['let seed = 5;', 'fp(1, seed=2)'],
    /they are a record: \{ seed: 2 \}/,
  ],
  ['an assignment as an argument is none', ['let pa = 1; Math.max(pa = 7, 2)'], '7'],
  [
    'an operator on tensors',
    [
      "import * as sd from 'stable-diffusion-mnist/notebook'; const px = sd.tf.tensor([1, 2, 3]);",
      'px * 2',
    ],
    /Tensors have no operators\. In TypeScript: sd\.tf\.mul\(px, 2\)/,
  ],
  ['a comparison of them', ['px > 2'], /sd\.tf\.greater\(px, 2\)/],
  [
    'an index, which TypeScript takes',
    ['px[0]'],
    /sd\.tf\.gather\(px, 0\), or px\.arraySync\(\)\[0\]/,
  ],
  ['a sign, which TypeScript takes', ['-px'], /sd\.tf\.neg\(px\)/],
  ['what they have by name', ["px['shape']"], '[ 3 ]'],
  ['in a function', ['const half = (t: sd.tf.Tensor1D) => t / 2;'], /sd\.tf\.div\(t, 2\)/],
  ['a method of torch', ['px.numpy()'], /numpy is Python's\. In TypeScript: x\.arraySync\(\)/],
  ['to', ["px.to('cuda')"], /to is Python's and not needed: /],
  ['size()', ['px.size()'], /size is no function: px\.size, without brackets/],
  ['append', ['pxs.append(3)'], /append is Python's\. In TypeScript: xs\.push\(x\)/],
  ['items', ['const po = { a: 1 }; po.items()'], /In TypeScript: Object\.entries\(x\)/],
  [
    'a call of a pipeline',
    [
      'const pipeP = sd.TextToImagePipeline.fromPretrained(sd.SHIPPED_MODEL);',
      "pipeP('4', num_inference_steps=2)",
    ],
    /An object cannot be called as in Python\. In TypeScript: pipeP\.generate\(…\)[\s\S]*\{ numInferenceSteps: 2 \}/,
  ],
  ['its device', ["pipeP.to('cuda')"], /not needed: all of it is where TensorFlow computes/],
  ['parameters of a model', ['pipeP.unet.parameters()'], /sd\.namedParameters\(model\)/],
  [
    'a forgotten await',
    ["pipeP.generate('4').images"],
    /on type 'Promise<TextToImageOutput>'\. Did you forget to use 'await'\?/,
  ],
  [
    'one before a pattern',
    ["const { images: imagesP } = pipeP.generate('4')"],
    /This is a promise: `await` before it/,
  ],
  [
    'one at the end of a cell',
    ['new Promise(() => {})'],
    'Promise { <pending> }\n(a promise: with `await` before it comes what it will give)',
  ],
  ['one that is there', ['Promise.resolve(1)'], 'Promise { 1 }'],
];
