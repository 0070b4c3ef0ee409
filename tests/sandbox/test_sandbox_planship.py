import pytest
from sandbox_calls import PLANSHIP, of_customer, sandbox

from exporter.sandbox.planship.accounts import ACCOUNTS

pytestmark = pytest.mark.anyio
USER = "user+1@example.com"
INVOICES = of_customer(USER, "/products/invoicing/usage/invoices")
INVOICING = of_customer(USER, "/products/invoicing/entitlements")
CLICKS = of_customer(USER, "/products/projects/usage/clicks")
PROJECTS = of_customer(USER, "/products/projects/entitlements")
LIMITS = {"monthly-invoices": 1000, "daily-invoices": 60}


@pytest.mark.parametrize(
    "pair",
    [
        ("sandbox-acme-client", "another"),
        ("sandbox-acme-client", "sandbox-globex-secret"),
        ("sandbox-acme-client", ""),
        ("", ""),
    ],
)
async def test_wrong_client_credentials_are_refused(pair: tuple[str, str]) -> None:
    async with sandbox() as box:
        reply = await box.http.post(f"{PLANSHIP}/auth/token", auth=pair)

    assert (reply.status_code, list(reply.json())) == (401, ["detail"])


async def test_a_token_lasts_as_long_as_it_says() -> None:
    pair = ("sandbox-acme-client", "sandbox-acme-secret")
    async with sandbox() as box:
        issued = (await box.http.post(f"{PLANSHIP}/auth/token", auth=pair)).json()
        headers = {"Authorization": f"Bearer {issued['access_token']}"}
        box.clock.at += issued["expires_in"] - 1
        before = await box.http.get(INVOICES, headers=headers)
        box.clock.at += 1
        after = await box.http.get(INVOICES, headers=headers)

    assert (issued["token_type"], issued["expires_in"]) == ("bearer", 3600)
    assert (before.status_code, after.status_code) == (200, 401)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_without_a_token_nothing_is_told_or_taken(method: str) -> None:
    async with sandbox() as box:
        reply = await box.http.request(method, INVOICES, json={"usage": 1})

    assert (reply.status_code, list(reply.json())) == (401, ["detail"])


async def test_health_needs_no_token() -> None:
    async with sandbox() as box:
        assert await box.get(f"{PLANSHIP}/health", {}) == {"status": "ok"}


async def test_products_and_their_levers_are_listed() -> None:
    async with sandbox() as box:
        headers = await box.planship()
        products = await box.get(f"{PLANSHIP}/products", headers)
        levers = {
            product["slug"]: [
                lever["slug"] for lever in await box.get(f"{PLANSHIP}/products/{product['slug']}/levers", headers)
            ]
            for product in products
        }

    assert levers == {
        "invoicing": ["monthly-invoices", "daily-invoices", "premium-support", "max-users", "export-formats"],
        "projects": ["api-calls", "project-clicks", "analytics-panel", "max-projects", "project-types"],
    }


@pytest.mark.parametrize(
    ("account", "asked"), [(name, asked) for name in ACCOUNTS for asked in ACCOUNTS[name].customers]
)
async def test_a_customer_goes_by_either_of_its_ids(account: str, asked: str) -> None:
    async with sandbox() as box:
        headers = await box.planship(account)
        customer = await box.get(of_customer(asked), headers)

        assert asked in (customer["id"], customer["alternative_id"])
        assert await box.get(of_customer(customer["id"]), headers) == customer


@pytest.mark.parametrize(
    "path",
    [
        "/customers/nobody/subscriptions",
        "/customers/team/blue",
        "/customers/user+2@example.com",
        "/customers/user+1@example.com/products/another/entitlements",
        "/customers/user+1@example.com/products/invoicing/levers/another/usage",
        "/customers/user+1@example.com/products/invoicing/levers/max-users/usage",
        "/customers/user+1@example.com/products/invoicing/usage/clicks",
        "/products/another/levers",
    ],
)
async def test_what_does_not_exist_is_not_found(path: str) -> None:
    async with sandbox() as box:
        reply = await box.http.get(PLANSHIP + path, headers=await box.planship())

    assert (reply.status_code, reply.json()["detail"].lower()) == (404, "not found")


async def test_a_metering_id_covers_its_levers() -> None:
    async with sandbox() as box:
        headers = await box.planship()
        together = await box.get(INVOICES, headers)
        alone = {
            lever: await box.get(of_customer(USER, f"/products/invoicing/levers/{lever}/usage"), headers)
            for lever in together
        }

    assert together == alone
    assert list(together) == ["monthly-invoices", "daily-invoices"]


async def test_a_lever_without_buckets_has_one_named_null() -> None:
    async with sandbox() as box:
        lever = (await box.get(INVOICES, await box.planship()))["monthly-invoices"]
    (rows,) = lever["by_subscription"].values()

    assert lever["by_bucket"] == {"null": lever["total"]}
    assert rows == [{"usage": lever["total"], "bucket": None}]


async def test_a_lever_with_buckets_tells_them_apart() -> None:
    async with sandbox() as box:
        lever = (await box.get(CLICKS, await box.planship()))["project-clicks"]
    (rows,) = lever["by_subscription"].values()

    assert list(lever["by_bucket"]) == ["First project", "Second project"]
    assert lever["total"] == sum(lever["by_bucket"].values())
    assert {row["bucket"]: row["usage"] for row in rows} == lever["by_bucket"]


async def test_an_entitlement_is_what_is_left_and_features_are_what_they_are() -> None:
    async with sandbox() as box:
        headers = await box.planship()
        used = {lever: usage["total"] for lever, usage in (await box.get(INVOICES, headers)).items()}
        invoicing, projects = await box.get(INVOICING, headers), await box.get(PROJECTS, headers)

    assert {lever: LIMITS[lever] - used[lever] for lever in used} == {lever: invoicing.pop(lever) for lever in used}
    assert invoicing == {"premium-support": True, "max-users": 25, "export-formats": ["pdf", "csv"]}
    assert list(projects["project-clicks"]) == ["First project", "Second project"]
    assert projects["analytics-panel"] is False


async def test_one_customer_does_not_renew_by_itself() -> None:
    async with sandbox() as box:
        headers = await box.planship()
        renewing = [
            {row["auto_renew"] for row in await box.get(of_customer(customer, "/subscriptions"), headers)}
            for customer in ACCOUNTS["acme"].customers
        ]

    assert renewing == [{True}, {True}, {False}]


async def test_every_subscription_says_what_plan_it_would_renew_with() -> None:
    async with sandbox() as box:
        headers = await box.planship()
        paths = [of_customer(customer, "/subscriptions") for customer in ACCOUNTS["acme"].customers]
        rows = [row for path in paths for row in await box.get(path, headers)]

    assert {False, True} == {row["auto_renew"] for row in rows}
    assert all(row["renew_plan"].keys() == {"id", "name", "slug"} for row in rows)
