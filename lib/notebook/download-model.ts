/** Downloads a model with a progress bar. */
import { ProgressBar, type ProgressBarOptions } from './progress-bar';
import { snapshotDownload, type SnapshotOptions } from '../io/hub';
import { hubSettings } from '../io/hub/environment';
import { HubError } from '../io/hub/errors';
import { Interrupted, stoppable } from '../stop';

export interface DownloadOptions extends SnapshotOptions {
  /** Where the bar goes outside a notebook, for example `process.stderr`. Default: nowhere. */
  readonly output?: ProgressBarOptions['output'];
}

const MEGABYTE = 1e6;

/**
 * `snapshotDownload` with a bar that counts megabytes and names the present file (`HF_HUB_DISABLE_PROGRESS_BARS=1`
 * leaves it out). The notebook's Stop ends it;
 * called again, it goes on from what was downloaded.
 *
 * @param id for example `openai/clip-vit-base-patch32`
 * @returns the snapshot's folder, for `fromPretrained`
 * @throws as `snapshotDownload`; Interrupted if Stop ended it, HubError if the signal did
 */
export async function downloadModel(id: string, options: DownloadOptions = {}): Promise<string> {
  const { output, onProgress, ...rest } = options;
  let bar: ProgressBar | undefined; // once the size is known
  const hasBar = hubSettings().disableProgressBars !== true;
  const download = (signal: AbortSignal) =>
    snapshotDownload(id, {
      ...rest,
      signal,
      onProgress: (progress) => {
        const { file, received, total } = progress;
        const end = Math.ceil(total / MEGABYTE);
        if (hasBar) {
          bar ??= new ProgressBar(end, { description: id, unit: 'MB', ...(output && { output }) });
        }
        const done = received === total ? end : Math.floor(received / MEGABYTE);
        // A server that knows no ranges sends a file again: the bar waits, it does not go back.
        bar?.update(Math.max(0, done - bar.n), { file });
        onProgress?.(progress);
      },
    });
  try {
    return await stoppable(options.signal, async (stopped, signal) => {
      try {
        return await download(signal);
      } catch (error) {
        if (!stopped()) throw error;
        const message = `${id}: the download was stopped. Called again, it goes on from there.`;
        if (options.signal?.aborted) throw new HubError(message, undefined, error);
        throw new Interrupted(message, { cause: error });
      }
    });
  } finally {
    bar?.close();
  }
}
