"""A file that declares a vendor, and what is said of one that is wrong."""

from pathlib import Path

from exporter.vendors.declared.files import DeclarationError, read_vendor

GOOD = """\
vendor: acme
title: Acme
base_url: https://api.acme.example/v1
settings:
  api_key: {kind: secret, description: The key.}
  team: {kind: identifier, description: The team.}
  projects: {kind: identifiers, description: The projects.}
auth: {bearer: api_key}
requests:
  - get: /teams/{team}/usage
    parameters: {since: "{month_start}"}
    rows: data
    key: id
    next: {cursor: next, parameter: page}
    metrics:
      - name: acme_used
        help: What was used.
        value: used
        labels: {id: id}
"""


def problems(text: str, tmp_path: Path) -> list[str]:
    file = tmp_path / "acme.yaml"
    file.write_text(text)
    try:
        read_vendor(file)
    except DeclarationError as error:
        return [str(one).removeprefix(f"{file}:") for one in error.problems]
    return []
