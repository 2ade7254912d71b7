import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { loadScheduler, saveScheduler } from '../../lib/pretrained/scheduler-files';
import { BETA_SCHEDULER_CLASSES } from '../../lib/schedulers/by-class-name';
import { DDIMScheduler } from '../../lib/schedulers/ddim';
import { DPMSolverMultistepScheduler } from '../../lib/schedulers/dpm-solver-multistep';
import type { Scheduler } from '../../lib/schedulers/scheduler';

const folder = mkdtempSync(path.join(tmpdir(), 'scheduler-'));
const file = path.join(folder, 'scheduler_config.json');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each(Object.values(BETA_SCHEDULER_CLASSES))('%o is loaded as it was saved', (Class) => {
  const scheduler = new Class({ beta_schedule: 'scaled_linear', steps_offset: 1 });
  saveScheduler(folder, scheduler);
  expect(loadScheduler<Scheduler>(folder, Class).config).toEqual(scheduler.config);
});

it("reads Python's -Infinity, which JSON has not", () => {
  saveScheduler(folder, new DPMSolverMultistepScheduler({ num_train_timesteps: 50 }));
  const text = readFileSync(file, 'utf8').replace('{', '{\n  "lambda_min_clipped": -Infinity,');
  writeFileSync(file, text);
  const { config } = loadScheduler(folder, DPMSolverMultistepScheduler);
  expect(config).toMatchObject({ lambda_min_clipped: -Infinity, num_train_timesteps: 50 });
});

it("refuses another class's file, and what is no JSON", () => {
  saveScheduler(folder, new DPMSolverMultistepScheduler());
  expect(() => loadScheduler(folder, DDIMScheduler)).toThrow(
    "DDIMScheduler: expected a config of this class, got one of 'DPMSolverMultistepScheduler'.",
  );
  writeFileSync(file, '{"beta_start": nan}');
  expect(() => loadScheduler(folder, DDIMScheduler)).toThrow('expected JSON');
});
