"""Runs in MLflow: one run for each folder, found again by its hash. Imports mlflow."""
import logging
import math
import re
import sys
from pathlib import Path

from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from run_folder import RunError

HASH, DIGEST = "ablate.hash", "ablate.digest"
STATUSES = {"finished": "FINISHED", "diverged": "FAILED", "failed": "FAILED", "unfinished": "RUNNING"}
LARGEST_BATCH = {"metrics": 1000, "params": 100, "tags": 100}  # of one call

# They tell that tables were made, which says nothing to whoever imports runs.
for logger in ("mlflow", "alembic"):
    logging.getLogger(logger).setLevel(logging.WARNING)


def mlflow_name(name):
    """MLflow's names hold letters, digits, spaces and _ - . / : alone."""
    return re.sub(r"[^\w./: -]", "_", name, flags=re.ASCII)


def metric(name, value, seconds, step):
    """MLflow's databases hold no infinity, but the largest number in its place."""
    largest = sys.float_info.max
    kept = value if math.isnan(value) else max(-largest, min(largest, value))
    return Metric(mlflow_name(name), kept, round(1000 * seconds), step)


def curves_of(run):
    return [metric(name, value, run.time_of(point), point.step)
            for point in run.points for name, value in point.values.items()]


def figures_of(run):
    return [metric(name, value, run.evaluated, run.last_step) for name, value in run.figures.items()]


def parameters_of(run):
    return {mlflow_name(name): value for name, value in run.parameters().items()}


def same(a, b):
    return a == b or (math.isnan(a) and math.isnan(b))


def still_true(run, stored, known):
    """Whether what was imported before is the beginning of what lies in the folder now."""
    parameters = parameters_of(run)
    if any(parameters.get(name) != value for name, value in stored.data.params.items()):
        return False
    now = {(item.key, item.step): item.value for item in curves_of(run)}
    return all(place in now and same(now[place], value) for place, value in known.items()
               if not place[0].startswith("final/"))


class MlflowStore:
    def __init__(self, place, experiment, with_checkpoints):
        """`place` is a folder, or an address as MLflow understands it."""
        self.with_checkpoints = with_checkpoints
        artifacts = None
        if "://" not in place:
            folder = Path(place).resolve()
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise RunError(f"{folder}: cannot be made: {error.strerror}") from error
            place, artifacts = f"sqlite:///{folder / 'mlflow.db'}", (folder / "artifacts").as_uri()
        try:
            self.client = MlflowClient(tracking_uri=place)
            self.experiment = self.open_experiment(experiment, artifacts)
        except MlflowException as error:
            raise RunError(f"{place}: MLflow cannot open it: {error}") from error

    def open_experiment(self, name, artifacts):
        found = self.client.get_experiment_by_name(name)
        if found is None:
            return self.client.create_experiment(name, artifact_location=artifacts)
        if found.lifecycle_stage != "active":
            raise RunError(f"the experiment '{name}' lies in MLflow's trash: restore it, or give another --experiment")
        return found.experiment_id

    def store(self, run):
        """What was done with it."""
        try:
            return self.update(run, self.find(run))
        except (MlflowException, OSError) as error:
            raise RunError(f"{run.folder}: MLflow does not take it: {error}") from error

    def find(self, run):
        found = self.client.search_runs([self.experiment], f"tags.`{HASH}` = '{run.hash}'", max_results=1)
        return found[0] if found else None

    def update(self, run, stored):
        if stored is None:
            self.create(run, self.with_checkpoints)
            return "imported"
        digest = stored.data.tags.get(DIGEST, "")
        with_checkpoints = self.with_checkpoints or digest.endswith("checkpoints")
        if digest == self.digest_of(run, with_checkpoints):
            return "unchanged"
        known = {(item.key, item.step): item.value for key in stored.data.metrics
                 for item in self.client.get_metric_history(stored.info.run_id, key)}
        if still_true(run, stored, known):
            self.fill(stored.info.run_id, run, known, with_checkpoints)
            return "brought up to date"
        self.create(run, with_checkpoints)
        self.client.delete_run(stored.info.run_id)
        return "imported anew"

    @staticmethod
    def digest_of(run, with_checkpoints):
        return run.digest + (" with checkpoints" if with_checkpoints else "")

    def create(self, run, with_checkpoints):
        made = self.client.create_run(self.experiment, round(1000 * run.started()), {HASH: run.hash}, run.name)
        self.fill(made.info.run_id, run, {}, with_checkpoints)

    def fill(self, run_id, run, known, with_checkpoints):
        """Adds what is not `known`. The digest comes last: an import that was cut off is seen by its absence."""

        def is_new(item):
            place = (item.key, item.step)
            return place not in known or not same(known[place], item.value)

        self.log(run_id, "params", [Param(name, value) for name, value in parameters_of(run).items()])
        self.log(run_id, "metrics", list(filter(is_new, curves_of(run) + figures_of(run))))
        self.log(run_id, "tags", [RunTag(mlflow_name(name), value) for name, value in run.facts.items()])
        if with_checkpoints:
            for file in run.model_files():
                self.client.log_artifact(run_id, str(file), "model")
        self.client.set_tag(run_id, DIGEST, self.digest_of(run, with_checkpoints))
        status = STATUSES[run.status]
        if status == "RUNNING":
            self.client.update_run(run_id, status=status)
        else:
            self.client.set_terminated(run_id, status, round(1000 * run.ended))

    def log(self, run_id, kind, items):
        for start in range(0, len(items), LARGEST_BATCH[kind]):
            self.client.log_batch(run_id, **{kind: items[start:start + LARGEST_BATCH[kind]]})
