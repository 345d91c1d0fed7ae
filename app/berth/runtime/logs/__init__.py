"""Logs: `environment_log` (what one environment's log says), `output_reader` (who carries it to stdout)."""
