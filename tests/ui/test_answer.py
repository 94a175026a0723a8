"""A refusal beside a form names its field as the form does."""

from __future__ import annotations

import pytest

from relorch.errors import InvalidValue, NotAllowed, RelorchError
from relorch.ui.answer import attempt


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            InvalidValue("release_date", "32.13.2026", "must be a day"),
            "Release date &#39;32.13.2026&#39;: must be a day.",
        ),
        (InvalidValue("customer_ids", [], "must name at least one"), "Customers []: must name at least one."),
        (NotAllowed("customer_ids 54 'Acme' (held): cannot be held."), "Customers 54 &#39;Acme&#39; (held)"),
        (NotAllowed("Release 'x' is archived already."), "Release &#39;x&#39; is archived already."),
    ],
)
def test_the_label_of_the_screen_stands_for_the_name_of_the_workbook(error: RelorchError, said: str) -> None:
    def refuse() -> None:
        raise error

    assert said in attempt(refuse, str).shown.text
