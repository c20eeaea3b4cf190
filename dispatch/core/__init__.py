"""What every capability stands on: settings, clock, database, keys, problem documents, live events."""
