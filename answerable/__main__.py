"""``python -m answerable`` is the command line."""

from answerable.cli import main

if __name__ == "__main__":
    main()
