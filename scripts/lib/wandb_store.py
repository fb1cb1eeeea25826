"""Runs as offline runs of W&B: one folder for each, and beside it a file that tells from what it was made. Imports
wandb."""
import json
import os
import shutil

from run_folder import RunError
# By name: a folder wandb/ without the package would pass for a module.
from wandb import Artifact, Error, Settings, init

LONGEST_TAG = 64  # characters


class WandbStore:
    def __init__(self, folder, project, with_checkpoints):
        self.folder, self.project, self.with_checkpoints = folder.resolve(), project, with_checkpoints
        try:
            self.runs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{self.runs}: cannot be made: {error.strerror}") from error
        os.environ.setdefault("WANDB_DATA_DIR", str(self.folder))  # where artifacts wait for `wandb sync`

    @property
    def runs(self):
        return self.folder / "wandb"

    def store(self, run):
        """What was done with it."""
        marker = self.runs / f"imported-{run.hash}.json"
        try:
            before = json.loads(marker.read_text()) if marker.exists() else {}
        except (OSError, ValueError) as error:
            raise RunError(f"{marker}: cannot be read: delete it to import the run again ({error})") from error
        now = {"project": self.project, "digest": run.digest,
               "checkpoints": self.with_checkpoints or before.get("checkpoints", False)}
        if before == now:
            return "unchanged"
        try:
            left = list(self.runs.glob(f"offline-run-*-{run.hash}"))
            was_sent = bool(before) and (not left or any(list(old.glob("*.synced")) for old in left))
            for old in left:
                shutil.rmtree(old)
            self.write(run, now["checkpoints"])
            marker.write_text(json.dumps(now) + "\n")
        except (Error, OSError) as error:
            raise RunError(f"{run.folder}: W&B does not take it: {error}") from error
        if was_sent:
            return "imported anew (W&B has an older one: delete it there before `wandb sync`)"
        return "imported anew" if before else "imported"

    def write(self, run, with_checkpoints):
        tags = [run.label, f"seed {run.seed}", run.hash, run.facts.get("commit", ""), run.status]
        # The machine that imports is not the one that trained: nothing of it is recorded.
        settings = Settings(
            silent=True, console="off", host="", disable_git=True, disable_code=True, x_disable_meta=True,
            x_disable_stats=True, x_disable_machine_info=True, x_save_requirements=False)
        made = init(
            mode="offline", dir=str(self.folder), project=self.project, id=run.hash, name=run.name, group=run.label,
            tags=[tag[:LONGEST_TAG] for tag in tags if tag], config=run.settings | {"ablate": run.facts},
            settings=settings)
        for point in run.points:
            made.log(point.values | {"_timestamp": run.time_of(point)}, step=point.step)
        made.summary.update(run.figures)
        if with_checkpoints:
            artifact = Artifact(f"run-{run.hash}", type="model", metadata={"label": run.label, "seed": run.seed})
            for file in run.model_files():
                artifact.add_file(str(file), policy="immutable")
            made.log_artifact(artifact)
        made.finish(exit_code=0 if run.status == "finished" else 1)
