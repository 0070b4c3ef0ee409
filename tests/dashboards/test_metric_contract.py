"""The names and labels that dashboards, rules and users depend on: a change here is a change for them.

Those of a vendor that is not listed here are what its expected.prom has.
"""

import re

import pytest
from recorded_replies import expected_page

from exporter.cli.catalogue import FAMILIES, labels
from exporter.vendors import VENDORS

CONTRACT = """
netnut_gb_used account plan_id product_type
netnut_plan_gb account plan_id product_type
netnut_requests_used account plan_id product_type
netnut_reported_usage_ratio account plan_id product_type
netnut_plan_active account plan_id product_type
netnut_plan_start_timestamp_seconds account plan_id product_type
netnut_plan_end_timestamp_seconds account plan_id product_type
netnut_sub_user_gb_used account plan_id product_type sub_user_id
netnut_sub_user_plan_gb account plan_id product_type sub_user_id
netnut_sub_user_requests_used account plan_id product_type sub_user_id
netnut_sub_user_reported_usage_ratio account plan_id product_type sub_user_id
netnut_sub_user_plan_active account plan_id product_type sub_user_id
netnut_sub_user_plan_start_timestamp_seconds account plan_id product_type sub_user_id
netnut_sub_user_plan_end_timestamp_seconds account plan_id product_type sub_user_id
ionos_meter_quantity account contract datacenter_id meter_id unit
ionos_previous_month_quantity account contract datacenter_id meter_id unit
ionos_meter_info account contract meter_id description unit
ionos_datacenter_info account contract datacenter_id name location
ionos_contract_info account contract reference
ionos_period_start_timestamp_seconds account contract
ionos_period_end_timestamp_seconds account contract
ionos_meter_unit_price account contract meter_id currency
ionos_estimated_cost account contract datacenter_id meter_id currency
ionos_resource_used account contract resource unit
ionos_resource_limit account contract resource unit
prolifi_event_count account customer_id event_name
prolifi_event_last_reported_timestamp_seconds account customer_id event_name
prolifi_window_start_timestamp_seconds account
prolifi_entitlement_used account customer_id feature
prolifi_entitlement_limit account customer_id feature
prolifi_entitlement_remaining account customer_id feature
prolifi_entitlement_unlimited account customer_id feature
prolifi_entitlement_reset_timestamp_seconds account customer_id feature
prolifi_entitlement_info account customer_id feature name
prolifi_customer_info account customer_id name
planship_lever_usage account product customer_id lever
planship_lever_bucket_usage account product customer_id lever bucket
planship_lever_subscription_usage account product customer_id lever subscription_id
planship_entitlement_remaining account product customer_id lever
planship_subscription_renew_timestamp_seconds account product customer_id subscription_id plan
planship_subscription_last_renewed_timestamp_seconds account product customer_id subscription_id plan
planship_product_info account product name
planship_lever_info account product lever name
usage_quota_used account vendor quota subject unit
usage_quota_limit account vendor quota subject unit
usage_quota_period_start_timestamp_seconds account vendor quota subject unit
usage_quota_subject_info account vendor quota subject unit name
usage_quota_period_end_timestamp_seconds account vendor quota subject unit
usage_quota_consumed_total account vendor quota subject unit
usage_exporter_account_up vendor account
usage_exporter_poll_last_success_timestamp_seconds vendor account
usage_exporter_poll_last_attempt_timestamp_seconds vendor account
usage_exporter_poll_next_attempt_timestamp_seconds vendor account
usage_exporter_poll_interval_seconds vendor account
usage_exporter_poll_duration_seconds vendor account
usage_exporter_polls_total vendor account
usage_exporter_polls_failed_total vendor account
usage_exporter_poll_failures_total vendor account reason
usage_exporter_account_failing vendor account reason
usage_exporter_requests_total vendor account code
usage_exporter_request_duration_seconds vendor account
usage_exporter_token_refreshes_total vendor account
usage_exporter_rate_limit_limit vendor account
usage_exporter_credential_expiry_timestamp_seconds vendor account
usage_exporter_rate_limit_remaining vendor account
usage_exporter_account_series vendor account
usage_exporter_series_dropped vendor account
usage_exporter_customers_dropped vendor account
usage_exporter_quota_matched_series vendor account quota
usage_exporter_quota_threshold_ratio vendor account quota subject unit severity
usage_exporter_quotas_withheld vendor account quota reason
usage_exporter_items_skipped_total vendor account reason
usage_exporter_contract_drift vendor account field kind
usage_exporter_data_timestamp_seconds vendor account
usage_exporter_account_info vendor account host tls_verified proxied
usage_exporter_storage_write_failures_total vendor account
usage_exporter_storage_files_set_aside_total vendor account reason
usage_exporter_vendor_info vendor origin version
usage_exporter_build_info version python_version
usage_exporter_shard_info shard total
usage_exporter_config_last_reload_successful
usage_exporter_config_last_reload_success_timestamp_seconds
usage_exporter_web_config_last_reload_successful
usage_exporter_web_config_reload_failures_total
"""
WRITTEN = [line.split() for line in CONTRACT.split("\n") if line]


def rows_of(vendor: str) -> list[list[str]]:
    """Return the names and labels on the page that a vendor's recorded replies must give."""
    found = re.findall(r"^(\w+)\{(.*)\} ", expected_page(vendor), re.MULTILINE)
    return [[name, *re.findall(r'(?:^|,)(\w+)="', labels)] for name, labels in dict(found).items()]


ROWS = WRITTEN + [row for one in VENDORS if f"\n{one}_" not in CONTRACT for row in rows_of(one)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_name_and_its_labels_stay(row: list[str]) -> None:
    (family,) = [one for one in FAMILIES if one.name == row[0]]

    assert list(labels(family)) == row[1:]


def test_a_new_family_is_written_into_the_contract() -> None:
    assert sorted(family.name for family in FAMILIES) == sorted(row[0] for row in ROWS)
