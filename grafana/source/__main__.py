"""Write the dashboards: `python -m grafana.source`."""

from grafana.source.dashboards import write

if __name__ == "__main__":
    write()
