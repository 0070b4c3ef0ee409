"""HTTP on loopback that answers from many worlds, each under a path of its own: /VENDOR/SEED."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from world import Answer, Question, World


@contextmanager
def serving(worlds: Mapping[str, World]) -> Iterator[str]:
    """Serve worlds by their path; gives the URL that all of them stand below."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            target = urlsplit(self.path)
            _, vendor, seed, path = target.path.split("/", 3)
            query = dict(parse_qsl(target.query, keep_blank_values=True))
            path = "/".join(quote(unquote(part), safe="") for part in path.split("/"))
            question = Question(self.command, f"/{path}", query, json.loads(body) if body else None)
            self._answer(worlds[f"/{vendor}/{seed}"].ask(question))

        do_POST = do_GET  # noqa: N815 - the name that http.server calls

        def _answer(self, answer: Answer) -> None:
            content = json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in (
                ("Content-Type", "application/json"),
                ("Content-Length", str(len(content))),
                ("X-RateLimit-Limit", "1000000"),
                ("X-RateLimit-Remaining", "999999"),
            ):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 512

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
