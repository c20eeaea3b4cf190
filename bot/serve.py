"""The platform process: ``python -m bot.serve``, settings from the environment."""

from __future__ import annotations

import resource

import uvicorn

from bot.app import create_app
from bot.logs import configure_logs
from bot.system import announce
from dispatch.core.settings import Settings

_MOST_FILES = 65_536


def main() -> None:
    """Serve until told to stop."""
    configure_logs()
    _allow_many_pages()
    settings = Settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    announce(settings)
    # Access logs would hold residents' addresses and paths with order numbers; metrics count requests instead.
    app = create_app(settings, warm=True, with_jobs=True)
    uvicorn.run(app, host=settings.host, port=settings.port, log_level="warning", access_log=False, timeout_graceful_shutdown=5)


def _allow_many_pages() -> None:
    """Every open page is an open file: take as many as the machine allows, instead of the thousand that it gives unasked."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, allowed), hard))


if __name__ == "__main__":
    main()
