"""What each rule reads: input functions and parameters, one module for each rule file."""

from scenery.pipeline.inputs.context import Context
from scenery.pipeline.inputs.data import DataInputs
from scenery.pipeline.inputs.divisions import DivisionInputs
from scenery.pipeline.inputs.explanation import ExplanationInputs
from scenery.pipeline.inputs.export import ExportInputs
from scenery.pipeline.inputs.features import FeatureInputs
from scenery.pipeline.inputs.figures import FigureInputs
from scenery.pipeline.inputs.final_models import FinalModelInputs
from scenery.pipeline.inputs.halving import HalvingInputs
from scenery.pipeline.inputs.results import ResultInputs
from scenery.pipeline.inputs.rounds import RoundInputs
from scenery.pipeline.inputs.speeds import SpeedInputs
from scenery.pipeline.inputs.suspects import SuspectInputs
from scenery.pipeline.inputs.trials import TrialInputs
from scenery.pipeline.inputs.weights import WeightsInputs
from scenery.pipeline.layout import Layout
from scenery.study.expansions import Expansions


class Inputs:
    """The input functions of all rules.

    Args:
        expansions: The checked config and its trials.
        layout: Its paths.
        checkpoints: Snakemake's object of that name.
    """

    def __init__(self, expansions: Expansions, layout: Layout, checkpoints: object) -> None:
        context = Context.of(expansions, layout, checkpoints)
        self.data = DataInputs(context)
        self.weights = WeightsInputs(context)
        self.features = FeatureInputs(context)
        self.halving = HalvingInputs(context)
        self.trials = TrialInputs(context, self.halving)
        self.divisions = DivisionInputs(context, self.trials)
        self.suspects = SuspectInputs(context)
        self.speeds = SpeedInputs(context)
        self.rounds = RoundInputs(context, self.trials, self.speeds)
        self.final_models = FinalModelInputs(context, self.speeds)
        self.export = ExportInputs(context, self.final_models)
        self.explanation = ExplanationInputs(context, self.final_models)
        self.results = ResultInputs(context, expansions.source)
        self.figures = FigureInputs(context, self.results, self.explanation, self.divisions)
