"""Faults of a config, each as the text of a whole file."""

from pathlib import Path

from bad_input.cases import Case

EXPERIMENTS = "experiments: {first: {}}"


def written(text: str | bytes) -> None:
    data = text if isinstance(text, bytes) else text.encode()
    Path("study.yaml").write_bytes(data)


def case(what: str, text: str | bytes, says: str) -> Case:
    """A config and what is said of it."""
    return Case(what, lambda: written(text), f"study.yaml: {says}")


def base(line: str) -> str:
    return f"base: {{{line}}}\n{EXPERIMENTS}"


CONFIGS = [
    case("an empty file", "", "lines of `name: value` are needed, at least `experiments:`"),
    case("a list", "- a\n- b", "lines of `name: value` are needed, at least `experiments:`"),
    case("an open bracket", "experiments: [", "line 1, column 15: is not readable as YAML"),
    case("a tab", "base:\n\tepochs: 3", "line 2, column 1: is not readable as YAML"),
    case(
        "another encoding than UTF-8",
        "title: café".encode("latin-1"),
        "byte 10 is not UTF-8 text; save the file as UTF-8",
    ),
    case(
        "the same key twice",
        "experiments:\n  a: {}\n  a: {grid: {seed: [1]}}",
        "the key a stands twice, in line 2 and line 3; keep one of them",
    ),
    case(
        "a Python object",
        "title: !!python/object/apply:os.getcwd []",
        "line 1, column 8: the tag 'tag:yaml.org,2002:python/object/apply:os.getcwd': a config "
        "holds plain values, no objects",
    ),
    case(
        "an experiment called no",
        "experiments: {no: {}}",
        "line 1: YAML reads the name no as true or false; write it in quotes, or choose another",
    ),
    case(
        "a number with a leading zero",
        f"split: {{seed: 010}}\n{EXPERIMENTS}",
        "line 1: YAML reads 010 as the number 8, in base 8; write 10 or '010'",
    ),
    case(
        "a number with a colon",
        base("epochs: 1:30"),
        "line 1: YAML reads 1:30 as a number in base 60; write a plain number or '1:30'",
    ),
    case(
        "a title that is no word to YAML",
        f"title: no\n{EXPERIMENTS}",
        "title: input should be a valid string; found False (YAML reads yes, no, on and off so",
    ),
    case("infinite nesting", "base: &b {sub: *b}", "line 1: nested without end"),
    case("no experiments", "title: x", "experiments: it is needed and is not there"),
    case("an unknown key", f"titel: x\n{EXPERIMENTS}", "titel: unknown key; did you mean title?"),
    case(
        "a wrong type",
        base("epochs: many"),
        "base.epochs: input should be a valid integer, unable to parse string as an integer; "
        "found 'many'",
    ),
    case(
        "a boolean for a number",
        base("epochs: yes"),
        "base.epochs: a number is needed, not true or false; found True",
    ),
    case(
        "a number for a boolean",
        f"refit: 1\n{EXPERIMENTS}",
        "refit: true or false is needed; found 1",
    ),
    case(
        "a value out of range",
        base("head: {dropout: 1}"),
        "base.head.dropout: input should be less than 1; found 1",
    ),
    case(
        "NaN",
        base("optimizer: {learning_rate: .nan}"),
        "base.optimizer.learning_rate: input should be a finite number; found nan",
    ),
    case(
        "infinity",
        base("head: {l2: .inf}"),
        "base.head.l2: input should be a finite number; found inf",
    ),
    case(
        "a learning rate of 1e3 for 1e-3",
        base("optimizer: {learning_rate: 1.0e3}"),
        "base.optimizer.learning_rate: input should be less than or equal to 100; found '1.0e3'",
    ),
    case(
        "a first step of a billion epochs",
        base("trainable: all, first_step: {epochs: 1000000000}"),
        "base.first_step.epochs: input should be less than or equal to 100000; found 1000000000",
    ),
    case(
        "an unknown network",
        base("backbone: mobilnet"),
        "experiments.first: backbone: 'mobilnet' is not known; did you mean MobileNet",
    ),
    case(
        "an unknown layer",
        base("cut: conv_pw_99"),
        "experiments.first: cut: MobileNet has no layer 'conv_pw_99' at which it could be ended",
    ),
    case(
        "dense layers of VGG16 at another image size",
        base("backbone: VGG16, cut: fc2, image_size: 160"),
        "experiments.first: image_size: VGG16 up to fc2 needs 224 pixels, for which its dense "
        "layers were made; found 160",
    ),
    case(
        "more removed stages than the network has",
        base("remove_stages: 9"),
        "experiments.first: remove_stages: MobileNet up to conv_pw_13_relu has 5 stages, so at "
        "most 4 can be removed; found 9",
    ),
    case(
        "an image size below the minimum of the network",
        base("image_size: 16"),
        "experiments.first: image_size: MobileNet needs at least 32 pixels; found 16",
    ),
    case(
        "an unknown subset",
        f"subsets: {{small: {{per_class: 5}}}}\n{base('subset: smal')}",
        "experiments.first: subset: there is no subset 'smal'; did you mean small?",
    ),
    case(
        "an unknown setting in a grid",
        "experiments: {first: {grid: {epoch: [1, 2]}}}",
        "experiments.first.grid.epoch: unknown setting; did you mean epochs?",
    ),
    case(
        "a wrong value in a grid",
        "experiments: {first: {grid: {epochs: [1, 0]}}}",
        "experiments.first.grid: epochs: input should be greater than or equal to 1; found 0",
    ),
    case(
        "an empty grid",
        "experiments: {first: {grid: {}}}",
        "experiments.first: grid is empty: name at least one setting with its values",
    ),
    case(
        "a grid and a list",
        "experiments: {first: {grid: {seed: [1]}, list: [{seed: 2}]}}",
        "experiments.first: give one of grid, list, random and search; found grid and list",
    ),
    case(
        "a huge grid",
        f"experiments: {{first: {{grid: {{seed: {list(range(400))}, "
        f"batch_size: {list(range(1, 400))}}}}}}}",
        "experiments.first: 159600 trials are too many for one experiment; allowed are 100000",
    ),
    case(
        "the same trial twice",
        "experiments: {first: {list: [{seed: 2}, {seed: 2}]}}",
        "experiments.first: the trials 'seed=2' and 'seed=2' have the same settings; take one of "
        "them out",
    ),
    case(
        "settings that exclude each other: momentum for Adam",
        base("optimizer: {momentum: 0.9}"),
        "base.optimizer: momentum is not used by Adam, only by SGD, RMSprop",
    ),
    case(
        "settings that exclude each other: a first step for a frozen network",
        base("first_step: {epochs: 3}"),
        "base: first_step is for head+N, from:LAYER and all; with trainable: head it is all",
    ),
    case(
        "settings that exclude each other: a group and one of its settings",
        "experiments: {first: {list: [{head: {dropout: 0}, head.dropout: 0.5}]}}",
        "experiments.first.list, trial 1: head.dropout is given twice; keep one of them",
    ),
    case(
        "settings that exclude each other: two rules of choice",
        "experiments: {first: {choose: {smallest_within: 0.1, one_standard_error: true}}}",
        "experiments.first.choose: smallest_within and one_standard_error exclude each other",
    ),
    case(
        "`start_from` in a cycle",
        "experiments: {a: {start_from: b}, b: {start_from: a}}",
        "experiments.a.start_from: a and b come after each other, in a circle",
    ),
    case(
        "`start_from` an experiment that is defined later",
        "experiments: {a: {start_from: b}, b: {}}",
        "experiments.a.start_from: b must stand before a in the file",
    ),
    case(
        "`start_from` an experiment that does not exist",
        "experiments: {first: {}, b: {start_from: frist}}",
        "experiments.b.start_from: there is no experiment 'frist'; did you mean first?",
    ),
    case(
        "more random trials than the space has combinations",
        "experiments: {first: {random: {n_trials: 5, space: {seed: [1, 2]}}}}",
        "experiments.first.random.n_trials: 5 trials are asked for, but the space has 2 different "
        "combinations; ask for at most 2",
    ),
    case(
        "bounds of a range in the wrong order",
        "experiments: {first: {random: {n_trials: 2, space: {head.dropout: {uniform: [1, 0]}}}}}",
        "experiments.first.random.space.head.dropout: the first number must be below the second",
    ),
    case(
        "a log-uniform range from 0",
        "experiments: {first: {random: {n_trials: 2, space: {head.l2: {loguniform: [0, 1]}}}}}",
        "experiments.first.random.space.head.l2: loguniform needs numbers above 0; found 0.0",
    ),
    case(
        "conditions in a cycle",
        "experiments: {first: {random: {n_trials: 2, space: {seed: {choice: [1, 2], when: {epochs: "
        "[1]}}, epochs: {choice: [1, 2], when: {seed: [1]}}}}}}",
        "experiments.first.random.space: conditions (`when`) that depend on each other",
    ),
    case(
        "`choose.only` that matches no trial",
        "experiments: {first: {choose: {only: {epochs: 7}}}}",
        "experiments.first.choose.only: no trial of the experiment has {'epochs': 7}",
    ),
    case(
        "a name with a slash",
        "experiments: {a/b: {}}",
        "experiments.a/b: a name starts with a letter and has letters, digits and _ only",
    ),
    case(
        "a name of 300 characters",
        f"experiments: {{{'x' * 300}: {{}}}}",
        f"experiments.{'x' * 57}...: a name has at most 60 characters; found 300",
    ),
    case(
        "a results folder outside `results`",
        f"results: /tmp/x\n{EXPERIMENTS}",
        "results: it is results or a folder below it, such as results/mit_scenes; found '/tmp/x'",
    ),
    case(
        "a results folder with braces",
        f"results: 'results/{{x}}'\n{EXPERIMENTS}",
        "results: its parts have letters, digits, _, - and . only; found 'results/{x}'",
    ),
    case(
        "an images folder that does not exist",
        f"dataset: {{path: nowhere}}\n{EXPERIMENTS}",
        "dataset.path: there is no file or folder 'nowhere' (seen from",
    ),
    case(
        "a weights file that does not exist",
        base("weights: w.h5"),
        "weights: there is no file 'w.h5' (seen from",
    ),
    case(
        "a path longer than the system allows",
        base(f"weights: {'x' * 5000}"),
        "weights: there is no file 'xxxx",
    ),
]
