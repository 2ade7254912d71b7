// A model's folder for a page: diffusers' layout, with the weights as they are to travel.
import fs from 'node:fs';
import path from 'node:path';

const WEIGHTS = {
  UNet: 'unet/diffusion_pytorch_model.safetensors',
  'text encoder': 'text_encoder/model.safetensors',
};

/**
 * @param {object} sd the library
 * @param {object} quantized lib/web/quantized.ts
 * @param {string} folder is made
 * @param {object} parts of the model
 * @param {'float32' | 'float16' | 'int8'} format
 * @returns {Record<string, number>} bytes of the weights, by part
 */
export function writeModel(sd, { packed, unpacked }, folder, parts, format) {
  sd.saveCheckpoint(folder, parts);
  const sizes = {};
  for (const [part, name] of Object.entries(WEIGHTS)) {
    const file = path.join(folder, name);
    const { tensors } = sd.readSafetensors(file);
    const entries = [...unpacked(tensors, name)].flatMap(([key, tensor]) =>
      packed(key, tensor, format),
    );
    sd.writeSafetensors(file, new Map(entries), { format: 'pt', weights: format });
    sizes[part] = fs.statSync(file).size;
  }
  sd.writeManifest(folder);
  return sizes;
}
