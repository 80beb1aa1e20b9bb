"""A repair of Snakemake for workflows that are read from a local git repository."""

from typing import Any

from snakemake.sourcecache import LocalGitFile, SourceFile


def accept_source_files() -> None:
    """Let paths in a git repository be joined with source files, as all other paths can.

    Snakemake joins the folder of a rule with the source file of its script. For an address
    git+file://... that ends in a TypeError (Snakemake 9.27).
    """
    join = LocalGitFile.join

    def join_either(self: Any, path: Any) -> Any:
        if isinstance(path, SourceFile):
            path = path.get_path_or_uri(secret_free=False)
        return join(self, path)

    LocalGitFile.join = join_either
