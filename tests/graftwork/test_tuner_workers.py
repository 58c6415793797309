"""KerasTuner's chief and two workers, as processes of their own, run one of our strategies."""

import json
import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 150

SCRIPT = textwrap.dedent(
    '''
    """Every process runs this script; KerasTuner's variables say which part it plays."""
    import json
    import os
    import sys
    import time
    from pathlib import Path

    import keras_tuner

    from graftwork.space import Decision, Space
    from graftwork.strategies.registry import make_strategy
    from graftwork.tuner import StrategyOracle, architecture_of

    folder = Path(sys.argv[1])
    name = os.environ["KERASTUNER_TUNER_ID"]
    space = Space(tuple(Decision(f"layer {i}", ("3x3", "5x5", "7x7")) for i in range(3)))


    class Cheap(keras_tuner.Tuner):
        def run_trial(self, trial, *args, **kwargs):
            (folder / name).touch()
            while len(list(folder.glob("worker-?"))) < 2:  # The other takes part, too.
                time.sleep(0.05)
            architecture = architecture_of(space, trial.hyperparameters)
            with open(folder / f"{name}.jsonl", "a") as log:
                log.write(json.dumps(architecture) + "\\n")
            if architecture == (2, 2, 2):
                raise ValueError("too large")
            return {"score": float(sum(architecture))}


    strategy = make_strategy("random", space, evaluations=1000, seed=0)
    objective = keras_tuner.Objective("score", "max")
    oracle = StrategyOracle(strategy, objective)
    Cheap(oracle, directory=folder, project_name="project").search(verbose=0)
    if name == "chief":
        history = [[a, None if s == -float("inf") else s] for a, s in strategy.history.items()]
        (folder / "result.json").write_text(json.dumps([strategy.best, history]))
    '''
)


def test_one_chief_and_two_workers_search_together(tmp_path):
    script = tmp_path / "search.py"
    script.write_text(SCRIPT)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "KERASTUNER_ORACLE_IP": "127.0.0.1",
        "KERASTUNER_ORACLE_PORT": str(port),
        "no_proxy": "127.0.0.1",
        "OMP_NUM_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    processes = {}
    try:
        for name in ("chief", "worker-1", "worker-2"):
            with open(tmp_path / f"{name}.log", "w") as log:
                processes[name] = subprocess.Popen(
                    [sys.executable, str(script), str(tmp_path)],
                    env={**environment, "KERASTUNER_TUNER_ID": name},
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
        for name, process in processes.items():
            code = process.wait(timeout=SECONDS)
            assert code == 0, (tmp_path / f"{name}.log").read_text()[-2000:]
    finally:
        for process in processes.values():
            process.kill()
            process.wait()

    lines = [(tmp_path / f"worker-{i}.jsonl").read_text().splitlines() for i in (1, 2)]
    assert min(len(part) for part in lines) >= 1  # Both did something,
    run = [tuple(json.loads(line)) for part in lines for line in part]
    assert len(run) == len(set(run)) == 27  # and together everything, once.
    best, history = json.loads((tmp_path / "result.json").read_text())
    assert {tuple(architecture) for architecture, _ in history} == set(run)
    assert sum(best) == 5
    assert [architecture for architecture, score in history if score is None] == [[2, 2, 2]]
    trials = [json.loads(file.read_text()) for file in tmp_path.glob("project/*/trial.json")]
    assert sorted(trial["status"] for trial in trials) == ["COMPLETED"] * 26 + ["FAILED"]
