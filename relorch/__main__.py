"""`python -m relorch` is the command line."""

from relorch.cli import main

main()
