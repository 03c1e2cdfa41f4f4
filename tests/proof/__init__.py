"""The proof that the chat loses nothing, doubles nothing and keeps the order: `python -m tests.proof --kills 200`.

Writers and readers talk over real sockets to a real server, which is killed and restarted under them, while their
connections are cut and what the server tells them is dropped. At the end the log in the store, what every client has
seen and what was acknowledged are laid side by side.

    texts.py     what is written; readers know what an id must carry
    tally.py     what was counted, and which promises of docs/PROTOCOL.md were broken
    view.py      what one client has seen of one room
    client.py    one person on chat.v1: comes back, resumes, keeps the position
    writer.py    a client with an outbox
    reader.py    a client that reads, and sometimes begins anew and pages back
    faults.py    what is done to the server and to connections, from one seeded random source
    stored.py    the log as the store has it, read with SQLite alone
    compare.py   lost, doubled, reordered; pure
    run.py       all of it, from the first client to the verdict
"""
