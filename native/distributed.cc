// TensorFlow's distributed runtime: starts the server of one worker (lib/backend/node/cluster.ts).
//
// TensorFlow's server listens on all addresses of the machine, whatever it is told. A worker's process therefore has
// this addon preloaded (LD_PRELOAD), so that its `bind` is found before the C library's: the one port that `startServer`
// opens is bound to the address that was asked for, everything else as it was.

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <node_api.h>
#include <sys/socket.h>
#include <tensorflow/c/c_api.h>

#include <cstring>
#include <string>

namespace {

in_addr address;         // where the server's port is bound
in_port_t port = 0;      // in network order; 0 while no server was asked for
bool was_bound = false;  // whether that happened

using Bind = int(int, const sockaddr*, socklen_t);

Bind* OriginalBind() {
  static Bind* const original = reinterpret_cast<Bind*>(dlsym(RTLD_NEXT, "bind"));
  return original;
}

/** A function of the TensorFlow that is loaded. */
template <typename Function>
Function* OfTensorFlow(const char* name) {
  static void* const library = dlopen("libtensorflow_cc.so.2", RTLD_LAZY | RTLD_NOLOAD);
  return library == nullptr ? nullptr : reinterpret_cast<Function*>(dlsym(library, name));
}

napi_value Fail(napi_env env, const std::string& message) {
  napi_throw_error(env, nullptr, message.c_str());
  return nullptr;
}

std::string Text(napi_env env, napi_value value) {
  char text[256];
  size_t length = 0;
  napi_get_value_string_utf8(env, value, text, sizeof(text), &length);
  return std::string(text, length);
}

/** startServer(serverDef: Uint8Array, address: string, port: number): the target for sessions. It runs until the end. */
napi_value StartServer(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value arguments[3];
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  napi_typedarray_type type;
  size_t length;
  void* definition;
  uint32_t wanted;
  if (count < 3 ||
      napi_get_typedarray_info(env, arguments[0], &type, &length, &definition, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array || napi_get_value_uint32(env, arguments[2], &wanted) != napi_ok ||
      inet_pton(AF_INET, Text(env, arguments[1]).c_str(), &address) != 1) {
    return Fail(env, "startServer: expected a Uint8Array, an IPv4 address and a port.");
  }
  const bool is_any = address.s_addr == htonl(INADDR_ANY);
  if (!is_any && dlsym(RTLD_DEFAULT, "bind") != reinterpret_cast<void*>(&bind)) {
    return Fail(env, "startServer: expected this addon in LD_PRELOAD; the port would be open on all addresses.");
  }
  auto* new_status = OfTensorFlow<decltype(TF_NewStatus)>("TF_NewStatus");
  auto* get_code = OfTensorFlow<decltype(TF_GetCode)>("TF_GetCode");
  auto* get_message = OfTensorFlow<decltype(TF_Message)>("TF_Message");
  auto* new_server = OfTensorFlow<decltype(TF_NewServer)>("TF_NewServer");
  auto* start = OfTensorFlow<decltype(TF_ServerStart)>("TF_ServerStart");
  auto* get_target = OfTensorFlow<decltype(TF_ServerTarget)>("TF_ServerTarget");
  if (!new_status || !get_code || !get_message || !new_server || !start || !get_target) {
    return Fail(env, "startServer: this TensorFlow has no distributed runtime (TF_NewServer).");
  }
  port = htons(static_cast<uint16_t>(wanted));
  TF_Status* status = new_status();
  TF_Server* server = new_server(definition, length, status);
  if (get_code(status) == TF_OK) start(server, status);
  if (get_code(status) != TF_OK) return Fail(env, std::string("startServer: ") + get_message(status));
  if (!is_any && !was_bound) return Fail(env, "startServer: the port was not bound to the address asked for.");
  napi_value target;
  napi_create_string_utf8(env, get_target(server), NAPI_AUTO_LENGTH, &target);
  return target;
}

}  // namespace

extern "C" int bind(int socket, const sockaddr* given, socklen_t length) {
  if (port != 0 && given->sa_family == AF_INET) {
    sockaddr_in changed = *reinterpret_cast<const sockaddr_in*>(given);
    if (changed.sin_port == port && changed.sin_addr.s_addr == htonl(INADDR_ANY)) {
      changed.sin_addr = address;
      was_bound = true;
      return OriginalBind()(socket, reinterpret_cast<sockaddr*>(&changed), sizeof(changed));
    }
  } else if (port != 0 && given->sa_family == AF_INET6) {
    // A socket of both families: IPv4 addresses are written ::ffff:a.b.c.d.
    sockaddr_in6 changed = *reinterpret_cast<const sockaddr_in6*>(given);
    const bool is_any = IN6_IS_ADDR_UNSPECIFIED(&changed.sin6_addr) ||
                        (IN6_IS_ADDR_V4MAPPED(&changed.sin6_addr) &&
                         std::memcmp(&changed.sin6_addr.s6_addr[12], "\0\0\0\0", 4) == 0);
    if (changed.sin6_port == port && is_any) {
      std::memset(&changed.sin6_addr, 0, 10);
      std::memset(&changed.sin6_addr.s6_addr[10], 0xff, 2);
      std::memcpy(&changed.sin6_addr.s6_addr[12], &address, 4);
      was_bound = true;
      return OriginalBind()(socket, reinterpret_cast<sockaddr*>(&changed), sizeof(changed));
    }
  }
  return OriginalBind()(socket, given, length);
}

extern "C" NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  napi_value start;
  if (napi_create_function(env, nullptr, 0, StartServer, nullptr, &start) == napi_ok) {
    napi_set_named_property(env, exports, "startServer", start);
  }
  return exports;
}
