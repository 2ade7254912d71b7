/** How much adapters count in one call. */
import type { LoraTarget } from '../nn/lora/target-models';
import { withLoraScale } from '../nn/lora/weights';
import type { GenerateOptions } from './generate-options';

/** Runs something while the models' adapters count as often as the call's options say; it must not wait. */
export type Within = <T>(run: () => T) => T;

export function loraScaleOf(
  { unet, textEncoder }: { readonly unet: object; readonly textEncoder: object },
  { crossAttentionKwargs }: Pick<GenerateOptions, 'crossAttentionKwargs'>,
): Within {
  const target: LoraTarget = { unet, textEncoder };
  return (run) => withLoraScale(target, crossAttentionKwargs?.scale ?? 1, run);
}
