"""The peers' side: `python -m benchmark.peer_worker PEER WORK` speaks as worker.cpp does."""
import importlib
import json
import sys
import time
import warnings


def main():
    name, work = sys.argv[1], json.loads(sys.argv[2])
    # Results go to the real standard output; what libraries print must not mix with them.
    results, sys.stdout = sys.stdout, sys.stderr
    warnings.simplefilter("ignore")
    if not name.startswith("ctranslate2"):
        import torch

        torch.set_num_threads(work["threads"])
        torch.manual_seed(1)
    step = importlib.import_module(f"benchmark.peers.{name}").make(work)
    print(json.dumps({"ready": True, "check": getattr(step, "check", None)}), file=results, flush=True)
    for line in sys.stdin:
        seconds = []
        for _ in range(int(line)):
            start = time.perf_counter()
            step()
            seconds.append(time.perf_counter() - start)
        print(json.dumps(seconds), file=results, flush=True)


if __name__ == "__main__":
    main()
