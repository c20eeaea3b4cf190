"""The product as a whole: puts the platform together, starts and watches the processes, holds the ``jsjb`` command."""
