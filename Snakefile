# Scenery: the workflow is in workflow/. With this file `snakemake` runs it in a clone.


include: "workflow/Snakefile"


# Snakemake takes no default target from an included file.
workflow.default_target = "all"
