"""Inputs and parameters of the rules of workflow/rules/weights.smk."""

from typing import Any

from scenery.pipeline.inputs.context import Context
from scenery.pipeline.jobs import CheckWeightsJob


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

    def spec(self, wildcards: Any) -> dict[str, str | bool]:
        """Backbone, setting `weights`, and whether the dense layers of the top are among them."""
        spec = self.context.plan.weights(wildcards.weights)
        top: dict[str, str | bool] = {"top": True} if spec.top else {}
        return {"backbone": spec.backbone, "source": spec.source, **top}

    def check(self, wildcards: Any) -> dict[str, Any]:
        """The layers for which weights are checked."""
        identity = wildcards.weights
        found = self.context.plan.own_network(identity)
        size, options = found if found is not None else (None, None)
        return CheckWeightsJob(
            backbone=self.context.plan.weights(identity).backbone,
            layers=tuple(self.context.plan.layers_needed(identity)),
            image_size=size,
            options=options,
        ).as_params()
