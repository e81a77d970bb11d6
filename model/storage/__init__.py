"""Run files: one run, its settings and all its states, bit for bit, in arrays that NumPy alone can read.

A file is an uncompressed `.npz` without pickles, of N states with P parameters:

    steps (N,)                               consecutive whole numbers
    losses, batch_losses, test_losses (N,)   as in a state
    params, gradients (N, P)                 as in a state
    memory0_velocity (n₀, P), ...            what optimizers remember, by its name: of the first n₀ states, of the next
                                             n₁, ...; a stretch ends where the kind of memory changes
    run                                      the rest as JSON, in bytes: `json.loads(bytes(numpy.load(file)["run"]))`

with the JSON {"version": 1, "label": text, "segments": [{"step": s, "experiment": {...}, "gesture": g}, ...],
"memories": [{"optimizer": kind, "states": n₀}, ...]}. From the state at a segment's step on, the steps are made under
its experiment; where several segments have the same step, under that of the last.
"""

from model.storage.layout import StoredRun
from model.storage.reading import load_run
from model.storage.writing import replacing, save_run

__all__ = ["StoredRun", "load_run", "replacing", "save_run"]
