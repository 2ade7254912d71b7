"""Starts the kernel as Jupyter does, asks it for 6 * 7 and prints what it shows. Argument: seconds that it has (default: 60)."""

import signal
import sys

from jupyter_client.manager import KernelManager

# Who gives up waiting ends this process, and the kernel is to end with it.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60
manager = KernelManager(kernel_name="tslab")
client = None
try:
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=seconds)
    shown = []

    def collect(message):
        if message["msg_type"] == "execute_result":
            shown.append(message["content"]["data"]["text/plain"])
        elif message["msg_type"] == "error":
            shown.append(message["content"]["evalue"])

    client.execute_interactive("6 * 7", timeout=seconds, output_hook=collect)
    print(" ".join(shown))
finally:
    if client is not None:
        client.stop_channels()
    if manager.has_kernel:
        manager.shutdown_kernel(now=True)
