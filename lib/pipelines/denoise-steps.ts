/** The graphs of a pipeline's steps: one for each precision and way to bound x0, which is all that schedulers' steps differ in. */
import type { Denoiser } from '../conditioning/conditioning';
import { chooseMixedPrecision, type MixedPrecision } from '../jit';
import { notice } from '../notices';
import { boundsKey, type Bounds } from '../schedulers/thresholding';
import { makeDenoiseStep, type DenoiseStep } from './denoise-step';

export class DenoiseSteps {
  private readonly made = new Map<string, DenoiseStep>();
  /** What was said of the precision. */
  private readonly told = new Set<string>();

  constructor(private readonly unet: Denoiser) {}

  /** Says once in a notice that the precision that was asked for cannot be had. */
  of(bounds: Bounds | null, mixedPrecision: MixedPrecision): DenoiseStep {
    const { precision, note } = chooseMixedPrecision('generate', mixedPrecision);
    if (note !== null && !this.told.has(note)) {
      this.told.add(note);
      notice(note, 'PrecisionWarning');
    }
    const key = `${precision} ${boundsKey(bounds)}`;
    const known = this.made.get(key);
    if (known) return known;
    const step = makeDenoiseStep(this.unet, bounds, precision);
    this.made.set(key, step);
    return step;
  }

  /** How often each was traced: once for each kind of its inputs. */
  get compilations(): number[] {
    return Array.from(this.made.values(), ({ compilations }) => compilations);
  }

  /** Frees the graphs. */
  dispose(): void {
    for (const step of this.made.values()) step.dispose();
    this.made.clear();
  }
}
