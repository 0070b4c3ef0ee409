"""The shell commands with which a person loads a history."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from exporter.history.plan import Plan


def commands(folder: Path, plan: Plan) -> str:
    """Return the commands that load a folder's files into Prometheus or VictoriaMetrics."""
    out = quote(str(folder))
    start, end = int(plan.days.first.timestamp()), int(plan.end.timestamp())
    if plan.gzip:
        blocks = f'for file in {out}/*.om.gz; do gunzip --keep "$file"; done\n'
        encoding = " -H 'Content-Encoding: gzip'"
    else:
        blocks, encoding = "", ""
    return f"""\
# Prometheus: make blocks, and move them to where Prometheus keeps its data (--storage.tsdb.path).
{blocks}for file in {out}/*.om; do
  promtool tsdb create-blocks-from --max-block-duration=24h openmetrics "$file" {out}/blocks
done
# Once it has loaded them, the recording rules for the same days:
promtool tsdb create-blocks-from rules --start={start} --end={end} --output-dir={out}/rules usage-recording.yml

# VictoriaMetrics:
for file in {out}/*.om{".gz" if plan.gzip else ""}; do
  curl --fail -T "$file"{encoding} http://localhost:8428/api/v1/import/prometheus
done
"""
