"""Alembic's entry: relorch always brings its own open connection, and never runs offline."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
