"""Several workers: what they cost and what they bring, beside one worker. `python -m bench.workers`.

`crowd` plays clients and knows which worker has whom; `latency`, `fanout` and `ending` each measure one thing and return
rows of the table.
"""

#: What is measured and what came out.
Row = tuple[str, str]
