'use strict';
// What who knows PyTorch and diffusers writes and TypeScript takes for something else: operators on tensors, named
// arguments, methods of theirs, a call of an object.

const ts = require('typescript');

/** Operators by the functions that tensors have for them. */
const operators = {
  [ts.SyntaxKind.PlusToken]: 'add',
  [ts.SyntaxKind.MinusToken]: 'sub',
  [ts.SyntaxKind.AsteriskToken]: 'mul',
  [ts.SyntaxKind.SlashToken]: 'div',
  [ts.SyntaxKind.AsteriskAsteriskToken]: 'pow',
  [ts.SyntaxKind.PercentToken]: 'mod',
  [ts.SyntaxKind.LessThanToken]: 'less',
  [ts.SyntaxKind.LessThanEqualsToken]: 'lessEqual',
  [ts.SyntaxKind.GreaterThanToken]: 'greater',
  [ts.SyntaxKind.GreaterThanEqualsToken]: 'greaterEqual',
  [ts.SyntaxKind.EqualsEqualsToken]: 'equal',
  [ts.SyntaxKind.ExclamationEqualsToken]: 'notEqual',
};

const NOT_NEEDED = 'not needed: ';
const notNeeded = (what) => `${NOT_NEEDED}${what}`;
const elsewhere = notNeeded('all of it is where TensorFlow computes');
const noGradient = notNeeded(
  'gradients are made where they are asked for, by sd.tf.variableGrads or a Trainer',
);

const fits = notNeeded('models of this size fit');

/** Methods and properties by the class that has them in Python. */
const members = {
  tensor: {
    ...{ numpy: 'x.arraySync()', tolist: 'x.arraySync()', item: 'x.dataSync()[0]' },
    ...{ numel: 'x.size', dim: 'x.rank', ndim: 'x.rank', unsqueeze: 'x.expandDims(axis)' },
    ...{ view: 'x.reshape(shape)', permute: 'x.transpose(axes)', T: 'x.transpose()', t: 'x.transpose()' },
    ...{ float: "x.cast('float32')", long: "x.cast('int32')", int: "x.cast('int32')" },
    ...{ to: elsewhere, cuda: elsewhere, cpu: elsewhere, device: elsewhere, contiguous: notNeeded('tensors are') },
    ...{ detach: noGradient, backward: noGradient, grad: noGradient, requires_grad: noGradient },
  },
  model: {
    parameters: 'sd.namedParameters(model)',
    named_parameters: 'sd.namedParameters(model)',
    state_dict: 'sd.stateDict(model)',
    load_state_dict: 'sd.loadStateDict(model, state)',
    ...{ to: elsewhere, cuda: elsewhere, cpu: elsewhere, device: elsewhere, half: notNeeded('all is float32') },
    ...{ enable_attention_slicing: fits, enable_model_cpu_offload: fits, enable_vae_slicing: fits },
    ...{ enable_xformers_memory_efficient_attention: fits, set_progress_bar_config: 'pipe.setProgressBarConfig({ disable: true })' },
    ...{ eval: notNeeded('models behave alike in training and drawing') },
    ...{ train: notNeeded('a Trainer trains; models behave alike in training and drawing') },
    ...{ requires_grad_: noGradient, zero_grad: noGradient },
  },
  optimizer: { zero_grad: noGradient },
  trainer: { train: 'await trainer.fit({ maxSteps: 1000 })' },
  picture: { show: 'end the cell with it', display: 'end the cell with it' },
  list: { append: 'xs.push(x)', extend: 'xs.push(...ys)', copy: '[...xs]', remove: 'xs.filter((x) => …)' },
  text: { format: '`text ${value}` in backticks', upper: 'text.toUpperCase()', lower: 'text.toLowerCase()', strip: 'text.trim()' },
  record: { items: 'Object.entries(x)', keys: 'Object.keys(x)', values: 'Object.values(x)' },
}; // prettier-ignore

const classes = {
  ...{ Tensor: 'tensor', Variable: 'tensor', AdamW: 'optimizer', Image: 'picture', Images: 'picture' },
  ...{ Array: 'list', ReadonlyArray: 'list', String: 'text' },
}; // prettier-ignore

function kindOf(checker, type) {
  const known = checker.getApparentType(type).symbol?.name ?? '';
  if (Object.hasOwn(classes, known)) return classes[known];
  const has = (name) => type.getProperty(name) !== undefined;
  if (has('fit')) return 'trainer';
  if (has('images') && has('captions') && has('length')) return 'data set';
  if (has('batchSize') && has('loadState')) return 'loader';
  if (has('generate') || (has('forward') && has('config')) || has('unet')) return 'model';
  return known === '__object' ? 'record' : '';
}

/** The innermost node that begins where something was said. */
function nodeAt(file, start, length) {
  let found = file;
  const visit = (node) => {
    if (node.getStart(file) > start || node.end < start + length) return;
    found = node;
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(file, visit);
  return found;
}

function enclosing(node, isWanted, most = 3) {
  for (let at = node; at && most >= 0; at = at.parent, most--) if (isWanted(at)) return at;
  return null;
}

/** `f(lr=1)`: in JavaScript an assignment. */
function namedArgument(node, { file }) {
  const assignment = enclosing(node, (each) => {
    const isAssignment =
      ts.isBinaryExpression(each) && each.operatorToken.kind === ts.SyntaxKind.EqualsToken;
    const { parent } = each;
    const isCall = parent && (ts.isCallExpression(parent) || ts.isNewExpression(parent));
    return isAssignment && isCall && ts.isIdentifier(each.left) && each !== parent.expression;
  });
  if (!assignment) return undefined;
  const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
  const given = assignment.parent.arguments
    .filter((each) => ts.isBinaryExpression(each) && ts.isIdentifier(each.left))
    .map(({ left, right }) => `${camel(left.text)}: ${right.getText(file)}`);
  return `Named arguments are Python's. In TypeScript they are a record: { ${given.join(', ')} }.`;
}

function tensorOperator(node, { checker, file }) {
  const isOperation = (each) =>
    ts.isBinaryExpression(each) && Object.hasOwn(operators, each.operatorToken.kind);
  const operation = enclosing(node, isOperation, 1);
  if (!operation) return undefined;
  const { left, right, operatorToken } = operation;
  const kinds = [left, right].map((each) => kindOf(checker, checker.getTypeAtLocation(each)));
  const [a, b] = [left, right].map((each) => each.getText(file));
  if (!kinds.includes('tensor')) return listOperator(operatorToken.kind, kinds, a, b);
  const name = operators[operatorToken.kind];
  return `Tensors have no operators. In TypeScript: sd.tf.${name}(${a}, ${b}).`;
}

/** `[0] * 3`, `'a' * 3`, `xs + ys`, `'%d' % n`. */
function listOperator(operator, [left, right], a, b) {
  const { AsteriskToken, PercentToken, PlusToken } = ts.SyntaxKind;
  const written =
    operator === AsteriskToken && left === 'list'
      ? `${a}.map((x) => x * ${b}), and Array(${b}).fill(${a}).flat() repeats it`
      : operator === AsteriskToken && left === 'text'
        ? `${a}.repeat(${b})`
        : operator === PlusToken && left === 'list' && right === 'list'
          ? `[...${a}, ...${b}]`
          : operator === PercentToken && left === 'text'
            ? '`text ${value}` in backticks'
            : undefined;
  return written && `Lists and texts have no such operator. In TypeScript: ${written}.`;
}

function member(node, { checker }) {
  const access = enclosing(node, ts.isPropertyAccessExpression, 1);
  if (!access) return undefined;
  const kind = kindOf(checker, checker.getTypeAtLocation(access.expression));
  const here = Object.hasOwn(members, kind) && members[kind];
  const name = access.name.text;
  if (!here || !Object.hasOwn(here, name)) return undefined;
  const written = here[name];
  return written.startsWith(NOT_NEEDED)
    ? `${name} is Python's and ${written}.`
    : `${name} is Python's. In TypeScript: ${written}.`;
}

/** `pipe(…)`, and `x.size()`. */
function called(node, { checker, file }) {
  const call = enclosing(node, ts.isCallExpression, 2);
  if (!call) return undefined;
  const callee = call.expression;
  const type = checker.getTypeAtLocation(callee);
  const text = callee.getText(file);
  const method = ['generate', 'forward', 'encode'].find((name) => type.getProperty(name));
  if (method)
    return `An object cannot be called as in Python. In TypeScript: ${text}.${method}(…).`;
  const isData = !checker.getSignaturesOfType(type, ts.SignatureKind.Construct).length;
  if (!ts.isPropertyAccessExpression(callee) || !isData) return undefined;
  return `${callee.name.text} is no function: ${text}, without brackets.`;
}

/** `const { images } = pipe.generate(…)`; with a dot TypeScript says it itself. */
function pattern(node, { checker }) {
  const binding = enclosing(node, ts.isBindingElement, 1);
  const value = binding && enclosing(binding, ts.isVariableDeclaration)?.initializer;
  if (!value || checker.getTypeAtLocation(value).symbol?.name !== 'Promise') return undefined;
  return 'This is a promise: `await` before it gives what it will have.';
}

/** What helps with an error of types, or undefined. */
function pythonHabit({ code, file, start, length }, checker) {
  const context = { checker, file };
  const node = nodeAt(file, start, length);
  if ([2304, 2552, 2345, 18004, 2559, 2588].includes(code)) return namedArgument(node, context);
  if ([2365, 2362, 2363, 2367].includes(code)) return tensorOperator(node, context);
  if ([2339, 2551].includes(code)) return member(node, context) ?? pattern(node, context);
  if (code === 2349) return called(node, context);
  return undefined;
}

/** `x = 5` of a name that is declared nowhere. */
function undeclared({ file, start, length }) {
  const node = nodeAt(file, start, length);
  const { parent } = node;
  const isAssigned =
    parent &&
    ts.isBinaryExpression(parent) &&
    parent.left === node &&
    parent.operatorToken.kind === ts.SyntaxKind.EqualsToken;
  if (!isAssigned) return undefined;
  const value = parent.right.getText(file);
  const shown = value.length <= 40 && !value.includes('\n') ? value : '…';
  return `${node.text} is not defined yet: run the cell above that defines it, or declare it: let ${node.text} = ${shown}.`;
}

module.exports = { kindOf, operators, pythonHabit, undeclared };
