"""Alembic's entry: the connection is handed in by ``store.migrate``."""

from alembic import context

from store.migrate import METADATA, is_compared

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    include_object=is_compared,
    render_as_batch=False,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
