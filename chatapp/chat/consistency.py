"""Whether the log of a store is in order, and whether what is derived from it says the same. SQL; nothing is changed.

The log alone is the truth: each table is held against what it would be if it were made anew from the events that are kept.
Called by `chat.archive` and `chat.archive_postgres`; a test has it look at what `chat.derived` has made.
"""

from collections.abc import Iterator

from chatapp.chat import schema
from chatapp.chat.database import Execute

# Events follow each other in their room without a hole, from one after its floor on; positions rise, messages are counted.
_ORDER = f"""
    SELECT count(*) FROM (
        SELECT type, seq - lag(seq) OVER room AS step, pos - lag(pos) OVER room AS rise,
            number - lag(number) OVER room AS counted
        FROM events WINDOW room AS (PARTITION BY room ORDER BY seq)) q
    WHERE step IS NOT NULL
        AND (step != 1 OR rise <= 0 OR counted != CASE WHEN type = {schema.MESSAGE} THEN 1 ELSE 0 END)
"""
_BEGINNING = """
    SELECT count(*) FROM rooms r
    WHERE coalesce((SELECT min(seq) FROM events WHERE room = r.key), floor + 1) != floor + 1
"""
_STRANGERS = """
    SELECT count(*) FROM events e
    WHERE NOT EXISTS (SELECT 1 FROM rooms WHERE key = e.room) OR NOT EXISTS (SELECT 1 FROM authors WHERE key = e.author)
"""
# Only the text of what was deleted is taken out of the log, and it is.
_TEXTS = f"""
    SELECT count(*) FROM events e
    LEFT JOIN changes c ON c.room = e.room AND c.seq = CASE WHEN e.type = {schema.EDIT} THEN e.target ELSE e.seq END
    WHERE e.type IN ({schema.MESSAGE}, {schema.EDIT}) AND (c.deleted IS NOT NULL) != (e.body = '')
        AND NOT (e.type = {schema.EDIT} AND e.target <= (SELECT floor FROM rooms WHERE key = e.room))
"""

_KEPT = "target > (SELECT floor FROM rooms WHERE key = room)"
_TOPICAL = f"type IN ({schema.CREATE}, {schema.TOPIC})"
#: Who is mentioned in which message: in SQLite, and in PostgreSQL.
MENTIONED_IN_SQLITE = f"""
    SELECT DISTINCT json_extract(m.value, '$.id'), room, seq FROM events, json_each(events.mentions) m
    WHERE events.type = {schema.MESSAGE}
"""
MENTIONED_IN_POSTGRES = f"""
    SELECT DISTINCT m.value->>'id', room, seq FROM events, json_array_elements(events.mentions::json) m
    WHERE events.type = {schema.MESSAGE}
"""

# For each derived table: what stands in it, and what should. Of what happened to something the last counts.
_DERIVED = {
    "changes": (
        "SELECT room, seq, body, mentions, edited, deleted FROM changes",
        f"""SELECT room, target, CASE WHEN type = {schema.EDIT} THEN body ELSE '' END,
                CASE WHEN type = {schema.EDIT} THEN mentions END, CASE WHEN type = {schema.EDIT} THEN time END,
                CASE WHEN type = {schema.DELETE} THEN time END
            FROM (SELECT e.*, row_number() OVER (PARTITION BY room, target ORDER BY seq DESC) AS last
                FROM events e WHERE type IN ({schema.EDIT}, {schema.DELETE})) q
            WHERE last = 1 AND {_KEPT}""",
    ),
    "reactions": (
        "SELECT room, seq, emoji, person FROM reactions",
        f"""SELECT room, target, substr(body, 2), person
            FROM (SELECT e.*, a.person,
                    row_number() OVER (PARTITION BY room, target, substr(body, 2), a.person ORDER BY seq DESC) AS last
                FROM events e JOIN authors a ON a.key = e.author WHERE type = {schema.REACT}) e
            WHERE last = 1 AND body LIKE '+%' AND {_KEPT}
                AND NOT EXISTS (SELECT 1 FROM changes c WHERE c.room = e.room AND c.seq = target AND deleted IS NOT NULL)""",
    ),
    "mentions": ("SELECT person, room, seq FROM mentions", ""),
    "topics": (
        f"SELECT key, topic FROM rooms WHERE key IN (SELECT room FROM events WHERE {_TOPICAL})",
        f"""SELECT room, body
            FROM (SELECT room, body, row_number() OVER (PARTITION BY room ORDER BY seq DESC) AS last
                FROM events WHERE {_TOPICAL}) q
            WHERE last = 1""",
    ),
}


def problems(execute: Execute, mentioned: str) -> Iterator[str]:
    """A sentence for each kind of thing that is wrong."""
    for sql, sentence in (
        (_ORDER, "Events that do not follow the one before them in their room: {}."),
        (_BEGINNING, "Rooms whose log does not begin where what is kept begins: {}."),
        (_STRANGERS, "Events of a room or of a person that is not there: {}."),
        (_TEXTS, "Texts that are empty though they are not deleted, or the other way round: {}."),
    ):
        (count,) = execute(sql).fetchone()
        if count:
            yield sentence.format(count)
    for what, (there, expected) in _DERIVED.items():
        expected = expected or mentioned
        (more,) = execute(f"SELECT count(*) FROM ({there} EXCEPT {expected}) q").fetchone()
        (missing,) = execute(f"SELECT count(*) FROM ({expected} EXCEPT {there}) q").fetchone()
        if more or missing:
            yield f"The {what} do not agree with the log. Missing: {missing}. Should not be there: {more}."
