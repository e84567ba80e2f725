"""Settings, and how to reach Temporal."""
