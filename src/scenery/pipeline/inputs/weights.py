"""Inputs and parameters of the rules of workflow/rules/weights.smk."""

from typing import Any

from scenery.pipeline.inputs.context import Context
from scenery.pipeline.jobs.weights import CheckWeightsJob
from scenery.registry.custom_architectures import Network
from scenery.registry.presets import read_preset


class WeightsInputs:
    """Weights of backbones."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def source(self, wildcards: Any) -> str | list[str]:
        """The user's weights file, the files of a preset, or the network of an experiment."""
        spec = self.context.plan.weights(wildcards.weights)
        if spec.experiment is not None:
            return self.context.layout.experiment(spec.experiment).final_model("keep_network")
        if spec.preset is not None:
            return [str(path) for path in read_preset(spec.preset).files]
        return [] if spec.source == "imagenet" else spec.source

    def spec(self, wildcards: Any) -> dict[str, Any]:
        """Backbone, setting `weights`, and what else is needed: dense layers, width, image size."""
        spec = self.context.plan.weights(wildcards.weights)
        more: dict[str, Any] = {"top": True} if spec.top else {}
        if spec.image_size is not None:
            more["image_size"] = spec.image_size
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
