'use strict';
// What to do about a package or a file that a cell imports and that is not there.

const fs = require('node:fs');
const path = require('node:path');

/** The same but for one character, or for capitals. */
function isNear(a, b) {
  if (a.toLowerCase() === b.toLowerCase()) return true;
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (short.length < 4 || long.length - short.length > 1) return false;
  let at = 0;
  while (at < short.length && short[at] === long[at]) at++;
  const rest = long.slice(at + 1);
  return (
    rest === short.slice(at) ||
    rest === short.slice(at + 1) ||
    (short.length === long.length &&
      short[at] === long[at + 1] &&
      short[at + 1] === long[at] &&
      rest.slice(1) === short.slice(at + 2))
  );
}

const packageName = (specifier) =>
  specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');

const isPackage = (specifier) => !/^(\.{0,2}\/|\.{1,2}$|#|[a-z]+:)/.test(specifier);

const own = 'stable-diffusion-mnist';

/** Packages of Python's, by whose names npm has something else. */
const ofPython = new Set(
  (
    'accelerate cv2 datasets diffusers huggingface_hub keras matplotlib numpy pandas peft PIL pillow safetensors scipy ' +
    'seaborn sklearn tensorflow torch torchvision tqdm transformers wandb xformers'
  ).split(' '),
);

/** How to have a package. */
function howToAdd(specifier, folder) {
  const name = packageName(specifier);
  if (ofPython.has(name))
    return `${name} is a package of Python's. Here: import * as sd from '${own}/notebook'; sd.tf has the operations on tensors.`;
  const there = `There is no package ${name}.`;
  if (isNear(name, own)) return `${there} Did you mean '${specifier.replace(name, own)}'?`;
  return (
    `${there} \`npm install ${name}\` in ${folder} adds it; ` +
    'then run this cell again, the kernel need not be restarted.'
  );
}

/** Why a path gives no module. */
function noFile(specifier, folder) {
  if (specifier.startsWith('node:'))
    return `Cannot find module '${specifier}': Node has none of that name.`;
  const file = path.resolve(folder, specifier);
  if (!fs.existsSync(file))
    return `Cannot find module '${specifier}': there is no such file in ${folder}.`;
  return fs.statSync(file).isDirectory()
    ? `Cannot import '${specifier}': it is a folder without an index.ts.`
    : `Cannot import '${specifier}': it is neither code nor JSON. readFileSync('${specifier}', 'utf8') of node:fs reads it.`;
}

module.exports = { howToAdd, isNear, isPackage, noFile, packageName };
