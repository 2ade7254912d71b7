/** Folders of what the package brings. */
import path from 'node:path';

/** The package's own folder: the same from lib/mnist and from dist/mnist. */
export const PACKAGE_FOLDER = path.join(__dirname, '..', '..');

/** The folder of the small text encoder's tokenizer. */
export const SMALL_TOKENIZER = path.join(PACKAGE_FOLDER, 'data', 'clip-tokenizer-small');

/** The folder of the trained model that ships; its README.md says how it was trained, and how well it draws. */
export const SHIPPED_MODEL = path.join(PACKAGE_FOLDER, 'checkpoints', 'mnist-text-to-image');

/** The folder of the judge that ships. */
export const SHIPPED_JUDGE = path.join(PACKAGE_FOLDER, 'checkpoints', 'judge');
