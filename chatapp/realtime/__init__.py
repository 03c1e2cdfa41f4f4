"""The engine under both halves: connections, the hub, the heartbeat.

It moves bytes between sockets and knows nothing of chat, logs or Flask (tests/test_layers.py holds it to that).
It waits with gevent's own primitives, so it needs no monkey patch and can be tested without one.
"""
