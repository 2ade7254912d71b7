import { afterAll } from 'vitest';
import { removeTemporaryFolders } from './temporary';

afterAll(removeTemporaryFolders);
