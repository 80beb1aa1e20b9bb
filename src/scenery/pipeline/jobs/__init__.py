"""Typed jobs: what the rules hand to their scripts.

An input function builds a job; `as_params` turns it into plain values for Snakemake, which compares
them between runs. The last lines of a script read it back with `model_validate`. A job holds every
path that its script needs beside the rule's own inputs and outputs.
"""
