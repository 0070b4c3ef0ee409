"""usage-exporter: what vendors' billing APIs say of your usage, as Prometheus metrics.

The way of one number:

    config.yaml          config        accounts: credentials with a name, and how they are polled
      poller, retry                    one loop an account: when to ask, what to do about each kind of failure
        vendors/<name>                 requests -> reply models -> samples
          client, auth, pacing, body   signed, paced, bounded HTTP
          connections                  used again; one translation of HTTP into errors
      polled, reading                  samples -> checked figures -> what is kept of them
        quota                          figures -> what is used, of how much, until when, for any vendor
        blocks                         figures -> sample lines, rendered and deflated where they changed
      store                            a snapshot for each account, replaced whole; the last good reading kept
      exposition                       the page, joined of ready lines
    web                  /metrics      joins ready lines and the exporter's own metrics; never waits for a vendor
"""

__version__ = "0.1.0"
