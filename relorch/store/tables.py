"""The tables. Names are those of the original specification, plus `release_customers` and `events`.

Nothing executed is ever deleted by the way: every foreign key is RESTRICT. Enums and lengths are checked
by the database too, so that no other program can store what relorch would not.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)

from relorch.model import text as limits
from relorch.model.ordering import Side
from relorch.model.status import Status
from relorch.model.values import Category, MemberState, ReleaseStatus, ReleaseType, StepType
from relorch.store.types import Flag, JsonText, OneOf, TextMap, UtcTime, WholeNumber

SCHEMA = 1
"""The number of the newest schema; it is also the newest migration's revision (`0001` is 1)."""

APPLICATION_ID = 0x72656C6F
"""Marks a SQLite file as a relorch workbook ("relo")."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_OPTIONS: dict[str, Any] = {"sqlite_autoincrement": True, "sqlite_strict": True}


def _id() -> Column[int]:
    return Column("id", WholeNumber, primary_key=True)


def _times() -> tuple[Column[object], ...]:
    return (
        Column("created_at", UtcTime, nullable=False),
        Column("updated_at", UtcTime, nullable=False),
        Column("row_version", Integer, nullable=False, server_default=text("1")),
    )


def _in(column: str, kinds: type[StrEnum]) -> CheckConstraint:
    names = ", ".join(f"'{kind.value}'" for kind in kinds)
    return CheckConstraint(f"{column} IN ({names})", name=column)


def _long(column: str, most: int, least: int = 1) -> CheckConstraint:
    return CheckConstraint(f"length({column}) BETWEEN {least} AND {most}", name=f"{column}_length")


def _flag(column: str) -> CheckConstraint:
    return CheckConstraint(f"{column} IN (0, 1)", name=column)


clusters = Table(
    "clusters",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("kubeconfig_path", Text),
    Column("description", Text),
    Column("is_active", Flag, nullable=False, server_default=text("1")),
    Column("metadata", TextMap, nullable=False, server_default=text("'{}'")),
    *_times(),
    _long("name", limits.NAME_LIMIT),
    _long("kubeconfig_path", limits.PATH_LIMIT),
    _long("description", limits.TEXT_LIMIT),
    _flag("is_active"),
    Index(
        "unique_active_cluster_name",
        "name",
        unique=True,
        sqlite_where=text("is_active = 1"),
        postgresql_where=text("is_active = 1"),
    ),
    comment="Kubernetes clusters.",
    **_OPTIONS,
)

customers = Table(
    "customers",
    metadata,
    _id(),
    Column("cluster_id", WholeNumber, ForeignKey("clusters.id", ondelete="RESTRICT"), nullable=False),
    Column("namespace", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("is_active", Flag, nullable=False, server_default=text("1")),
    Column("metadata", TextMap, nullable=False, server_default=text("'{}'")),
    *_times(),
    _long("namespace", limits.NAMESPACE_LIMIT),
    _long("name", limits.NAME_LIMIT),
    _long("description", limits.TEXT_LIMIT),
    _flag("is_active"),
    Index("ix_customers_cluster_id", "cluster_id"),
    Index(
        "unique_namespace_per_cluster",
        "cluster_id",
        "namespace",
        unique=True,
        sqlite_where=text("is_active = 1"),
        postgresql_where=text("is_active = 1"),
    ),
    comment="Customers: one namespace on one cluster each.",
    **_OPTIONS,
)

releases = Table(
    "releases",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("type", OneOf(ReleaseType), nullable=False),
    Column("status", OneOf(ReleaseStatus), nullable=False, server_default=text("'draft'")),
    Column("archived_from", OneOf(ReleaseStatus)),
    Column("version_number", Text),
    Column("release_date", UtcTime),
    Column("description", Text),
    Column("metadata", TextMap, nullable=False, server_default=text("'{}'")),
    *_times(),
    _long("name", limits.NAME_LIMIT),
    _long("version_number", limits.VERSION_LIMIT),
    _long("description", limits.TEXT_LIMIT),
    _in("type", ReleaseType),
    _in("status", ReleaseStatus),
    CheckConstraint("(status = 'archived') = (archived_from IS NOT NULL)", name="archived_from"),
    Index("unique_release_name", "name", unique=True),
    comment="Releases: draft, active, archived.",
    **_OPTIONS,
)

step_templates = Table(
    "step_templates",
    metadata,
    _id(),
    Column("release_id", WholeNumber, ForeignKey("releases.id", ondelete="RESTRICT"), nullable=False),
    Column("name", Text, nullable=False),
    Column("category", OneOf(Category), nullable=False),
    Column("type", OneOf(StepType), nullable=False),
    Column("content", Text, nullable=False),
    Column("order_index", Integer, nullable=False),
    Column("description", Text),
    Column("required", Flag, nullable=False, server_default=text("0")),
    Column("is_retired", Flag, nullable=False, server_default=text("0")),
    Column("revision", Integer, nullable=False, server_default=text("1")),
    *_times(),
    _long("name", limits.NAME_LIMIT),
    _long("content", limits.CONTENT_LIMIT),
    _long("description", limits.TEXT_LIMIT),
    _in("category", Category),
    _in("type", StepType),
    _flag("required"),
    _flag("is_retired"),
    Index("ix_step_templates_release_id", "release_id"),
    Index(
        "unique_order_per_release_category",
        "release_id",
        "category",
        "order_index",
        unique=True,
        sqlite_where=text("is_retired = 0"),
        postgresql_where=text("is_retired = 0"),
    ),
    comment="The steps of a release as every member gets them.",
    **_OPTIONS,
)

release_customers = Table(
    "release_customers",
    metadata,
    Column("release_id", WholeNumber, ForeignKey("releases.id", ondelete="RESTRICT"), primary_key=True),
    Column("customer_id", WholeNumber, ForeignKey("customers.id", ondelete="RESTRICT"), primary_key=True),
    Column("state", OneOf(MemberState), nullable=False, server_default=text("'active'")),
    Column("reason", Text),
    Column("added_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("row_version", Integer, nullable=False, server_default=text("1")),
    _in("state", MemberState),
    _long("reason", limits.TEXT_LIMIT),
    Index("ix_release_customers_customer_id", "customer_id"),
    comment="Who takes part in which release.",
    sqlite_strict=True,
)

customer_steps = Table(
    "customer_steps",
    metadata,
    _id(),
    Column("release_id", WholeNumber, nullable=False),
    Column("customer_id", WholeNumber, nullable=False),
    Column("template_id", WholeNumber, ForeignKey("step_templates.id", ondelete="RESTRICT")),
    Column("template_revision", Integer),
    Column("name", Text, nullable=False),
    Column("category", OneOf(Category), nullable=False),
    Column("type", OneOf(StepType), nullable=False),
    Column("content", Text, nullable=False),
    Column("order_index", Integer, nullable=False),
    Column("status", OneOf(Status), nullable=False, server_default=text("'pending'")),
    Column("executed_at", UtcTime),
    Column("executed_by", Text),
    Column("executed_content", Text),
    Column("executed_sha256", Text),
    Column("skip_reason", Text),
    Column("notes", Text),
    Column("is_custom", Flag, nullable=False, server_default=text("0")),
    Column("is_overridden", Flag, nullable=False, server_default=text("0")),
    Column("anchor_template_id", WholeNumber, ForeignKey("step_templates.id", ondelete="RESTRICT")),
    Column("anchor_side", OneOf(Side)),
    *_times(),
    ForeignKeyConstraint(
        ["release_id", "customer_id"],
        ["release_customers.release_id", "release_customers.customer_id"],
        ondelete="RESTRICT",
        name="fk_customer_steps_member",
    ),
    _long("name", limits.NAME_LIMIT),
    _long("content", limits.CONTENT_LIMIT),
    _long("skip_reason", limits.TEXT_LIMIT),
    _long("notes", limits.TEXT_LIMIT),
    _in("category", Category),
    _in("type", StepType),
    _in("status", Status),
    _flag("is_custom"),
    _flag("is_overridden"),
    _in("anchor_side", Side),
    CheckConstraint("(anchor_template_id IS NULL) = (anchor_side IS NULL)", name="anchor"),
    CheckConstraint("is_custom = 0 OR (template_id IS NULL AND is_overridden = 0)", name="custom"),
    CheckConstraint("(executed_content IS NULL) = (executed_sha256 IS NULL)", name="executed_text"),
    CheckConstraint("(executed_at IS NULL) = (executed_by IS NULL)", name="executed_who"),
    CheckConstraint("(status = 'pending') = (executed_at IS NULL)", name="executed"),
    Index("unique_customer_step", "release_id", "customer_id", "template_id", unique=True),
    Index("ix_customer_steps_customer_id", "customer_id"),
    Index("ix_customer_steps_template_id", "template_id"),
    comment="Each member's own steps and their record.",
    **_OPTIONS,
)

events = Table(
    "events",
    metadata,
    _id(),
    Column("batch_id", WholeNumber, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("operator", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("release_id", WholeNumber),
    Column("customer_id", WholeNumber),
    Column("template_id", WholeNumber),
    Column("step_id", WholeNumber),
    Column("before", JsonText),
    Column("after", JsonText),
    Column("note", Text),
    Column("row_digest", Text),
    Column("undoes", WholeNumber),
    Column("sha256", Text, nullable=False),
    _long("operator", limits.OPERATOR_LIMIT),
    CheckConstraint("length(sha256) = 64", name="sha256_length"),
    CheckConstraint("batch_id <= id", name="batch_id"),
    Index("ix_events_batch_id", "batch_id"),
    Index("ix_events_release_id", "release_id", "id"),
    Index("ix_events_step_id", "step_id"),
    Index(
        "ix_events_undoes",
        "undoes",
        sqlite_where=text("undoes IS NOT NULL"),
        postgresql_where=text("undoes IS NOT NULL"),
    ),
    Index(
        "ix_events_template_id",
        "template_id",
        sqlite_where=text("step_id IS NULL"),
        postgresql_where=text("step_id IS NULL"),
    ),
    comment="One recorded fact a row; append-only, chained by sha256. A batch has the id of its first event.",
    **_OPTIONS,
)

APPEND_ONLY = tuple(
    f"CREATE TRIGGER events_no_{action.lower()} BEFORE {action} ON events "
    "BEGIN SELECT RAISE(ABORT, 'events are append-only'); END"
    for action in ("UPDATE", "DELETE")
)
"""SQLite's triggers that keep the record; PostgreSQL will bring its own form of them."""
