"""Starts the jobs of this machine as forks of a process that has imported the libraries.

TensorFlow takes seconds to import, and a study has a hundred jobs. `starting` switches it on for
one run of Snakemake. Every job then starts `client`, which asks `server` for a fork of a `template`
process. Where it gets none, the job starts as a process of its own.
"""
