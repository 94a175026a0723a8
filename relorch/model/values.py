"""The nouns of relorch as frozen values. Rows become these at the border of the store."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from relorch.model.ordering import Side
from relorch.model.status import Status


class Category(StrEnum):
    """Where a step stands in a release: all deploy steps come before all verify steps."""

    DEPLOY = "deploy"
    VERIFY = "verify"


class StepType(StrEnum):
    """What a step's content is, and so which placeholder rules hold."""

    BASH = "bash"
    SQL = "sql"
    TEXT = "text"


class ReleaseType(StrEnum):
    """What a release is for."""

    ONBOARDING = "onboarding"
    RELEASE = "release"
    HOTFIX = "hotfix"


class ReleaseStatus(StrEnum):
    """draft → active → archived."""

    DRAFT = "draft"
    ACTIVE = "active"
    ARCHIVED = "archived"


class MemberState(StrEnum):
    """How a customer takes part in a release."""

    ACTIVE = "active"
    HELD = "held"
    REMOVED = "removed"


class Value(BaseModel):
    """A frozen value; unknown fields are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Row(Value):
    """A value that is one mutable row: `row_version` grows with each change of it."""

    id: int
    created_at: datetime
    updated_at: datetime
    row_version: int


class Cluster(Row):
    """A Kubernetes cluster; `kubeconfig_path` is opaque text that is never opened."""

    name: str
    kubeconfig_path: str | None
    description: str | None
    is_active: bool
    metadata: dict[str, str]


class Customer(Row):
    """A customer: one namespace on one cluster."""

    cluster_id: int
    namespace: str
    name: str
    description: str | None
    is_active: bool
    metadata: dict[str, str]


class Release(Row):
    """A release; `archived_from` is the status it goes back to on reopen."""

    name: str
    type: ReleaseType
    status: ReleaseStatus
    archived_from: ReleaseStatus | None
    version_number: str | None
    release_date: datetime | None
    description: str | None
    metadata: dict[str, str]


class StepTemplate(Row):
    """A step as every member of the release gets it; `revision` counts changes of its content."""

    release_id: int
    name: str
    category: Category
    type: StepType
    content: str
    order_index: int
    description: str | None
    required: bool
    is_retired: bool
    revision: int


class CustomerStep(Row):
    """A step of one customer in one release, with its own text and its own record."""

    release_id: int
    customer_id: int
    template_id: int | None
    template_revision: int | None
    name: str
    category: Category
    type: StepType
    content: str
    order_index: int
    status: Status
    executed_at: datetime | None
    executed_by: str | None
    executed_content: str | None
    executed_sha256: str | None
    skip_reason: str | None
    notes: str | None
    is_custom: bool
    is_overridden: bool
    anchor_template_id: int | None
    anchor_side: Side | None


class Member(Value):
    """A customer taking part in a release."""

    release_id: int
    customer_id: int
    state: MemberState
    reason: str | None
    added_at: datetime
    row_version: int


class Event(Value):
    """One recorded fact; `before` and `after` hold the columns that changed."""

    id: int
    batch_id: int
    at: datetime
    operator: str
    action: str
    release_id: int | None
    customer_id: int | None
    template_id: int | None
    step_id: int | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    note: str | None
