"""Open311 GeoReport v2: civic apps file requests and follow them, in XML and JSON."""
