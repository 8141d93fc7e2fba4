"""``python -m codesession`` is `cs`."""

from codesession.cli import main

if __name__ == "__main__":
    main()
