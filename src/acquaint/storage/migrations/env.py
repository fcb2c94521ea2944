"""Run by alembic: takes the steps on the connection that ``schema`` hands over, in the transaction begun there."""

from __future__ import annotations

from alembic import context

from acquaint.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a table by making it anew
)
context.run_migrations()
