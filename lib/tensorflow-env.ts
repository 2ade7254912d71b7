/**
 * What must be done before TensorFlow's library is loaded; imported before tfjs. TensorFlow reads its
 * environment when it is loaded, and logs its first lines before anybody could ask it not to.
 */
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import path from 'node:path';

process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';

// Built by the set-up (scripts/native/quiet.cc). Without it TensorFlow works, but says more.
const quiet = path.join(__dirname, '..', '.setup', 'native', 'quiet.node');
if (existsSync(quiet)) {
  try {
    createRequire(__filename)(quiet);
  } catch {
    // Built for another machine or Node: not worth failing for.
  }
}
