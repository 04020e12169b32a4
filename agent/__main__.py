"""``python -m agent`` is ``gouji``."""

from agent.cli import main

main()
