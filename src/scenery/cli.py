"""The command `scenery`: start, check, run, compare and reproduce studies from any directory.

Libraries that take seconds to import are imported by the commands that need them, so that
`scenery --help` answers at once.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from scenery.errors import UserError
from scenery.installation import version

AFTER_DASHES = "Options of Snakemake follow after --, such as: -- --cores 2 --dry-run"


class Parser(argparse.ArgumentParser):
    """A parser whose error is one line and status 1, as for any other mistake of a user."""

    def error(self, message: str) -> NoReturn:
        """Print the message and where to find help, and exit."""
        self.exit(1, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    A mistake of the user is one line on standard error and status 1.

    Args:
        arguments: The command line without the program's name; None: that of this process.

    Returns:
        The exit status.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    # argparse does not keep what follows -- apart from arguments of its own.
    end = arguments.index("--") if "--" in arguments else len(arguments)
    arguments, options = arguments[:end], arguments[end + 1 :]
    parser = _parser()
    given, unknown = parser.parse_known_args(arguments)
    passes_options = given.command in ("run", "reproduce")
    if unknown:
        hint = f". {AFTER_DASHES}" if passes_options else ""
        print(f"scenery {given.command}: unknown: {' '.join(unknown)}{hint}", file=sys.stderr)
        return 1
    if options and not passes_options:
        print(f"scenery {given.command}: takes no options of Snakemake", file=sys.stderr)
        return 1
    try:
        run: Callable[[argparse.Namespace, Sequence[str]], int] = given.run
        return run(given, options)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader of a pipe, such as `head`, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> Parser:
    parser = Parser(
        prog="scenery",
        description="Transfer-learning studies on folders of labeled images. Data are read and "
        "results written below the current directory.",
    )
    parser.add_argument("--version", action="version", version=f"scenery {version()}")
    commands = parser.add_subparsers(dest="command", required=True)

    text = "look at a folder of images and write a config with experiments that suit it"
    init = commands.add_parser("init", help=text, description=_sentence(text))
    init.add_argument(
        "folder",
        type=Path,
        metavar="FOLDER",
        help="a folder of class folders, a folder with train and test folders, or a CSV with "
        "columns file and class",
    )
    init.add_argument(
        "--root", type=Path, metavar="FOLDER", help="folder of a CSV's files; default: the CSV's"
    )
    init.add_argument(
        "--out",
        type=Path,
        default=Path("config.yaml"),
        metavar="CONFIG",
        help="the file to write, which must not exist; default: %(default)s",
    )
    init.add_argument(
        "--offline",
        action="store_true",
        help="use only networks whose weights are installed with Scenery, so that nothing is "
        "fetched",
    )
    init.set_defaults(run=_init)

    text = "check a config before anything runs: its mistakes, one a line, or its trials"
    check = commands.add_parser("check", help=text, description=_sentence(text))
    check.add_argument("config", type=Path, metavar="CONFIG", help="a config file")
    check.set_defaults(run=_check)

    text = "list networks with size, depth, FLOPs and accuracy, or measure some of them here"
    networks = commands.add_parser("networks", help=text, description=_sentence(text))
    networks.add_argument(
        "networks",
        nargs="*",
        metavar="NETWORK",
        help="a backbone, or a config file for all networks of its study: built with random "
        "weights and timed on this machine; default: all published networks, not timed",
    )
    networks.set_defaults(run=_networks)

    text = "download a preset of KerasHub, for weights: preset:NAME"
    preset = commands.add_parser("preset", help=text, description=_sentence(text))
    preset.add_argument("name", metavar="NAME", help="a published name, such as dinov2_small")
    preset.set_defaults(run=_preset)

    text = "run the study of a config, or what is missing or stale of it"
    run = commands.add_parser(
        "run",
        help=text,
        description=_sentence(text),
        usage="scenery run [-h] CONFIG [-- OPTION ...]",
        epilog=f"{AFTER_DASHES}. On a Slurm cluster: -- --profile profiles/slurm",
    )
    run.add_argument("config", type=Path, metavar="CONFIG", help="a config file")
    run.set_defaults(run=_run)

    text = "classify photographs with the final model of a study, or with an exported model"
    predict = commands.add_parser("predict", help=text, description=_sentence(text))
    predict.add_argument(
        "results",
        type=Path,
        metavar="RESULTS",
        help="a results folder, or the folder of an exported model (with model.json)",
    )
    predict.add_argument(
        "photographs",
        nargs="+",
        metavar="PHOTOS",
        help="files, folders, tables (.csv, .tsv) with a column file, or - for names on standard "
        "input, one a line",
    )
    predict.add_argument(
        "--experiment",
        metavar="NAME",
        help="the experiment whose final model answers; default: the one of highest validation "
        "accuracy",
    )
    predict.add_argument(
        "--out", type=Path, metavar="CSV", help="the table of answers; default: standard output"
    )
    predict.add_argument(
        "--top", type=_positive, default=3, metavar="N", help="classes a row; default: %(default)s"
    )
    predict.add_argument(
        "--html",
        type=Path,
        metavar="PAGE",
        help="write a page with the photographs, least sure answers first",
    )
    predict.add_argument(
        "--copy-to",
        type=Path,
        metavar="FOLDER",
        help="copy each photograph into a folder of its class below FOLDER",
    )
    predict.add_argument(
        "--jobs",
        type=_positive,
        metavar="N",
        help="threads that read and compute; default: as many as there are processors",
    )
    predict.set_defaults(run=_predict)

    text = "open a page in the browser on which the final model classifies a photograph"
    serve = commands.add_parser("serve", help=text, description=_sentence(text))
    serve.add_argument(
        "results",
        type=Path,
        metavar="RESULTS",
        help="a results folder, or the folder of an exported model (with model.json)",
    )
    serve.add_argument(
        "--experiment",
        metavar="NAME",
        help="the experiment whose final model answers; default: the one of highest validation "
        "accuracy",
    )
    serve.add_argument(
        "--host",
        default="127.0.0.1",
        help="name or address to listen on; default: %(default)s, which only this machine "
        "reaches; 0.0.0.0: everyone in your network, such as your phone",
    )
    serve.add_argument(
        "--port", type=_port, default=8000, help="default: %(default)s; 0: a free one"
    )
    serve.set_defaults(run=_serve)

    text = "find labels that are probably wrong, and write a file of corrections"
    relabel = commands.add_parser("relabel", help=text, description=_sentence(text))
    relabel.add_argument("results", type=Path, metavar="RESULTS", help="a results folder")
    relabel.add_argument(
        "--out", type=Path, default=Path("corrections.csv"), help="default: %(default)s"
    )
    relabel.set_defaults(run=_relabel)

    text = "write the card of a final model again, and keep what you wrote into it"
    card = commands.add_parser("card", help=text, description=_sentence(text))
    card.add_argument("results", type=Path, metavar="RESULTS", help="a results folder")
    card.add_argument(
        "--experiment",
        metavar="NAME",
        help="the experiment whose model it is; default: the one of highest validation accuracy",
    )
    card.set_defaults(run=_card)

    text = "compare two results folders: the trials that differ, and by how much"
    compare = commands.add_parser("compare", help=text, description=_sentence(text))
    compare.add_argument("first", type=Path, metavar="A", help="a results folder")
    compare.add_argument("second", type=Path, metavar="B", help="another results folder")
    compare.add_argument(
        "--out", type=Path, default=Path("results/compared"), help="default: %(default)s"
    )
    compare.set_defaults(run=_compare)

    text = "run a finished study again from the config in its results, and say what differs"
    again = commands.add_parser(
        "reproduce",
        help=text,
        description=_sentence(text),
        usage="scenery reproduce [-h] [--out OUT] RESULTS [-- OPTION ...]",
        epilog=AFTER_DASHES,
    )
    again.add_argument("results", type=Path, metavar="RESULTS", help="a results folder")
    again.add_argument(
        "--out", type=Path, default=Path("results/reproduced"), help="default: %(default)s"
    )
    again.set_defaults(run=_reproduce)
    return parser


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r}; allowed are 1 to 1000")
    return int(text)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text[:9]) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r}; allowed are 0 to 65535")
    return int(text)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _init(given: argparse.Namespace, options: Sequence[str]) -> int:
    from scenery.pipeline.starter import write_starter

    for line in write_starter(given.folder, given.root, given.out, given.offline):
        print(line)
    return 0


def _check(given: argparse.Namespace, options: Sequence[str]) -> int:
    print(check_file(given.config))
    return 0


def check_file(config: Path) -> str:
    """Check a config and its files; gives lines with the number of its trials and their time.

    Raises:
        UserError: For its mistakes, one a line.
    """
    from scenery.config.loading import load_config
    from scenery.pipeline.preflight import check_config, count_images
    from scenery.pipeline.resources import cores
    from scenery.study.advice import advice
    from scenery.study.search_strategies import left_out
    from scenery.study.time_estimate import estimate_time
    from scenery.study.trial_counts import count_trials, describe_counts

    expansions = check_config(load_config(config), str(config))
    counts = describe_counts(count_trials(expansions))
    time = estimate_time(expansions, *count_images(expansions.study), cores())
    notes = f"\n{config}: {time}"
    for name, experiment in expansions.study.experiments.items():
        # The trials of the others depend on a choice that is not made yet.
        known = experiment.start_from is None
        trials = expansions.of(name, None).trials if known else []
        notes += "".join(
            f"\n{config}: experiments.{name}: {text}"
            for text in advice(trial.settings for trial in trials)
        )
    notes += "".join(
        f"\n{config}: experiments.{name}.grid: {option} is varied with {', '.join(users)} alone; "
        "the others do not have it"
        for name, experiment in expansions.study.experiments.items()
        if experiment.grid is not None
        for option, users in left_out(experiment.grid).items()
    )
    return f"{config}: a study that can start; {counts}{notes}"


def _preset(given: argparse.Namespace, options: Sequence[str]) -> int:
    from scenery.pipeline.preset_download import download_preset

    print(f"{given.name}: in {download_preset(given.name)}")
    return 0


def _networks(given: argparse.Namespace, options: Sequence[str]) -> int:
    from scenery.pipeline.networks import NOTE, TIMES, named_networks, published_rows, table_lines

    specs = named_networks(given.networks)
    if not specs:
        note = NOTE.format(top="size and parameters with it, for 1,000 classes")
        print("\n".join(table_lines(published_rows(), note)))
        return 0
    from scenery.models.network_costs import measured_row

    note = NOTE.format(top="size and parameters too") + TIMES
    print("\n".join(table_lines([measured_row(spec) for spec in specs], note)))
    return 0


def _run(given: argparse.Namespace, options: Sequence[str]) -> int:
    from scenery.pipeline.launch import snakemake_command

    command = snakemake_command(given.config, options)
    sys.stdout.flush()
    sys.stderr.flush()
    # In place of this process, so that signals and the exit status are Snakemake's.
    os.execv(command[0], command)


def _predict(given: argparse.Namespace, options: Sequence[str]) -> int:
    from scenery.data.photographs import list_photographs
    from scenery.pipeline.model_folder import find_model, read_facts
    from scenery.pipeline.resources import cores

    for path in (given.out, given.html):
        if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
            raise UserError(f"{path}: cannot be written: it is a folder, or lies in none")
    folder, which = find_model(given.results, given.experiment)
    read_facts(folder)
    # Names of files may have bytes that are no text.
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(errors="surrogateescape")
    found = list_photographs(given.photographs, sys.stdin)
    left_out = f"; {found.left_out:,} files that are no images are left out"
    print(
        f"{len(found.files):,} photographs{left_out if found.left_out else ''}; {which}",
        file=sys.stderr,
    )
    # TensorFlow takes seconds to import, so mistakes are found before.
    from scenery.inference.prediction import PredictOptions, predict_files

    jobs = given.jobs or cores()
    wanted = PredictOptions(given.out, given.top, jobs, given.html, given.copy_to)
    print(predict_files(folder, found.files, wanted, sys.stderr), file=sys.stderr)
    return 0


def _serve(given: argparse.Namespace, options: Sequence[str]) -> int:
    from scenery.installation import missing_packages
    from scenery.pipeline.model_folder import find_model
    from scenery.pipeline.resources import cores

    if missing := missing_packages("serve"):
        raise UserError(f"scenery serve {missing}")
    folder, which = find_model(given.results, given.experiment)
    from scenery.inference.server import is_loopback, listen, serve

    def ready(address: str) -> None:
        reach = "" if is_loopback(given.host) else ", for everyone in this network"
        print(f"The page is at {address}{reach}. Stop with Ctrl+C", file=sys.stderr, flush=True)

    with listen(given.host, given.port) as listening:
        print(f"Loading {which}", file=sys.stderr, flush=True)
        # TensorFlow takes seconds to import, so mistakes are found before.
        from scenery.inference.served_model import ServedModel
        from scenery.training.hardware import set_up

        set_up(cores())
        model = ServedModel(given.results, folder, which, sys.stderr)
        serve(model, given.host, listening, ready)
    return 0


def _relabel(given: argparse.Namespace, options: Sequence[str]) -> int:
    from scenery.inference.relabel import relabel

    for line in relabel(given.results, given.out):
        print(line)
    return 0


def _card(given: argparse.Namespace, options: Sequence[str]) -> int:
    from scenery.pipeline.model_folder import find_model
    from scenery.reporting.model_card import rewrite_card

    folder, which = find_model(given.results, given.experiment)
    print(f"Written: {rewrite_card(given.results, folder)}, the card of {which}")
    return 0


def _compare(given: argparse.Namespace, options: Sequence[str]) -> int:
    from scenery.reporting.compare import compare

    for line in compare(given.first, given.second, given.out):
        print(line)
    print(f"Written: trials.csv, experiments.csv, comparison.svg and .png in {given.out}")
    return 0


def _reproduce(given: argparse.Namespace, options: Sequence[str]) -> int:
    from scenery.pipeline.reproduction import describe_differences, differences, run_again

    run_again(given.results, given.out, options)
    found = differences(given.results, given.out)
    for line in describe_differences(given.results, found):
        print(line)
    return 1 if found else 0
