"""Independent parts of a problem, by patient."""

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from planner.candidates import Candidates
from planner.hours import Ints


def parts_of_patients(candidates: Candidates, doctors: int, patients: int) -> Ints:
    """The number of the part that each patient is in; no doctor and no patient is in two. `doctors` and `patients` say
    how many there are.
    """
    nodes = doctors + patients
    met = np.ones(len(candidates), dtype=np.int32)
    graph = csr_array((met, (candidates.doctor, doctors + candidates.patient)), shape=(nodes, nodes))
    parts: Ints = connected_components(graph, directed=False)[1][doctors:].astype(np.int64)
    return parts
