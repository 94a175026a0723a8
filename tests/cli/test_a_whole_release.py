"""A release from its inventory to its archive, played by a shell that knows nothing but the command line."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("release.sh")
PRINTED = """\
CHANGE           WHAT                   DETAIL
create cluster   eu-1
create cluster   us-1
create customer  Acme, Ltd (acme-prod)  on eu-1
create customer  Beta (beta-prod)       on eu-1
create customer  Acme US (acme-prod)    on us-1
ID  CLUSTER  NAMESPACE  CUSTOMER   STATE  STEPS
1   eu-1     acme-prod  Acme, Ltd         DDD
2   eu-1     beta-prod  Beta              DDS
3   us-1     acme-prod  Acme US           ...
ID  RELEASE  TYPE     STATUS    VERSION
1   2026.11  release  archived
ID  RELEASE  TYPE     STATUS  PROGRESS  CLOSED
1   2026.11  release  active  66 %      6 of 9
"""


def test_a_whole_release_is_played_by_the_command_line_only(tmp_path: Path) -> None:
    known = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "RELORCH_OPERATOR")}
    own = {"RELORCH": f"{sys.executable} -m relorch", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["bash", SCRIPT], cwd=tmp_path, capture_output=True, text=True, env=known | own, timeout=300, check=False
    )
    words = (tmp_path / "words.txt").read_text(encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, ""), f"{done.stdout}\n{words}"
    assert done.stdout == PRINTED
    assert "Traceback" not in words
    assert "the workbook is whole" in words
    for name in ("release.yaml", "workbook.jsonl", "report.html", "backup.db"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
