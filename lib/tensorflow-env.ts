/** TensorFlow reads these when its library is loaded, so this file is imported before tfjs. */
process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
