"""The bridge between a study and Snakemake."""
