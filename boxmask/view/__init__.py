"""A live view of generation and training, in visdom and in TensorBoard. It never blocks a run and never fails one."""

# Where a visdom server listens that was started without arguments.
SERVER, PORT = "127.0.0.1", 8097


def address(server: str = SERVER, port: int = PORT) -> str:
    """A server as pytracking's command lines name it, as one address.

    >>> address("10.0.0.1", 8099)
    'http://10.0.0.1:8099'
    """
    return f"{server if '://' in server else f'http://{server}'}:{port}"
