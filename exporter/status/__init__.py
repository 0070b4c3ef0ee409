"""What a person is told of an exporter: its accounts, their quotas, what fails and until when, worst first."""
