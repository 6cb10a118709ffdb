"""Kernel channels without Nagle's algorithm, for whom asks for it.

A server leaves it on, so that the later ones of several small messages wait for the browser's delayed acknowledgement,
some 40 ms: ``c.ServerApp.kernel_websocket_connection_class = "jupyter_cube.server.nodelay.Undelayed"``.
"""

from __future__ import annotations

import asyncio

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class Undelayed(ZMQChannelsWebsocketConnection):
    """The server's own connection, each message sent at once."""

    def connect(self) -> asyncio.Future[None] | None:  # type: ignore[override] # as the class above has it
        """Begin, when the socket is there."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()
