"""What each event of the record tells, in the words of people."""

from __future__ import annotations

from collections.abc import Mapping

ACTION: Mapping[str, str] = {
    "step.start": "started",
    "step.mark_done": "marked done",
    "step.fail": "recorded as failed",
    "step.skip": "skipped",
    "step.revert": "recorded as reverted",
    "step.reopen": "reopened",
    "step.override": "overrode the text of",
    "step.reset": "took the template's text for",
    "step.add_custom": "added the custom step",
    "step.update_custom": "changed the custom step",
    "step.delete_custom": "deleted the custom step",
    "template.add": "added the step template",
    "template.update": "changed the step template",
    "template.move": "moved the step template",
    "template.reorder": "put the step templates in another order",
    "template.retire": "retired the step template",
    "template.delete": "deleted the step template",
    "undo": "undid",
    "release.create": "created the release",
    "release.update": "changed the release",
    "release.delete": "deleted the draft",
    "release.activate": "activated the release",
    "release.hold": "put on hold",
    "release.resume": "resumed",
    "release.remove": "removed from the release",
    "release.add_customers": "added customers to the release",
    "release.archive": "archived the release",
    "release.reopen": "reopened the release",
    "customer.create": "created the customer",
    "customer.update": "changed the customer",
    "customer.deactivate": "deactivated the customer",
    "customer.reactivate": "reactivated the customer",
    "cluster.create": "created the cluster",
    "cluster.update": "changed the cluster",
    "cluster.deactivate": "deactivated the cluster",
    "cluster.reactivate": "reactivated the cluster",
}
"""Past tense, behind the operator's name: 'ana marked done'."""
