"""Inputs and parameters of the rules of workflow/rules/weights.smk."""

from typing import Any

from scenery.pipeline.inputs.context import Context
from scenery.pipeline.jobs import CheckWeightsJob
from scenery.registry.custom_architectures import Network


class WeightsInputs:
    """Weights of backbones."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def source(self, wildcards: Any) -> str | list[str]:
        """The user's weights file, or the network that an experiment of the study trained."""
        spec = self.context.plan.weights(wildcards.weights)
        if spec.experiment is not None:
            return self.context.layout.experiment(spec.experiment).final_model("keep_network")
        return [] if spec.source == "imagenet" else spec.source

    def spec(self, wildcards: Any) -> dict[str, str | bool | float]:
        """Backbone, setting `weights`, whether dense layers of the top are among them, width."""
        spec = self.context.plan.weights(wildcards.weights)
        more: dict[str, str | bool | float] = {"top": True} if spec.top else {}
        if spec.alpha != 1:
            more["alpha"] = spec.alpha
        return {"backbone": spec.backbone, "source": spec.source, **more}

    def check(self, wildcards: Any) -> dict[str, Any]:
        """The layers for which weights are checked."""
        identity = wildcards.weights
        found = self.context.plan.own_network(identity)
        size, options = found if found is not None else (None, None)
        spec = self.context.plan.weights(identity)
        if spec.alpha != 1:
            options = Network(alpha=spec.alpha)
        return CheckWeightsJob(
            backbone=spec.backbone,
            layers=tuple(self.context.plan.layers_needed(identity)),
            image_size=size,
            options=options,
        ).as_params()
