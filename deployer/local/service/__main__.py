"""Runs the local alerting service: `python -m deployer.local.service --node URL --port PORT --data DIR`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from pathlib import Path

import uvicorn

from deployer.local.service.app import make_app
from deployer.local.service.errors import ServerError
from deployer.local.service.node import Node
from deployer.local.service.server import Service


def main() -> int:
    """Serves until it is told to stop. Returns 1 with a line on stderr if it cannot start."""
    parser = argparse.ArgumentParser(prog="deployer.local.service", description="the local alerting service")
    parser.add_argument("--node", required=True, help="URL of the node behind the service")
    parser.add_argument("--port", required=True, type=int, help="port to listen on, on 127.0.0.1 only")
    parser.add_argument("--data", required=True, type=Path, help="folder for what the service keeps itself")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    given.data.mkdir(parents=True, exist_ok=True)
    return asyncio.run(_serve(given.node.rstrip("/"), given.port))


async def _serve(node_url: str, port: int) -> int:
    node = Node(node_url)
    try:
        (await node.ask("GET", "/_local/settings")).checked()
    except ServerError as error:
        sys.stderr.write(
            f"cannot start: {node_url} is no node with the local alerting module: {error.failure.message}\n"
        )
        await node.close()
        return 1
    app = make_app(Service(node), node_url)
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        log_level="warning",
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    await server.serve()
    return 0 if server.started else 1


if __name__ == "__main__":
    raise SystemExit(main())
