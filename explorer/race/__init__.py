"""A race of optimizers: its dialog, the curves and the table in it."""
