from __future__ import annotations

from pathlib import Path

import pytest

from relorch.errors import InvalidValue
from relorch.transfer import limits
from relorch.transfer.findings import Findings
from relorch.transfer.inventory import read_inventory
from relorch.transfer.limits import read_limited

HEAD = "cluster,namespace,name"
UNKNOWN = (
    "it is none of cluster, namespace, name, description, active, kubeconfig_path, cluster_description, cluster_active, "
    "and no key of metadata, which begins with a letter or '_' and holds only letters, digits, '_' and '-' "
    "(after 'cluster.' if it is the cluster's)"
)


def errors(text: str) -> list[str]:
    findings = Findings()
    read_inventory(text, findings)
    return [str(error) for error in findings.errors]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["There is nothing in the file; it begins with the columns cluster, namespace, name"]),
        ("namespace,plan\na,b\n,c\nd\n", [f"line 1: The column '{each}' is missing; a file needs cluster, namespace, name. The rows were not looked at" for each in ("cluster", "name")]),
        (f"{HEAD},bad col,plan,plan\na,b,c,x,y,y\na,,d,x,y,y\na,b\n,e,f,x,y,z\n", [f"line 1: The column 'bad col' is unknown: {UNKNOWN}", "line 1: The column 'customer.plan' is there twice", "line 3: The customer has no namespace", "line 4: The row has 2 cells; there are 6 columns", "line 5: The row names no cluster"]),
        (f"{HEAD},plan,plan\n", ["line 1: The column 'customer.plan' is there twice"]),
        (f"{HEAD}\na,b\n\nc,d,e,f\n,x,y\n", ["line 2: The row has 2 cells; there are 3 columns", "line 4: The row has a cell in a column without a name", "line 5: The row names no cluster"]),
        (f'{HEAD}\na,"b\n', ["line 2: The row cannot be read: unexpected end of data"]),
        (f"{HEAD},active\na,b,c,maybe\na,,d,\na,e,,\n", ["line 2: active 'maybe': has to be yes or no", "line 3: The customer has no namespace", "line 4: The customer has no name"]),
        (f"{HEAD},kubeconfig_path\na,b,c,~/x\na,d,e,\na,f,g,~/y\n", ["line 4: kubeconfig_path '~/y': in line 2 cluster 'a' has '~/x'; say the same in all its rows, or leave it empty in the others"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_its_line(text: str, told: list[str]) -> None:
    assert errors(text) == told


def test_columns_that_are_none_are_named() -> None:
    (one, two) = errors(f"{HEAD},bad col,1st\n")
    assert (one[:40], two[:36]) == ("line 1: The column 'bad col' is unknown:", "line 1: The column '1st' is unknown:")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_spreadsheets_of_all_countries_are_read(delimiter: str) -> None:
    text = "\ufeffCluster,Namespace,Name,plan,\r\na,b,c,,\r\n".replace(",", delimiter)
    findings = Findings()
    (customer,) = read_inventory(text, findings).customers
    assert findings.found == []
    assert customer.values == {"cluster": "a", "namespace": "b", "name": "c", "metadata": {"plan": None}}


def test_too_many_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relorch.transfer.inventory.ROWS", 2)
    assert errors(f"{HEAD}\na,b,c\na,c,c\n") == []
    assert errors(f"{HEAD}\na,b,c\na,c,c\na,d,c\n") == ["line 4: There are more than 2 rows"]


def test_a_file_over_the_limit_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.csv"
    monkeypatch.setattr(limits, "BYTES", 5)
    file.write_text("12345")
    assert read_limited(file) == "12345"
    file.write_text("123456")
    with pytest.raises(InvalidValue, match="larger than"):
        read_limited(file)
    assert errors("123456")[0].startswith("The file is larger than")


def test_only_utf_8_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes("\ufeffé".encode())
    assert read_limited(file) == "é"
    file.write_bytes("a\né".encode("latin-1"))
    with pytest.raises(InvalidValue, match=r"is no UTF-8 \(line 2"):
        read_limited(file)
    with pytest.raises(InvalidValue, match="cannot be read"):
        read_limited(tmp_path)
