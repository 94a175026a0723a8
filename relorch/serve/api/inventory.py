"""Clusters and customers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from relorch.model import values
from relorch.serve.api import answers
from relorch.serve.api.asking import Book, StrictRoute
from relorch.serve.api.wire import (
    Absent,
    AskedFlag,
    AskedId,
    Body,
    ClusterId,
    CustomerId,
    Edit,
    Id,
    Line,
    Metadata,
    Name,
    Namespace,
    Text,
    Version,
)
from relorch.views.standing import Standing
from relorch.workbook.retexting import TextChange

router = APIRouter(tags=["inventory"], route_class=StrictRoute)

Inactive = Annotated[AskedFlag, Query(description="Also those that are not in use.")]


class NewCluster(Body):
    """A cluster to create."""

    name: Name
    kubeconfig_path: Line | None = None
    description: Text | None = None
    metadata: Metadata | None = None


class ClusterFields(Edit):
    """What of a cluster can be changed."""

    name: Name | Absent = None
    kubeconfig_path: Line | None = None
    description: Text | None = None
    metadata: Metadata | None = None


class ClusterEdit(ClusterFields):
    """A change of a cluster; one that changes the text of open steps needs `confirm`."""

    confirm: bool = False
    expected_version: Version | None = None


class NewCustomer(Body):
    """A customer to create."""

    cluster_id: Id
    namespace: Namespace
    name: Name
    description: Text | None = None
    metadata: Metadata | None = None


class CustomerFields(Edit):
    """What of a customer can be changed."""

    cluster_id: Id | Absent = None
    namespace: Namespace | Absent = None
    name: Name | Absent = None
    description: Text | None = None
    metadata: Metadata | None = None


class CustomerEdit(CustomerFields):
    """A change of a customer; one that changes the text of open steps needs `confirm`."""

    confirm: bool = False
    expected_version: Version | None = None


@router.get("/clusters", response_model=list[answers.Cluster])
def list_clusters(book: Book, inactive: Inactive = False) -> list[values.Cluster]:
    """List the clusters by name."""
    return book.clusters.list(inactive=inactive)


@router.post("/clusters", response_model=answers.Cluster, status_code=201)
def create_cluster(book: Book, body: NewCluster) -> values.Cluster:
    """Create a cluster."""
    return book.clusters.create(**dict(body))


@router.get("/clusters/{clusterId:id}", response_model=answers.Cluster)
def get_cluster(book: Book, cluster_id: ClusterId) -> values.Cluster:
    """Give one cluster."""
    return book.clusters.get(cluster_id)


@router.patch("/clusters/{clusterId:id}", response_model=answers.Cluster)
def update_cluster(book: Book, cluster_id: ClusterId, body: ClusterEdit) -> values.Cluster:
    """Change fields of a cluster."""
    fields, version = body.fields(), body.expected_version
    return book.clusters.update(cluster_id, confirm=body.confirm, expected_version=version, **fields)


@router.post("/clusters/{clusterId:id}/preview-update", response_model=answers.TextChange)
def preview_update_cluster(book: Book, cluster_id: ClusterId, body: ClusterFields) -> TextChange:
    """Count the open steps that a change of a cluster would give another text."""
    return book.clusters.preview_update(cluster_id, **body.fields())


@router.post("/clusters/{clusterId:id}/deactivate", response_model=answers.Cluster)
def deactivate_cluster(book: Book, cluster_id: ClusterId) -> values.Cluster:
    """Take a cluster out of use."""
    return book.clusters.deactivate(cluster_id)


@router.post("/clusters/{clusterId:id}/reactivate", response_model=answers.Cluster)
def reactivate_cluster(book: Book, cluster_id: ClusterId) -> values.Cluster:
    """Take a cluster into use again."""
    return book.clusters.reactivate(cluster_id)


@router.get("/customers", response_model=list[answers.Customer])
def list_customers(
    book: Book,
    cluster_id: Annotated[AskedId | None, Query(alias="clusterId")] = None,
    inactive: Inactive = False,
) -> list[values.Customer]:
    """List the customers by cluster and name."""
    return book.customers.list(cluster_id=cluster_id, inactive=inactive)


@router.post("/customers", response_model=answers.Customer, status_code=201)
def create_customer(book: Book, body: NewCustomer) -> values.Customer:
    """Create a customer on a cluster."""
    return book.customers.create(**dict(body))


@router.get("/customers/{customerId:id}", response_model=answers.Customer)
def get_customer(book: Book, customer_id: CustomerId) -> values.Customer:
    """Give one customer."""
    return book.customers.get(customer_id)


@router.patch("/customers/{customerId:id}", response_model=answers.Customer)
def update_customer(book: Book, customer_id: CustomerId, body: CustomerEdit) -> values.Customer:
    """Change fields of a customer."""
    fields, version = body.fields(), body.expected_version
    return book.customers.update(customer_id, confirm=body.confirm, expected_version=version, **fields)


@router.post("/customers/{customerId:id}/preview-update", response_model=answers.TextChange)
def preview_update_customer(book: Book, customer_id: CustomerId, body: CustomerFields) -> TextChange:
    """Count the open steps that a change of a customer would give another text."""
    return book.customers.preview_update(customer_id, **body.fields())


@router.post("/customers/{customerId:id}/deactivate", response_model=answers.Customer)
def deactivate_customer(book: Book, customer_id: CustomerId) -> values.Customer:
    """Take a customer out of use."""
    return book.customers.deactivate(customer_id)


@router.post("/customers/{customerId:id}/reactivate", response_model=answers.Customer)
def reactivate_customer(book: Book, customer_id: CustomerId) -> values.Customer:
    """Take a customer into use again."""
    return book.customers.reactivate(customer_id)


@router.get("/customers/{customerId:id}/standing", response_model=list[answers.Standing])
def standing_of_customer(book: Book, customer_id: CustomerId) -> list[Standing]:
    """Give how far a customer is in each of its releases, the newest first."""
    return book.customers.standing(customer_id)
