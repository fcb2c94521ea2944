"""The one implementation of ``ports.store``, for SQLite and PostgreSQL.

    store          SqlStore: transactions, and the shelves they open
    apps … answers one file per shelf: statements at the top, rows turned into domain values by hand
    adding, paging what shelves have in common: ids that are nobody else's, pages by key
    tables         every table; columns: how values are written in them
    statements     SQLAlchemy writes each statement once, the database's own driver runs it
    connection     what the shelves talk to: one transaction's hand on the database
    engine         the only file that knows which database it talks to; sqlite and postgresql are its two hands
    group_commit   SQLite's one writer, and how those who wait for it share a commit
    lending        connections that are lent to one block at a time
    schema         bringing a database to this version's tables; migrations: how they came to be
    moving         all of an SQLite file goes into PostgreSQL
    watch          what other processes wrote to the same SQLite file

Others know ``store``, ``schema``, ``moving`` and ``watch``; the rest is nobody's business.
"""
