/**
 * What is wrong with a safetensors file. The first group are the names of the reference's
 * `SafeTensorError` (safetensors/src/tensor.rs); the second are ours.
 */
export type SafetensorsErrorCode =
  | 'HeaderTooSmall'
  | 'HeaderTooLarge'
  | 'InvalidHeaderLength'
  | 'InvalidHeader'
  | 'InvalidHeaderDeserialization'
  | 'InvalidOffset'
  | 'ValidationOverflow'
  | 'MisalignedSlice'
  | 'TensorInvalidInfo'
  | 'MetadataIncompleteBuffer'
  | 'TensorNotFound'
  | 'InvalidTensorView'
  | 'IoError'
  /** The numbers cannot be held by the array asked for (an integer tensor as floats, say). */
  | 'UnsupportedDtype'
  /** A number is outside the range of the array asked for. */
  | 'ValueOutOfRange';

/** Where it happened and what was found there. */
export interface SafetensorsErrorDetails {
  readonly fileName?: string | undefined;
  readonly tensorName?: string | undefined;
  readonly expected: string;
  readonly found: string;
  /** What to do, as a sentence. */
  readonly remedy?: string | undefined;
  readonly cause?: unknown;
}

/** A file or tensor that breaks the safetensors format; nothing was read or written. */
export class SafetensorsError extends Error {
  override readonly name = 'SafetensorsError';
  readonly code: SafetensorsErrorCode;
  readonly fileName: string | undefined;
  readonly tensorName: string | undefined;
  readonly expected: string;
  readonly found: string;

  constructor(code: SafetensorsErrorCode, details: SafetensorsErrorDetails) {
    const { fileName, tensorName, expected, found, remedy, cause } = details;
    const file = fileName === undefined ? 'safetensors data' : `safetensors file ${fileName}`;
    const tensor = tensorName === undefined ? '' : `, tensor ${quote(tensorName)}`;
    const advice = remedy === undefined ? '' : ` ${remedy}`;
    super(`${file}${tensor}: expected ${expected}, found ${found} (${code}).${advice}`, { cause });
    this.code = code;
    this.fileName = fileName;
    this.tensorName = tensorName;
    this.expected = expected;
    this.found = found;
  }
}

/** The text in quotes, escaped and at most 80 characters: names come from files and may be anything. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
}
