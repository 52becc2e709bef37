"""Memory is kept: maps that come and go meet no page faults, and do where nobody asked for it."""

import subprocess
import sys

import pytest

CODE = """
import resource, torch
from audioinv.sweep.allocation import keep_memory
torch.set_num_threads(1)
kept = {0} and keep_memory()
def maps(times):
    for _ in range(times):
        some = [torch.zeros(5 << 20) for _ in range(4)]  # 20 MiB each
        del some
maps(3)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
maps(10)
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc can be told to keep memory")
def test_maps_that_come_and_go_meet_no_page_faults():
    faults = {}
    for asked in (True, False):
        done = subprocess.run([sys.executable, "-c", CODE.format(asked)], check=True, capture_output=True, text=True)
        kept, count = done.stdout.split()
        assert kept == str(asked)
        faults[asked] = int(count)
    assert 100 * faults[True] < faults[False]
