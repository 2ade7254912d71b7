import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** Where temporary folders go whose files are flushed a thousand times: in memory, where there is such a place. */
export const temporaryRoot = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
