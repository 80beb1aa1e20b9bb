"""What Scenery needs to be a module of another workflow."""

import sys
from typing import Any

from snakemake.sourcecache import LocalGitFile, SourceFile


def accept_source_files() -> None:
    """Let paths in a local git repository be joined with source files, as all other paths can.

    Snakemake joins the folder of a rule with the source file of its script. For an address
    git+file://... that ends in a TypeError (Snakemake 9.27).
    """
    join = LocalGitFile.join

    def join_either(self: Any, path: Any) -> Any:
        if isinstance(path, SourceFile):
            path = path.get_path_or_uri(secret_free=False)
        return join(self, path)

    LocalGitFile.join = join_either


def refuse_prefix(workflow: Any) -> None:
    """End with one line where a module has a prefix.

    Snakemake puts it before inputs and outputs, but not before the paths among the params of rules
    and inside results.
    """
    modifier = workflow.modifier.path_modifier
    if any(getattr(modifier, name, None) for name in ("prefix", "_prefix_replacements")):
        print(
            "\nThe study cannot start.\nmodule: Scenery takes no prefix or replace_prefix; set "
            "results in its config, such as results: results/scenes\n",
            file=sys.stderr,
            flush=True,
        )
        sys.exit(1)
