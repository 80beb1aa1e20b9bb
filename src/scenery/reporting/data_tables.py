"""The data set in tables: counts, problems, duplicates, leaks and label conflicts."""

import pandas as pd

from scenery.data.review import used_pairs

PARTITIONS = ("train", "validation", "test")


def class_counts(split: pd.DataFrame) -> pd.DataFrame:
    """Images per class (rows, in label order) and partition, with a column `total`."""
    counts = pd.crosstab(split["class"], split["partition"])
    known = [name for name in PARTITIONS if name in counts]
    counts = counts[known + [name for name in counts if name not in known]]
    order = split.sort_values("label")["class"].unique() if "label" in split else counts.index
    counts = counts.reindex(order)
    counts["total"] = counts.sum(axis=1)
    counts.columns.name = None
    return counts.reset_index()


def _with_partition(catalogue: pd.DataFrame, split: pd.DataFrame) -> pd.DataFrame:
    """The catalogue with `partition`: as given, or as split where none was given."""
    drawn = catalogue["file"].map(split.drop_duplicates("file").set_index("file")["partition"])
    given = catalogue.get("given_partition", pd.Series("", index=catalogue.index))
    return catalogue.assign(partition=given.where(given != "", drawn.fillna("")))


def duplicate_groups(catalogue: pd.DataFrame, split: pd.DataFrame) -> pd.DataFrame:
    """One row per group of duplicates.

    Columns: group, kind, files (one per line), classes, partitions, leak (in more than one
    partition), conflict (under more than one class), left out (how many files), reasons.
    """
    table = _with_partition(catalogue, split)
    table = table[table["duplicate_group"] != ""]
    rows = []
    for group, files in table.groupby("duplicate_group", sort=False):
        partitions = [name for name in files["partition"].unique() if name]
        rows.append(
            {
                "group": str(group),
                "kind": ", ".join(sorted({kind for kind in files["duplicate_kind"] if kind})),
                "files": "\n".join(files["file"]),
                "classes": "\n".join(files["class"].unique()),
                "partitions": "\n".join(partitions),
                "leak": len(partitions) > 1,
                "conflict": files["class"].nunique() > 1,
                "left out": int((~files["kept"]).sum()),
                "reasons": "\n".join(sorted({text for text in files["reason"] if text})),
            }
        )
    columns = ["group", "kind", "files", "classes", "partitions", "leak", "conflict", "left out",
               "reasons"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def problem_files(catalogue: pd.DataFrame) -> pd.DataFrame:
    """The files with a problem of their own (unreadable, odd mode), kept or not."""
    columns = [name for name in ("file", "class", "given_partition", "problem", "kept", "reason")
               if name in catalogue]  # fmt: skip
    return catalogue.loc[catalogue["problem"] != "", columns]


def findings(catalogue: pd.DataFrame, split: pd.DataFrame) -> list[tuple[str, int]]:
    """What was found in the data set, as (words, count)."""
    groups = duplicate_groups(catalogue, split)
    exact = groups["kind"].str.contains("exact")
    return [
        ("images found", len(catalogue)),
        ("images used", len(split)),
        ("classes", int(split["class"].nunique())),
        ("files with a problem", int((catalogue["problem"] != "").sum())),
        ("groups of identical files", int(exact.sum())),
        ("groups of near duplicates", int((~exact).sum())),
        ("leaks (across partitions)", int(groups["leak"].sum())),
        ("label conflicts", int(groups["conflict"].sum())),
        ("pairs that look alike (used)", len(used_pairs(catalogue))),
        ("files left out", int((~catalogue["kept"]).sum())),
    ]
