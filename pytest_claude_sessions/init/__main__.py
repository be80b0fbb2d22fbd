"""The command line of the first steps."""

from .command import main

if __name__ == "__main__":
    raise SystemExit(main())
