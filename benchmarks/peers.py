"""Other servers of a page: the usual client library, node_exporter's text file collector, and nginx.

A program that is not installed is reported once, and its rows are left out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException
from pathlib import Path
from typing import Final

from benchmarks.processes import Program, eventually, found, free_port, python, running
from benchmarks.scraping import Scraper

CLIENT_LIBRARY: Final = "prometheus_client"
NODE_EXPORTER: Final = "node_exporter textfile"
NGINX: Final = "nginx, same bytes"

_NGINX: Final = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{}}
http {{
  access_log off;
  sendfile on;
  keepalive_requests 1000000;
  types {{}}
  default_type application/openmetrics-text;
  client_body_temp_path {folder};
  proxy_temp_path {folder};
  fastcgi_temp_path {folder};
  uwsgi_temp_path {folder};
  scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port};
    root {folder};
    location = /metrics {{ gzip_static on; }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """A server of the same series, and the scraper that requests its page."""

    program: Program
    scraper: Scraper


@cache
def installed(*names: str) -> str | None:
    """Return the path of the first of these programs that is installed; report it if none is."""
    path = next(filter(None, map(found, names)), None)
    if path is None:
        sys.stderr.write(f"{names[0]} is not installed: its rows are left out\n")
    return path


@contextmanager
def client_library(page: bytes, folder: Path) -> Iterator[Peer]:
    """Run prometheus_client with a page's series as labelled Gauges."""
    file, port = folder / "page.txt", free_port()
    file.write_bytes(page)
    with serving(python("benchmarks.client_library", file, port), port, folder) as peer:
        yield peer


@contextmanager
def node_exporter(page: bytes, folder: Path) -> Iterator[Peer | None]:
    """Run node_exporter with a page as a file for its text file collector."""
    program = installed("prometheus-node-exporter", "node_exporter")
    if program is None:
        yield None
        return
    collected, port = folder / "textfile", free_port()
    collected.mkdir()
    (collected / "page.prom").write_bytes(page)
    options = ("--collector.disable-defaults", "--collector.textfile", f"--collector.textfile.directory={collected}")
    with serving((program, *options, f"--web.listen-address=127.0.0.1:{port}"), port, folder) as peer:
        yield peer


@contextmanager
def nginx(plain: bytes, packed: bytes, folder: Path) -> Iterator[Peer | None]:
    """Run nginx with a page as a static file, plain and compressed: the lower bound for serving these bytes."""
    program = installed("nginx")
    if program is None:
        yield None
        return
    ready, port = folder / "nginx", free_port()
    ready.mkdir()
    (ready / "metrics").write_bytes(plain)
    (ready / "metrics.gz").write_bytes(packed)
    config = ready / "nginx.conf"
    config.write_text(_NGINX.format(folder=ready, port=port))
    with serving((program, "-p", str(ready), "-e", "stderr", "-c", str(config)), port, folder) as peer:
        yield peer


@contextmanager
def serving(command: tuple[str, ...], port: int, folder: Path) -> Iterator[Peer]:
    """Run a command that serves /metrics on a port."""
    with running(command, folder / f"{port}.log") as program:
        scraper = Scraper(f"http://127.0.0.1:{port}/metrics")
        eventually(lambda: _answers(scraper))
        yield Peer(program, scraper)
        scraper.close()


def _answers(scraper: Scraper) -> bool:
    with suppress(HTTPException):
        return bool(scraper.scrape())
    return False
