"""Memory is kept: maps that come and go meet no page faults, and do where nobody asked for it."""

import subprocess
import sys

import pytest

CODE = """
import resource, torch
from audioinv.sweep.allocation import keep_memory
torch.set_num_threads(1)
kept = {0} and keep_memory()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for size in range(1, 65):  # MiB; each larger than what glibc has learnt to keep by itself from those before
    torch.zeros(size << 18)
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
    assert 4 * faults[True] < faults[False]  # the largest once, and the sum of all
