"""Counts of orders by day and whatever they are asked for by (Art. 26): what reports, dashboards and open data are made of."""
