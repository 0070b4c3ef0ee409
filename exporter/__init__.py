"""usage-exporter: what vendors' billing APIs say of your usage, as Prometheus metrics.

The way of one number, through the rooms of this package:

    config.yaml          config        accounts: credentials with a name, and how they are polled
      polling                          one loop an account: when to ask, what to do about each kind of failure
        vendors/<name>                 requests -> reply models -> samples
          client                       signed, rate-limited, bounded HTTP; retries; one translation of HTTP into errors
      polling.pipeline                 samples -> checked figures -> what is kept of them
        quota                          figures -> what is used, of how much, until when, for any vendor
        textformat                     figures -> sample lines, rendered and deflated where they changed
      store                            a snapshot for each account, replaced whole; the last good reading kept
      exposition                       the page, joined of ready lines
    web                  /metrics      joins ready lines and the exporter's own (telemetry); never waits for a vendor

`app` puts the rooms together, and `cli` starts it. `rules` and `sandbox` stand apart: Prometheus rules as data, and
the vendors simulated.
"""

__version__ = "0.1.0"
