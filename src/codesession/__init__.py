"""codesession: what does an agent run cost, and may it go on? Importing this opens no file."""

from codesession.errors import CodesessionError
from codesession.model.usage import Usage

__version__ = "0.1.0"

__all__ = ["CodesessionError", "Usage", "__version__"]
