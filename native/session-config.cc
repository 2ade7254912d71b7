// Lets a session have a ConfigProto, for example threads of its own, and run on a server of several workers.
//
// TensorFlow's binding makes its session options without a config. So this addon, required before the binding,
// brings its own TF_NewSessionOptions: the dynamic linker takes the first definition that it finds. It
// calls TensorFlow's, then adds the config and the target that `setSessionConfig` was given.

#include <dlfcn.h>
#include <node_api.h>
#include <tensorflow/c/c_api.h>

#include <string>

namespace {

std::string config;  // a serialized ConfigProto; empty for none
std::string target;  // a server as native/distributed.cc names it; empty for a session of this process alone

/** A function of the TensorFlow that the caller was linked with. */
template <typename Function>
Function* OfTensorFlow(const void* caller, const char* name) {
  Dl_info info;
  if (dladdr(caller, &info) == 0) return nullptr;
  void* binding = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  if (binding == nullptr) return nullptr;
  void* found = dlsym(binding, name);  // looks in the binding and in what it depends on, not here
  dlclose(binding);
  return reinterpret_cast<Function*>(found);
}

void AddConfig(TF_SessionOptions* options, const void* caller) {
  auto* new_status = OfTensorFlow<decltype(TF_NewStatus)>(caller, "TF_NewStatus");
  auto* set_config = OfTensorFlow<decltype(TF_SetConfig)>(caller, "TF_SetConfig");
  auto* delete_status = OfTensorFlow<decltype(TF_DeleteStatus)>(caller, "TF_DeleteStatus");
  if (new_status == nullptr || set_config == nullptr || delete_status == nullptr) return;
  TF_Status* status = new_status();
  set_config(options, config.data(), config.size(), status);  // if it fails, the options stay as they were
  delete_status(status);
}

void AddTarget(TF_SessionOptions* options, const void* caller) {
  auto* set_target = OfTensorFlow<decltype(TF_SetTarget)>(caller, "TF_SetTarget");
  if (set_target != nullptr) set_target(options, target.c_str());
}

/** setSessionConfig(bytes: Uint8Array, target?: string): for the sessions that are made from now on; no bytes for none. */
napi_value SetSessionConfig(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  napi_value bytes = arguments[0];
  napi_typedarray_type type;
  size_t length;
  void* data;
  if (napi_get_typedarray_info(env, bytes, &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array) {
    napi_throw_type_error(env, nullptr, "setSessionConfig: expected a Uint8Array.");
    return nullptr;
  }
  config.assign(static_cast<const char*>(data), length);
  char text[256];
  size_t text_length = 0;
  // Fails, and leaves none, where there is no second argument.
  napi_get_value_string_utf8(env, arguments[1], text, sizeof(text), &text_length);
  target.assign(text, text_length);
  return nullptr;
}

}  // namespace

extern "C" TF_SessionOptions* TF_NewSessionOptions() {
  const void* caller = __builtin_return_address(0);
  auto* original = OfTensorFlow<decltype(TF_NewSessionOptions)>(caller, "TF_NewSessionOptions");
  TF_SessionOptions* options = original == nullptr ? nullptr : original();
  if (options != nullptr && !config.empty()) AddConfig(options, caller);
  if (options != nullptr && !target.empty()) AddTarget(options, caller);
  return options;
}

extern "C" NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  // Node loads addons privately; opening itself once more makes the definition seen by others.
  Dl_info self;
  if (dladdr(&config, &self) != 0) dlopen(self.dli_fname, RTLD_NOW | RTLD_GLOBAL);
  napi_value set;
  if (napi_create_function(env, nullptr, 0, SetSessionConfig, nullptr, &set) == napi_ok) {
    napi_set_named_property(env, exports, "setSessionConfig", set);
  }
  return exports;
}
