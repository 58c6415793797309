"""Chains that cannot be trained are recorded and left out of what is compared."""

import numpy as np
import tiny_transfer

from graftwork.files import read_json
from graftwork.journal import read_journal
from graftwork.training import Trainer
from transfer_nas.standalone import StandaloneChains


def test_networks_that_fail_are_recorded_and_the_others_go_on(
    command, learned, tmp_path, monkeypatch
):
    begin, train, attempts, shared = StandaloneChains.begin, Trainer.train, [], []
    under_way = []

    def begun(self, architecture, attribute, seed, batch_size=None):
        under_way[:] = [attribute]
        attempts.append((attribute, seed, batch_size))
        begin(self, architecture, attribute, seed, batch_size)

    def spoiled(self, *arguments):
        if not under_way and self.step == 50:
            shared.append(float(self.model.optimizer.learning_rate))
        if under_way == [1] or len(shared) == 1:
            weight = self.network.weights[0]
            weight.assign(np.full(weight.shape, np.nan, np.float32))
            shared.append(None)
        if under_way == [2] and self.batch_size == 16:
            raise MemoryError
        return train(self, *arguments)

    monkeypatch.setattr(StandaloneChains, "begin", begun)
    monkeypatch.setattr(Trainer, "train", spoiled)
    path = tmp_path / "run"
    flags = ("--out", path, *tiny_transfer.APPLY, "--seeds", 1)
    status, out, err = command("transfer", "apply", learned, *flags)
    assert (status, err) == (0, "")
    events = read_journal(path)
    assert sum(event["event"] == "restored" for event in events) == 1
    failed = [event for event in events if event["event"] == "failed"]
    assert len(failed) == 5  # Once for every method that chose a network for this attribute.
    assert {(e["attribute"], e["index"], e["kind"]) for e in failed} == {("frame", 1, "chosen")}
    seeds = {seed for attribute, seed, _ in attempts if attribute == 1}
    assert len(seeds) == 2  # The first, and another.
    rows = [row for e in events if e["event"] == "trained" for row in e["attributes"]]
    assert {row["attribute"] for row in rows} == {"cross", "dot"}
    again = {row["attribute"]: row.get("retried") for row in rows}
    assert (again["cross"], again["dot"]["batch_size"]) == (None, 8)
    result = read_json(path / "result.json")
    assert [row["attribute"] for row in result["failed"]] == ["frame"] * 5
    assert result["comparison"]["test"]["attributes"] == 2
    assert result["methods"][0]["missing"] == 0
    assert "5 trainings failed and count nowhere" in " ".join(out.split())
    assert "5 trainings failed and count nowhere" in (path / "report.html").read_text()
