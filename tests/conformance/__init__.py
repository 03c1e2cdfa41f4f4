"""Whether this engine keeps to RFC 6455 and RFC 7692, as the Autobahn test suite sees it: `python -m tests.conformance`.

The suite's program, wstest, plays every client that its authors could think of against an echo, in both ways in.

    echo.py      the server's app with an echo, served as the chat is
    wstest.py    getting wstest ready, and running it
    cases.py     which of its cases there are
    results.py   what came out; pure
"""
