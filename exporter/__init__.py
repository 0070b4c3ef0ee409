"""usage-exporter: usage figures from vendors' billing APIs, as Prometheus metrics.

The path of one number through the packages:

    config.yaml          config        accounts: named credentials, and how each is polled
      polling                          one loop per account: when to poll, how long to back off
        vendors/<name>                 requests -> replies -> samples
          client                       signed, rate-limited, bounded HTTP; retries; the one mapping of HTTP to errors
      polling.pipeline                 samples -> sanitized figures -> the result committed to the store
        quota                          figures -> used, limit, period and counter, for any vendor
        textformat                     figures -> sample lines, rendered and deflated only where they changed
      store                            one snapshot per account, replaced as a whole; keeps the last good reading
      exposition                       the page, joined from rendered lines
    web                  /metrics      serves vendors' metrics and the exporter's own metrics; never waits for a vendor

`app` wires the packages together, and `cli` starts it. `rules` (Prometheus rules as data) and `sandbox` (simulated
vendors) are independent.
"""

__version__ = "0.1.0"
