"""What the administration of workspaces keeps: a name to search by, and whether records are cached."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Forward."""
    op.add_column("workspaces", sa.Column("cache_enabled", sa.Boolean))
    op.add_column("workspaces", sa.Column("folded_name", sa.Text, nullable=False, server_default=""))
    workspaces = sa.table("workspaces", sa.column("id"), sa.column("name"), sa.column("folded_name"))
    connection = op.get_bind()
    for row in connection.execute(sa.select(workspaces.c.id, workspaces.c.name)).all():
        # Python folds the case of every script; the databases only of some.
        connection.execute(workspaces.update().where(workspaces.c.id == row.id).values(folded_name=row.name.casefold()))
    with op.batch_alter_table("workspaces") as table:
        table.alter_column("folded_name", server_default=None)


def downgrade() -> None:
    """Backward."""
    op.drop_column("workspaces", "folded_name")
    op.drop_column("workspaces", "cache_enabled")
