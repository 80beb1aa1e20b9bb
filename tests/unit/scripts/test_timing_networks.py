"""time_network.py: the time of a prediction of a network."""

import json
from pathlib import Path

from time_network import time_network

from scenery.pipeline.jobs.speeds import TimeNetworkJob
from scenery.registry.custom_architectures import Network


def test_network_has_a_time(tmp_path: Path) -> None:
    job = TimeNetworkJob(name="LeNet5", image_size=32, layer="conv3_activation", options=Network())
    out = tmp_path / "speed.json"
    time_network(TimeNetworkJob.model_validate(job.as_params()), out)
    assert json.loads(out.read_text())["milliseconds"] > 0
