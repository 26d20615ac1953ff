"""The measuring of lost days runs, and both ways agree."""

import pytest

from bench.losses import large, measure


@pytest.mark.parametrize("near", [False, True])
def test_all_days_together_come_to_what_each_by_itself_does(near) -> None:
    measured = measure("little", large(doctors=4, specialties=2, days=21), near=near)
    assert measured.losses > 10
    assert measured.displaced > measured.stranded
    assert (measured.stranded > 0) == near
