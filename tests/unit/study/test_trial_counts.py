"""How many trials a study has before it runs."""

from scenery.config.validation import read_study
from scenery.study.expansions import Expansions
from scenery.study.trial_counts import count_trials, describe_counts


def test_trials_after_a_choice_are_counted_for_every_choice() -> None:
    study = read_study(
        {
            "base": {"weights": "none"},
            "experiments": {
                "networks": {"grid": {"backbone": ["MobileNet", "VGG16"]}},
                # Only MobileNet has the layer of the last trial.
                "cuts": {
                    "start_from": "networks",
                    "list": [
                        {"remove_stages": 1},
                        {"remove_stages": 2, "trainable": "head+3"},
                        {"cut": "conv_pw_12_relu"},
                    ],
                },
                "tuned": {"overrides": {"trainable": "all"}, "repeats": 2},
            },
        },
        "study.yaml",
    )
    counts = count_trials(Expansions(study, "study.yaml"))
    assert (counts["cuts"].fewest, counts["cuts"].most) == (2, 3)
    assert describe_counts(counts) == (
        "trials: networks (2), cuts (2 to 3 after networks), tuned (2); at most 4 on features of a "
        "frozen backbone, which take seconds each, and 3 that train the backbone, each a job of "
        "its own"
    )
