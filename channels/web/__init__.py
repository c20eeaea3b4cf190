"""The resident's web chat (网络平台): the page, its WebSocket, and the same over plain HTTP."""
