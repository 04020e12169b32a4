"""What can stop a run. Each error carries its exit code and a message for the person who sees it.

    GoujiError (1)
    ├── UsageError (2)       asked for something that is not there
    ├── InputError (5)       the document cannot be read
    ├── ModelError (6)       the model or the network failed
    │   └── PermanentModelError   asking again will not help: key, quota, no such model
    └── StoreError (7)       the database failed

A reading that does not hold is no error: it is an Outcome.
"""

import errno

NO_HANDLES = frozenset({errno.EMFILE, errno.ENFILE})
"""What the system says where no more files may be opened, by this process or by all."""


class GoujiError(Exception):
    """Base of all errors a person is told about."""

    exit_code = 1


class UsageError(GoujiError):
    """The call asks for something that is not there."""

    exit_code = 2


class InputError(GoujiError):
    """The document cannot be read; the message names the file and the reason."""

    exit_code = 5


class ModelError(GoujiError):
    """The model or the network failed; nothing was concluded about the document."""

    exit_code = 6


class PermanentModelError(ModelError):
    """Asking again will not help: key, quota, no such model."""


class StoreError(GoujiError):
    """The database failed; what was committed before is intact."""

    exit_code = 7
