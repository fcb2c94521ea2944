"""The one implementation of ``ports.store``, for SQLite and PostgreSQL.

store          SqlStore: transactions, and the shelves they open
apps … answers one file per shelf: statements at the top, rows turned into domain values by hand
tables         every table; columns: how values are written in them
statements     SQLAlchemy writes each statement once, the database's own driver runs it
engine         the only file that knows which database it talks to; sqlite and postgresql are its two hands
schema         bringing a database to this version's tables; migrations: how they came to be
watch          what other processes wrote to the same SQLite file
"""
