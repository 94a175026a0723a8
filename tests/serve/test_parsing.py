"""Threads that read source texts at the same time, as the sessions of pages do."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import ast, gc, sys, threading, time
from relorch.serve.parsing import parse_one_at_a_time

source = "def told(a):\\n    return [each + (1, 2, {'x': a}) for each in a if each]\\n" * 1500
inside, most = 0, 0
plain = compile

def counted(*args, **kwargs):
    global inside, most
    inside += 1
    most = max(most, inside)
    time.sleep(0.002)  # here another thread may begin
    try:
        return plain(*args, **kwargs)
    finally:
        inside -= 1

ast.compile = counted
parse_one_at_a_time()
parse_one_at_a_time()
threads = [threading.Thread(target=lambda: [ast.parse(source) for _ in range(3)]) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(most)
"""


def test_threads_take_turns() -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True, timeout=60)
    assert ran.stdout == "1\n" if sys.version_info < (3, 13) else ran.stdout
