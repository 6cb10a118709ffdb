"""Kernel channels that send each message at once."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from jupyter_cube.server.nodelay import Undelayed

pytest_plugins = ["pytest_jupyter.jupyter_server"]


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"kernel_websocket_connection_class": "jupyter_cube.server.nodelay.Undelayed"}}


async def test_a_kernels_socket_waits_for_no_acknowledgement(jp_fetch: Any, jp_ws_fetch: Any) -> None:
    answer = await jp_fetch("api", "kernels", method="POST", body=json.dumps({}))
    kernel = json.loads(answer.body)["id"]
    connection = await jp_ws_fetch("api", "kernels", kernel, "channels")
    [ours] = [one for one in Undelayed._open_sockets if isinstance(one, Undelayed) and one.kernel_id == kernel]
    stream = ours.websocket_handler.ws_connection.stream
    assert stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    connection.close()
    await jp_fetch("api", "kernels", kernel, method="DELETE")
