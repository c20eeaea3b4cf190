"""What has to leave the system: written in the transaction of the event that caused it, delivered by a durable job."""
