"""The first schema: the tables of the specification, members, and events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

WHOLE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "clusters",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kubeconfig_path", sa.Text()),
        sa.Column("description", sa.Text()),
        sa.Column("is_active", sa.Integer(), nullable=False, server_default=sa.text("1")),
        sa.Column("metadata", sa.Text(), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("updated_at", WHOLE, nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False, server_default=sa.text("1")),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 200", name=op.f("ck_clusters_name_length")),
        sa.CheckConstraint(
            "length(kubeconfig_path) BETWEEN 1 AND 4000", name=op.f("ck_clusters_kubeconfig_path_length")
        ),
        sa.CheckConstraint("length(description) BETWEEN 1 AND 4000", name=op.f("ck_clusters_description_length")),
        sa.CheckConstraint("is_active IN (0, 1)", name=op.f("ck_clusters_is_active")),
        sa.PrimaryKeyConstraint("id", name="pk_clusters"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index(
        "unique_active_cluster_name",
        "clusters",
        ["name"],
        unique=True,
        sqlite_where=sa.text("is_active = 1"),
        postgresql_where=sa.text("is_active = 1"),
    )
    op.create_table(
        "events",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("batch_id", WHOLE, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("release_id", WHOLE),
        sa.Column("customer_id", WHOLE),
        sa.Column("template_id", WHOLE),
        sa.Column("step_id", WHOLE),
        sa.Column("before", sa.Text()),
        sa.Column("after", sa.Text()),
        sa.Column("note", sa.Text()),
        sa.Column("row_digest", sa.Text()),
        sa.Column("undoes", WHOLE),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.CheckConstraint("length(operator) BETWEEN 1 AND 200", name=op.f("ck_events_operator_length")),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_events_sha256_length")),
        sa.CheckConstraint("batch_id <= id", name=op.f("ck_events_batch_id")),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index("ix_events_batch_id", "events", ["batch_id"], unique=False)
    op.create_index("ix_events_release_id", "events", ["release_id", "id"], unique=False)
    op.create_index("ix_events_step_id", "events", ["step_id"], unique=False)
    op.create_index(
        "ix_events_template_id",
        "events",
        ["template_id"],
        unique=False,
        sqlite_where=sa.text("step_id IS NULL"),
        postgresql_where=sa.text("step_id IS NULL"),
    )
    op.create_index(
        "ix_events_undoes",
        "events",
        ["undoes"],
        unique=False,
        sqlite_where=sa.text("undoes IS NOT NULL"),
        postgresql_where=sa.text("undoes IS NOT NULL"),
    )
    op.create_table(
        "releases",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False, server_default=sa.text("'draft'")),
        sa.Column("archived_from", sa.Text()),
        sa.Column("version_number", sa.Text()),
        sa.Column("release_date", WHOLE),
        sa.Column("description", sa.Text()),
        sa.Column("metadata", sa.Text(), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("updated_at", WHOLE, nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False, server_default=sa.text("1")),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 200", name=op.f("ck_releases_name_length")),
        sa.CheckConstraint("length(version_number) BETWEEN 1 AND 100", name=op.f("ck_releases_version_number_length")),
        sa.CheckConstraint("length(description) BETWEEN 1 AND 4000", name=op.f("ck_releases_description_length")),
        sa.CheckConstraint("type IN ('onboarding', 'release', 'hotfix')", name=op.f("ck_releases_type")),
        sa.CheckConstraint("status IN ('draft', 'active', 'archived')", name=op.f("ck_releases_status")),
        sa.CheckConstraint(
            "(status = 'archived') = (archived_from IS NOT NULL)", name=op.f("ck_releases_archived_from")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_releases"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index("unique_release_name", "releases", ["name"], unique=True)
    op.create_table(
        "customers",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("cluster_id", WHOLE, nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("is_active", sa.Integer(), nullable=False, server_default=sa.text("1")),
        sa.Column("metadata", sa.Text(), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("updated_at", WHOLE, nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False, server_default=sa.text("1")),
        sa.CheckConstraint("length(namespace) BETWEEN 1 AND 63", name=op.f("ck_customers_namespace_length")),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 200", name=op.f("ck_customers_name_length")),
        sa.CheckConstraint("length(description) BETWEEN 1 AND 4000", name=op.f("ck_customers_description_length")),
        sa.CheckConstraint("is_active IN (0, 1)", name=op.f("ck_customers_is_active")),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
        sa.ForeignKeyConstraint(["cluster_id"], ["clusters.id"], name="fk_customers_cluster_id", ondelete="RESTRICT"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index("ix_customers_cluster_id", "customers", ["cluster_id"], unique=False)
    op.create_index(
        "unique_namespace_per_cluster",
        "customers",
        ["cluster_id", "namespace"],
        unique=True,
        sqlite_where=sa.text("is_active = 1"),
        postgresql_where=sa.text("is_active = 1"),
    )
    op.create_table(
        "step_templates",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("release_id", WHOLE, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("order_index", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("required", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("is_retired", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("revision", sa.Integer(), nullable=False, server_default=sa.text("1")),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("updated_at", WHOLE, nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False, server_default=sa.text("1")),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 200", name=op.f("ck_step_templates_name_length")),
        sa.CheckConstraint("length(content) BETWEEN 1 AND 65536", name=op.f("ck_step_templates_content_length")),
        sa.CheckConstraint("length(description) BETWEEN 1 AND 4000", name=op.f("ck_step_templates_description_length")),
        sa.CheckConstraint("category IN ('deploy', 'verify')", name=op.f("ck_step_templates_category")),
        sa.CheckConstraint("type IN ('bash', 'sql', 'text')", name=op.f("ck_step_templates_type")),
        sa.CheckConstraint("required IN (0, 1)", name=op.f("ck_step_templates_required")),
        sa.CheckConstraint("is_retired IN (0, 1)", name=op.f("ck_step_templates_is_retired")),
        sa.PrimaryKeyConstraint("id", name="pk_step_templates"),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.id"], name="fk_step_templates_release_id", ondelete="RESTRICT"
        ),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index("ix_step_templates_release_id", "step_templates", ["release_id"], unique=False)
    op.create_index(
        "unique_order_per_release_category",
        "step_templates",
        ["release_id", "category", "order_index"],
        unique=True,
        sqlite_where=sa.text("is_retired = 0"),
        postgresql_where=sa.text("is_retired = 0"),
    )
    op.create_table(
        "release_customers",
        sa.Column("release_id", WHOLE, nullable=False),
        sa.Column("customer_id", WHOLE, nullable=False),
        sa.Column("state", sa.Text(), nullable=False, server_default=sa.text("'active'")),
        sa.Column("reason", sa.Text()),
        sa.Column("added_at", WHOLE, nullable=False),
        sa.Column("updated_at", WHOLE, nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False, server_default=sa.text("1")),
        sa.CheckConstraint("state IN ('active', 'held', 'removed')", name=op.f("ck_release_customers_state")),
        sa.CheckConstraint("length(reason) BETWEEN 1 AND 4000", name=op.f("ck_release_customers_reason_length")),
        sa.PrimaryKeyConstraint("release_id", "customer_id", name="pk_release_customers"),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.id"], name="fk_release_customers_release_id", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name="fk_release_customers_customer_id", ondelete="RESTRICT"
        ),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index("ix_release_customers_customer_id", "release_customers", ["customer_id"], unique=False)
    op.create_table(
        "customer_steps",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("release_id", WHOLE, nullable=False),
        sa.Column("customer_id", WHOLE, nullable=False),
        sa.Column("template_id", WHOLE),
        sa.Column("template_revision", sa.Integer()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("order_index", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False, server_default=sa.text("'pending'")),
        sa.Column("executed_at", WHOLE),
        sa.Column("executed_by", sa.Text()),
        sa.Column("executed_content", sa.Text()),
        sa.Column("executed_sha256", sa.Text()),
        sa.Column("skip_reason", sa.Text()),
        sa.Column("notes", sa.Text()),
        sa.Column("is_custom", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("is_overridden", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("anchor_template_id", WHOLE),
        sa.Column("anchor_side", sa.Text()),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("updated_at", WHOLE, nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False, server_default=sa.text("1")),
        sa.ForeignKeyConstraint(
            ["release_id", "customer_id"],
            ["release_customers.release_id", "release_customers.customer_id"],
            name="fk_customer_steps_member",
            ondelete="RESTRICT",
        ),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 200", name=op.f("ck_customer_steps_name_length")),
        sa.CheckConstraint("length(content) BETWEEN 1 AND 65536", name=op.f("ck_customer_steps_content_length")),
        sa.CheckConstraint("length(skip_reason) BETWEEN 1 AND 4000", name=op.f("ck_customer_steps_skip_reason_length")),
        sa.CheckConstraint("length(notes) BETWEEN 1 AND 4000", name=op.f("ck_customer_steps_notes_length")),
        sa.CheckConstraint("category IN ('deploy', 'verify')", name=op.f("ck_customer_steps_category")),
        sa.CheckConstraint("type IN ('bash', 'sql', 'text')", name=op.f("ck_customer_steps_type")),
        sa.CheckConstraint(
            "status IN ('pending', 'in_progress', 'done', 'skipped', 'failed', 'reverted')",
            name=op.f("ck_customer_steps_status"),
        ),
        sa.CheckConstraint("is_custom IN (0, 1)", name=op.f("ck_customer_steps_is_custom")),
        sa.CheckConstraint("is_overridden IN (0, 1)", name=op.f("ck_customer_steps_is_overridden")),
        sa.CheckConstraint("anchor_side IN ('before', 'after')", name=op.f("ck_customer_steps_anchor_side")),
        sa.CheckConstraint(
            "(anchor_template_id IS NULL) = (anchor_side IS NULL)", name=op.f("ck_customer_steps_anchor")
        ),
        sa.CheckConstraint(
            "is_custom = 0 OR (template_id IS NULL AND is_overridden = 0)", name=op.f("ck_customer_steps_custom")
        ),
        sa.CheckConstraint(
            "(executed_content IS NULL) = (executed_sha256 IS NULL)", name=op.f("ck_customer_steps_executed_text")
        ),
        sa.CheckConstraint(
            "(executed_at IS NULL) = (executed_by IS NULL)", name=op.f("ck_customer_steps_executed_who")
        ),
        sa.CheckConstraint("(status = 'pending') = (executed_at IS NULL)", name=op.f("ck_customer_steps_executed")),
        sa.PrimaryKeyConstraint("id", name="pk_customer_steps"),
        sa.ForeignKeyConstraint(
            ["template_id"], ["step_templates.id"], name="fk_customer_steps_template_id", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["anchor_template_id"],
            ["step_templates.id"],
            name="fk_customer_steps_anchor_template_id",
            ondelete="RESTRICT",
        ),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index("ix_customer_steps_customer_id", "customer_steps", ["customer_id"], unique=False)
    op.create_index("ix_customer_steps_template_id", "customer_steps", ["template_id"], unique=False)
    op.create_index("unique_customer_step", "customer_steps", ["release_id", "customer_id", "template_id"], unique=True)
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER events_no_{action.lower()} BEFORE {action} ON events "
            "BEGIN SELECT RAISE(ABORT, 'events are append-only'); END"
        )
