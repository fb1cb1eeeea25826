"""The folders of runs that `ablate run` writes, as scripts that bring them elsewhere read them: the settings, what was
logged at each step, the final figures, and the facts without which no figure can be believed."""
import hashlib
import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path

PROGRESS = ("epoch", "tokens", "seconds")  # how far training was; in every line of metrics.jsonl
WITHOUT_PERPLEXITY = ("classification", "regression")  # objectives whose loss is not one of tokens


class RunError(Exception):
    """What is wrong, in which file, and what to do."""


@dataclass
class Point:
    """What was logged at one step. What was not finite is NaN."""

    step: int
    seconds: float  # spent training, from the start
    values: dict  # "train/loss", "dev/nll", "tokens", …


@dataclass
class Run:
    folder: Path
    hash: str
    label: str
    seed: int
    status: str  # finished, diverged, failed or unfinished
    settings: dict  # the resolved configuration
    points: list  # of Point, in the order of steps
    figures: dict  # "final/SPLIT/FIGURE", "final/training/FIGURE"
    facts: dict  # texts: commit, device, signatures of the figures, …
    digest: str  # of the files from which all this was read
    ended: float  # seconds since 1970: when the last point was logged
    evaluated: float  # … and when the last figure was written

    @property
    def name(self):
        return f"{self.label}, seed {self.seed}"

    @property
    def last_step(self):
        return self.points[-1].step if self.points else 0

    def parameters(self):
        """The settings by path, as an experiment file names them; what is no text is written as JSON."""
        return {path: value if isinstance(value, str) else json.dumps(value)
                for path, value in leaves(self.settings)}

    def time_of(self, point):
        """Seconds since 1970. The log holds the seconds of training alone: pauses between two sessions are not seen."""
        return self.ended - (self.points[-1].seconds - point.seconds)

    def started(self):
        return self.ended - (self.points[-1].seconds if self.points else 0)

    def model_files(self):
        """The checkpoints, and what is needed to use them."""
        patterns = ("step_*.safetensors", "tokenizer.*", "source_tokenizer.*", "target_tokenizer.*", "config.json")
        return [file for pattern in patterns for file in sorted(self.folder.glob(pattern))]


def leaves(settings, path=""):
    """(path, value) of everything in nested objects that is no object, or an empty one."""
    for key, value in settings.items():
        here = f"{path}.{key}" if path else key
        if isinstance(value, dict) and value:
            yield from leaves(value, here)
        else:
            yield here, value


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def read_json(file):
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"{file}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise RunError(f"{file}: damaged: {error}") from error
    if not isinstance(content, dict):
        raise RunError(f"{file}: damaged: it holds no object")
    return content


def required(content, file, key, kind):
    value = content.get(key)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise RunError(f"{file}: damaged: '{key}' is missing or of a wrong type")
    return value


def values_of(line, has_perplexity):
    """A line of metrics.jsonl in the names that TensorBoard shows: train/loss, dev/nll, … JSON has no number that is
    not finite and says null."""
    values = {}
    for key, value in line.items():
        if key == "step" or not (value is None or is_number(value)):
            continue
        name = key if key in PROGRESS else f"dev/{key[4:]}" if key.startswith("dev_") else f"train/{key}"
        values[name] = math.nan if value is None else float(value)
    if has_perplexity and "dev/nll" in values:
        values["dev/perplexity"] = perplexity(values["dev/nll"])
    return values


def perplexity(nll):
    try:
        return math.exp(nll)
    except OverflowError:
        return math.inf


def read_points(file, config):
    """Lines of the same step are one point. A last line without an end is one that is being written."""
    if not file.exists():
        return []
    objective = config.get("objective", {})
    has_perplexity = not isinstance(objective, dict) or objective.get("kind") not in WITHOUT_PERPLEXITY
    points = {}
    for number, text in enumerate(file.read_text(encoding="utf-8").split("\n")[:-1], 1):
        try:
            line = json.loads(text)
            step, seconds = line["step"], line["seconds"]
            if not isinstance(step, int) or not is_number(seconds):
                raise ValueError("step and seconds are no numbers")
        except (ValueError, KeyError, TypeError) as error:
            raise RunError(f"{file}:{number}: this is no line of a run's log: {error}") from error
        points.setdefault(step, Point(step, seconds, {})).values |= values_of(line, has_perplexity)
    return [points[step] for step in sorted(points)]


def own_decoding(config, decodings):
    """The key of the decoding that the run's own configuration asks for; others were added by later experiments."""
    asked = config.get("decoding"), config.get("evaluation", {}).get("checkpoint")
    for key, decoding in decodings.items():
        # A decoder that learns running text could decode, and says nothing of it: it has losses alone.
        if (decoding.get("decoding", asked[0]), decoding.get("checkpoint")) == asked:
            return key
    return None


def read_figures(config, result):
    """(figures, signatures). Those of a decoding that is not the run's own have its key in their names."""
    figures = {f"final/training/{name}": float(value) for name, value in result.get("training", {}).items()
               if is_number(value)}
    signatures = {}
    decodings = result.get("decodings", {})
    own = own_decoding(config, decodings)
    for key, decoding in decodings.items():
        for split, entry in decoding.get("splits", {}).items():
            place = f"{split}" if key == own else f"{key}/{split}"
            figures |= {f"final/{place}/{name}": float(value) for name, value in entry.items() if is_number(value)}
            for metric, score in entry.get("scores", {}).items():
                if is_number(score.get("value")):
                    figures[f"final/{place}/{metric}"] = float(score["value"])
                    signatures[f"signature/{place}/{metric}"] = str(score.get("signature", ""))
    return figures, signatures


def status_of(result, failure):
    """As the program says it: a run that was finished can fail later, while it is decoded anew."""
    if result.get("status") == "diverged":
        return "diverged"
    if failure:
        return "failed"
    return "finished" if result.get("status") == "finished" else "unfinished"


def read_facts(stored, result, failure, status):
    facts = {"label": stored["label"], "seed": stored["seed"], "hash": stored["hash"], "status": status}
    facts |= {name: stored[name] for name in ("is_baseline", "mathematics", "data_hash") if name in stored}
    facts |= result.get("environment") or stored.get("environment") or {}
    commits = {decoding.get("commit", "") for decoding in result.get("decodings", {}).values()}
    if commits:
        facts["decoding_commit"] = " ".join(sorted(commits))
    if "reason" in result.get("training", {}):
        facts["reason"] = result["training"]["reason"]
    if "message" in failure:
        facts["failure"] = failure["message"]
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in facts.items()}


def read_run(folder):
    files = {name: folder / name for name in ("config.json", "metrics.jsonl", "result.json", "failure.json")}
    stored = read_json(files["config.json"])
    for key, kind in (("hash", str), ("label", str), ("seed", int), ("config", dict)):
        required(stored, files["config.json"], key, kind)
    result, failure = (read_json(file) if file.exists() else {}
                       for file in (files["result.json"], files["failure.json"]))
    status = status_of(result, failure)
    log = files["metrics.jsonl"]
    try:
        figures, signatures = read_figures(stored["config"], result)
        facts = read_facts(stored, result, failure, status) | signatures
    except (AttributeError, TypeError) as error:
        raise RunError(f"{files['result.json']}: damaged: it is not built as results are ({error})") from error
    digest = hashlib.sha256()
    for file in files.values():
        digest.update(file.read_bytes() if file.exists() else b"")
        digest.update(b"\0")
    ended = (log if log.exists() else files["config.json"]).stat().st_mtime
    return Run(folder, stored["hash"], stored["label"], stored["seed"], status, stored["config"],
               read_points(log, stored["config"]), figures, facts, digest.hexdigest(), ended,
               files["result.json"].stat().st_mtime if result else ended)


def find_folders(paths):
    """The folders of runs among `paths` and right below them."""
    folders = {}
    for path in paths:
        if not path.is_dir():
            raise RunError(f"{path}: there is no such folder")
        found = [path] if (path / "config.json").exists() else sorted(
            file.parent for file in path.glob("*/config.json") if not file.parent.name.startswith("."))
        if not found:
            raise RunError(f"{path}: holds no runs: name the folder of a run, or what `ablate run` had as --out")
        folders |= {folder.resolve(): None for folder in found}
    return list(folders)


def import_runs(program, folders, store):
    """Calls store(run), which returns what it did with it, for every run; the exit status. A run that cannot be read
    does not keep the others from being imported."""
    done, seen, failures = {}, {}, 0
    for folder in folders:
        try:
            run = read_run(folder)
            if run.hash in seen:
                raise RunError(f"{folder}: holds the same run as {seen[run.hash]}, which was imported")
            seen[run.hash] = folder
            answer = store(run)
        except RunError as error:
            print(f"{program}: error: {error}", file=sys.stderr)
            failures += 1
            continue
        print(f"{program}: {run.name} ({run.hash}, {run.status}): {answer}", file=sys.stderr)
        done[answer] = done.get(answer, 0) + 1
    counts = [f"{count} {answer}" for answer, count in done.items()] + ([f"{failures} failed"] if failures else [])
    print(f"{program}: {len(folders)} run{'s' if len(folders) != 1 else ''}: {', '.join(counts)}", file=sys.stderr)
    return 1 if failures else 0
