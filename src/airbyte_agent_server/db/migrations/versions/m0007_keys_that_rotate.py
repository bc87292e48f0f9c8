"""An owner may have several data keys: one that seals, and retired ones that still open."""

import sqlalchemy as sa
from alembic import op

from airbyte_agent_server.db.schema import SchemaError
from airbyte_agent_server.db.types import Instant

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Forward."""
    with op.batch_alter_table("data_keys") as table:
        table.add_column(sa.Column("retired_at", Instant))
        table.add_column(sa.Column("destroyed_at", Instant))
        table.alter_column("wrapped", existing_type=sa.LargeBinary, nullable=True)
        table.drop_constraint("uq_data_keys_owner", type_="unique")
    op.create_index(
        "uq_data_keys_current",
        "data_keys",
        ["owner"],
        unique=True,
        sqlite_where=sa.text("retired_at IS NULL"),
        postgresql_where=sa.text("retired_at IS NULL"),
    )


def downgrade() -> None:
    """Backward, unless a data key was rotated: the older server knows one key for each owner."""
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM data_keys WHERE retired_at IS NOT NULL")):
        raise SchemaError(
            "Data keys were rotated, and a server before migration 0007 knows one for each workspace: "
            "restore a backup from before the rotation instead."
        )
    op.drop_index("uq_data_keys_current", "data_keys")
    op.execute("DELETE FROM data_keys WHERE destroyed_at IS NOT NULL")
    with op.batch_alter_table("data_keys") as table:
        table.create_unique_constraint("uq_data_keys_owner", ["owner"])
        table.alter_column("wrapped", existing_type=sa.LargeBinary, nullable=False)
        table.drop_column("destroyed_at")
        table.drop_column("retired_at")
