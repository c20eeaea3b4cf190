"""The platform process: ``python -m bot.serve``, settings from the environment."""

from __future__ import annotations

import uvicorn

from bot.app import create_app
from bot.logs import configure_logs
from bot.system import announce
from dispatch.core.settings import Settings


def main() -> None:
    """Serve until told to stop."""
    configure_logs()
    settings = Settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    announce(settings)
    # Access logs would hold residents' addresses and paths with order numbers; metrics count requests instead.
    app = create_app(settings, warm=True, with_jobs=True)
    uvicorn.run(app, host=settings.host, port=settings.port, log_level="warning", access_log=False, timeout_graceful_shutdown=5)


if __name__ == "__main__":
    main()
