"""The processes that run background work."""

import sqlalchemy as sa
from alembic import op

from airbyte_agent_server.db.types import Instant

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "job_nodes",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("beats", sa.BigInteger, nullable=False),
        sa.Column("stopped", sa.Boolean, nullable=False),
        sa.Column("beat_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job_nodes"),
    )


def downgrade() -> None:
    """Backward."""
    op.drop_table("job_nodes")
