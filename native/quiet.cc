// Keeps TensorFlow's notes ("oneDNN custom operations are on", "written to STDERR") out of cells.
//
// TensorFlow logs through Abseil straight to file descriptor 2, the first lines already while its
// library is being loaded, when nobody could have called Abseil's SetMinLogLevel yet. So this addon,
// required before TensorFlow's, brings its own definition of the function that the library asks for
// the level: the dynamic linker takes the first one it finds. It follows TF_CPP_MIN_LOG_LEVEL
// (0 info, 1 warning, 2 error, 3 fatal); unset means errors only.
//
// From `hush(true)` to `hush(false)` only fatal ones are let through: TensorFlow with CUDA logs an error where it is opened without a
// driver, and there it computes on the CPU as it should.

#include <dlfcn.h>
#include <node_api.h>

#include <atomic>
#include <cstdlib>

#include "absl/base/config.h"
#include "absl/base/log_severity.h"
#include "absl/log/globals.h"

namespace {

std::atomic<bool> is_hushed{false};

napi_value Hush(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value given = nullptr;
  bool is_wanted = false;
  napi_get_cb_info(env, info, &count, &given, nullptr, nullptr);
  if (count == 1) napi_get_value_bool(env, given, &is_wanted);
  is_hushed = is_wanted;
  return nullptr;
}

}  // namespace

namespace absl {
ABSL_NAMESPACE_BEGIN

LogSeverityAtLeast MinLogLevel() {
  static const LogSeverityAtLeast level = [] {
    const char* wanted = std::getenv("TF_CPP_MIN_LOG_LEVEL");
    return static_cast<LogSeverityAtLeast>(wanted == nullptr ? 2 : std::atoi(wanted));
  }();
  return is_hushed ? LogSeverityAtLeast::kFatal : level;
}

ABSL_NAMESPACE_END
}  // namespace absl

extern "C" NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  // Node loads addons privately; opening itself once more makes the definition seen by others. (The address is
  // one that no other addon has: of napi_register_module_v1 there may be several.)
  static const char here = 0;
  Dl_info self;
  if (dladdr(&here, &self) != 0) dlopen(self.dli_fname, RTLD_NOW | RTLD_GLOBAL);
  napi_value hush;
  napi_create_function(env, "hush", NAPI_AUTO_LENGTH, Hush, nullptr, &hush);
  napi_set_named_property(env, exports, "hush", hush);
  return exports;
}
