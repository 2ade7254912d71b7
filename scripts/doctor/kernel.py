"""Starts the kernel as Jupyter does, asks it for 6 * 7 and prints what it shows."""

from jupyter_client.manager import start_new_kernel

manager, client = start_new_kernel(kernel_name="tslab", startup_timeout=60)
try:
    shown = []

    def collect(message):
        if message["msg_type"] == "execute_result":
            shown.append(message["content"]["data"]["text/plain"])
        elif message["msg_type"] == "error":
            shown.append(message["content"]["evalue"])

    client.execute_interactive("6 * 7", timeout=60, output_hook=collect)
    print(" ".join(shown))
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
