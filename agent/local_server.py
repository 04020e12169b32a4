"""The child process behind ``--model local``: an OpenAI-compatible server that ends with its parent.

Run by file name with: weights, context length, process id of the parent. Prints its address once it
is ready. Imports nothing of ours, so that it starts at once and from any folder.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import time

_CACHED_PROMPTS_MIB = 256


def _end_with(parent: int) -> None:
    """End when the parent is gone, however it went: kill -9 leaves no time to say goodbye."""

    def closed() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        os._exit(0)

    threading.Thread(target=closed, daemon=True).start()
    # The pipe alone would stay open where the parent had forked workers that outlive it.
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


def _serve(weights: str, context: int) -> object:
    runtime = importlib.import_module("xllamacpp")
    params = runtime.CommonParams()
    params.model.path = weights
    params.hostnames = ["127.0.0.1"]
    params.port = 0  # a free one
    params.n_ctx = context
    params.n_parallel = 1
    params.cache_ram_mib = _CACHED_PROMPTS_MIB
    params.verbosity = 1
    params.ui = False
    params.endpoint_slots = False  # would show the documents to whoever asks
    params.cors_origins = "http://127.0.0.1"  # the default lets any web page in
    server = runtime.Server(params)
    print(server.listening_address, flush=True)
    return server


def main() -> None:
    """Serve until the parent is gone."""
    weights, context, parent = sys.argv[1:]
    threading.Thread(target=_end_with, args=(int(parent),), daemon=True).start()
    server = _serve(weights, int(context))
    threading.Event().wait()
    del server


if __name__ == "__main__":
    main()
