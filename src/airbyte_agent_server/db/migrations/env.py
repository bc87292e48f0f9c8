"""Runs migrations inside the transaction that the caller opened."""

from alembic import context

from airbyte_agent_server.db.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
