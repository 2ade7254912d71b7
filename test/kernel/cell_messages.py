"""What a kernel says of one request, among what it says of others."""


def messages_of(sent, get):
    """Kind and content of all that a cell publishes, until it has ended. `get` gives the kernel's next message."""
    while True:
        message = get()
        if message["parent_header"].get("msg_id") != sent:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "status" and content["execution_state"] == "idle":
            return
        yield kind, content


def reply_to(sent, client, timeout):
    """The content of the answer to a request."""
    while True:
        reply = client.get_shell_msg(timeout=timeout)
        if reply["parent_header"].get("msg_id") == sent:
            return reply["content"]
