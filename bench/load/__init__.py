"""The load generator: one process that plays thousands of WebSocket clients, counts what they get, and checks it.

`python -m bench.load JOB` plays one load and prints its figures; `python -m bench.load.most` tells how much it can take.
It knows servers by a port, a dialect and a process number, and is left alone by gevent: raw sockets, one epoll, large reads.
"""
