"""Small networks, their descent, and the landscape around it. NumPy and SciPy, no Qt; read the files in this order."""

from model.settings import Field, SettingError, Settings, fields_of
from model.activations import ACTIVATIONS, Activation
from model.losses import HEADS, LOSSES, Loss
from model.initializers import INITIALIZERS, Initializer
from model.datasets import DATASETS, Dataset, Source
from model.network import Network
from model.functions import FUNCTIONS, Function
from model.objective import Fit, Flow, Objective, Restricted, unsuited
from model.optimizers import OPTIMIZERS, HeavyBall, Optimizer
from model.schedules import SCHEDULES, Constant, Schedule
from model.descent import Descent, State, advance, begin, descend, resume
from model.trajectory import Trajectory
from model.line import LINES, Line, Profile
from model.plane import PLANES, Plane, PlaneKind, Principal, RandomNormalized, TwoParameters
from model.surface import Surface, survey
from model.experiment import Experiment, NetworkLoss, from_json, to_json
from model.changes import Changes, another_start, changes, with_field, with_text
from model.running import Landscape, Look, Step, landscape, plane_of, train
from model.probing import Probe, probe
from model.worker import Batch, Conductor, Worker
from model.storage import StoredRun, load_run, save_run

__all__ = [
    "ACTIVATIONS", "DATASETS", "FUNCTIONS", "HEADS", "INITIALIZERS", "LINES", "LOSSES", "OPTIMIZERS", "PLANES",
    "SCHEDULES", "Activation", "Batch", "Changes", "Conductor", "Constant", "Dataset", "Descent", "Experiment", "Field",
    "Fit", "Flow", "Function", "HeavyBall", "Initializer", "Landscape", "Line", "Look", "Loss", "Network",
    "NetworkLoss", "Objective", "Optimizer", "Plane", "PlaneKind", "Principal", "Probe", "Profile", "RandomNormalized",
    "Restricted", "Schedule", "SettingError", "Settings", "Source", "State", "Step", "StoredRun", "Surface",
    "Trajectory", "TwoParameters", "Worker", "advance", "another_start", "begin", "changes", "descend", "fields_of",
    "from_json", "landscape", "load_run", "plane_of", "probe", "resume", "save_run", "survey", "to_json", "train",
    "unsuited", "with_field", "with_text",
]  # fmt: skip
