// How long 100,000 pictures of 64 × 64 take to be read, and to be opened again, in a process of its own each, with its
// memory; and a training step of 32 with pictures from the file against one with pictures from memory, in turns.
//   node scripts/bench/pictures.mjs [COUNT]
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from './compare.mjs';

const [first = '100000', folder, cacheDir, what] = process.argv.slice(2);
const count = Number(first);

/** A training of the emoji recipe's UNet at 64 × 64, and what its steps take. */
async function training(dataset) {
  const { default: sd } = await import('../../dist/index.js');
  const unetConfig = { ...sd.EMOJI_UNET_CONFIG, sample_size: 64 };
  const parts = sd.recipeParts(sd.RECIPES.emoji, { dataset, unetConfig });
  const objective = sd.recipeObjective(sd.RECIPES.emoji, parts);
  const trainer = new sd.Trainer(objective, sd.RECIPES.emoji.trainer);
  return async (steps) => {
    const start = performance.now();
    await trainer.fit({ maxSteps: trainer.step + steps });
    return (performance.now() - start) / steps;
  };
}

/** Ten steps of either in turns, and how far the medians are apart. */
async function comparedSteps(cached) {
  const [fromFile, fromMemory] = [await training(cached), await training(cached.inMemory(1))];
  for (const fit of [fromFile, fromMemory]) await fit(3); // traced, and warm
  const times = { file: [], memory: [] };
  for (let round = 0; round < 7; round++) {
    times.file.push(await fromFile(10));
    times.memory.push(await fromMemory(10));
  }
  const [file, memory] = [median(times.file), median(times.memory)];
  console.log(
    `a training step of 32: ${file.toFixed(0)} ms from the file, ${memory.toFixed(0)} ms from memory, ` +
      `${(100 * (file / memory - 1)).toFixed(1)} % more (wanted ≤ 2 %)`,
  );
}

if (what === 'steps') {
  const { cacheImageFolder } = await import('../../dist/image-datasets/image-cache.js');
  const cached = await cacheImageFolder(folder, { size: 64, cacheDir });
  await comparedSteps(cached);
  cached.close();
  process.exit();
} else if (folder !== undefined) {
  // Without TensorFlow: what is measured is the reading.
  const { cacheImageFolder } = await import('../../dist/image-datasets/image-cache.js');
  const start = performance.now();
  const cached = await cacheImageFolder(folder, { size: 64, cacheDir });
  const seconds = (performance.now() - start) / 1000;
  const order = Int32Array.from({ length: 128 }, (_, i) => (i * 7919) % count);
  const before = performance.now();
  for (let i = 0; i < 50; i++)
    await cached.source.read(order.map((place) => (place + i * 131) % count));
  const batch = (performance.now() - before) / 50;
  const memory = process.resourceUsage().maxRSS / 1024;
  console.log(
    `${cached.fromCache ? 'opened again' : 'read'}: ${seconds.toFixed(1)} s, ${memory.toFixed(0)} MB at most, ` +
      `${batch.toFixed(2)} ms for a batch of 128`,
  );
  cached.close();
} else {
  const { default: sharp } = await import('sharp');
  const root = mkdtempSync(path.join(tmpdir(), 'bench-pictures-'));
  const pictures = path.join(root, 'pictures');
  mkdirSync(pictures);
  try {
    const pixels = new Uint8Array(64 * 64 * 3);
    const rows = [];
    for (let i = 0; i < count; i++) {
      for (let p = 0; p < pixels.length; p++)
        pixels[p] = (p * (1 + (i % 7)) + i * 31 + (p >> 6) * 3) & 255;
      const raw = { width: 64, height: 64, channels: 3 };
      const name = `${String(i).padStart(6, '0')}.jpg`;
      writeFileSync(path.join(pictures, name), await sharp(pixels, { raw }).jpeg().toBuffer());
      rows.push(JSON.stringify({ file_name: name, text: `picture ${i % 1000}` }));
    }
    writeFileSync(path.join(pictures, 'metadata.jsonl'), rows.join('\n'));
    const cacheDir = path.join(root, 'cache');
    for (const what of ['read', 'read', 'steps']) {
      const args = [fileURLToPath(import.meta.url), String(count), pictures, cacheDir, what];
      spawnSync(process.execPath, args, { stdio: 'inherit' });
    }
  } finally {
    rmSync(root, { recursive: true });
  }
}
