"""The soak: a day of normal use in minutes, over a real server, and what its processes hold meanwhile.

The day is made of shifts. In each of them people come, join rooms, talk, look back, search, and leave in all the ways in
which one can; others look at logs that are written and rotated all the time. After each shift everybody leaves, and whatever
a client, a viewer or a request has cost must be gone: sockets, descriptors, greenlets. What stays (memory, threads, and what
is made once and kept) must be as much after the last shift as it was after the first ones.

`make soak` takes ten minutes and draws a picture; the short form is one of the tests, and judges no memory.
"""

#: The environment variable of the server that tells where its workers write down what they hold.
FOLDER = "SOAK_FOLDER"
#: A file of this name in that folder asks for what is held after the collector went through everything.
COLLECT = "collect"
