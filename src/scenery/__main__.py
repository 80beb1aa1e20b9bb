"""`python -m scenery` is the command `scenery`."""

from scenery.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
