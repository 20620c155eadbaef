"""TLS servers on the loopback, any number of them in one thread."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import ssl
import threading


class TlsServers:
    """Each answers on a port of its own with the certificate and key of a PEM file."""

    def __init__(self, files):
        self._files = [str(file) for file in files]
        self._loop = asyncio.new_event_loop()
        self._servers = []
        self.ports = []
        # One for each server and for each connection, beside the few of Python's own.
        wanted = 2 * len(self._files) + 256
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))

    def __enter__(self):
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.ports = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(timeout=60)
        return self

    def __exit__(self, *_):
        async def stop():
            for server in self._servers:
                server.close()

        asyncio.run_coroutine_threadsafe(stop(), self._loop).result(timeout=60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=60)

    async def _start(self):
        contexts = {}
        for file in self._files:
            if file not in contexts:
                contexts[file] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                contexts[file].load_cert_chain(file)
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=contexts[file], backlog=64)
            self._servers.append(server)
        return [server.sockets[0].getsockname()[1] for server in self._servers]

    @staticmethod
    async def _serve(reader, writer):
        with contextlib.suppress(OSError, asyncio.TimeoutError, ssl.SSLError):
            await asyncio.wait_for(reader.read(1), timeout=5)
            writer.close()
            await writer.wait_closed()
