"""Random worlds of NetNut: plans of the account and of its sub-users."""

from datetime import date, timedelta
from typing import Any, Final

from world import MISSING, UNREADABLE_TIMES, Answer, Dice, Question, Reply, World, row

QUIRKS: Final = {
    "odd_text": "names in any script, with quotes, slashes and line ends",
    "number_as_text": "a number comes as its digits",
    "unreadable_number": "a number is missing, null or no number",
    "no_plan_id": "a row without its plan's id",
    "product_missing": "a row without its product's type",
    "shared_plan_id": "two products under one plan's id",
    "rows_repeat": "a row comes twice",
    "rows_disagree": "two rows of one plan differ",
    "end_as_day": "a plan's end is a day, and means the end of that day",
    "sub_user_periods": "a sub-user's plan has its period",
    "sub_user_refused": "a sub-user is refused",
    "sub_user_names": "the reseller's rows name the sub-user customerId or subUserId",
    "array_envelope": "the reseller's reply is a list of replies",
    "nested_plans": "the reseller's plans stand below their sub-user",
    "no_success": "HTTP 200 that says it is no success",
    "partial_sums": "a sum is not shown where a member of it cannot be read",
    "none_asked_for": "a sub-user's plans are all others than were asked for, and nothing else is there",
}
_STATUSES: Final = {"active": 1, "inactive": 0, "standby": 2, "all": 3}
_PRODUCTS: Final = ("Residential", "Data Center", "ISP", "Mobile")


def netnut_world(seed: int, today: date, off: frozenset[str]) -> World:
    dice = Dice(f"netnut {seed}", off)
    sub_users = [str(90_000 + number) for number in range(dice.count(0, 3))] if dice.chance(0.5) else []
    is_reseller = dice.chance(0.4)
    plan_status = dice.pick(list(_STATUSES))
    plans = _plans(dice, today)
    replies: dict[str, Reply] = {
        "POST /auth/login": Answer({"success": True, "token": f"token-of-world-{seed}"}),
        "POST /customer/usage/myusage": _for_status(_STATUSES[plan_status], _envelope(dice, plans)),
    }
    owned = {sub_user: _plans(dice, today, is_own=False) for sub_user in sub_users}
    for sub_user, rows in owned.items():
        refused = dice.quirk("sub_user_refused", 0.1)
        replies[f"GET /customer/usage/{sub_user}"] = (
            Answer({"success": False, "message": "Invented"}, 400) if refused else _envelope(dice, rows, 0)
        )
    if is_reseller:
        owned |= {str(number): _plans(dice, today, is_own=False) for number in dice.random.sample(range(1, 500), 2)}
        replies["POST /customer/usage/"] = _reseller_reply(dice, owned)
    settings = row(
        email=f"w{seed}@example.com",
        password="${WORLD_SECRET}",
        sub_users=sub_users or MISSING,
        reseller=is_reseller or MISSING,
        plan_status=MISSING if plan_status == "active" and dice.chance(0.5) else plan_status,
        quotas=_quotas(dice, is_reseller or bool(sub_users)),
    )
    return World("netnut", seed, today, settings, replies, frozenset(dice.quirks), off)


def _for_status(status: int, answer: Answer) -> Reply:
    """Plans of another status are no answer to this question."""

    def reply(question: Question) -> Answer:
        asked = (question.body or {}).get("planStatus")
        return answer if asked == status else Answer({"success": True, "data": []})

    return reply


def _envelope(dice: Dice, rows: list[dict[str, Any]], failure: float = 0.02) -> Answer:
    if dice.quirk("no_success", failure):
        return Answer({"success": False, "message": "Invented", "data": rows})
    return Answer({"success": True, "data": rows})


def _plans(dice: Dice, today: date, *, is_own: bool = True) -> list[dict[str, Any]]:
    shared = row(start_date=_time(dice, today, -20), end_date=_end(dice, today))
    rows: list[dict[str, Any]] = []
    ids = dice.random.sample(range(1, 90_000), 5)
    for number in range(dice.count(0, 5) if is_own else dice.count(0, 3)):
        plan = _plan(dice, today, _plan_id(dice, ids[number], number))
        rows.append(plan | shared if dice.chance(0.4) else plan)
    if is_own and rows:
        rows += _more_rows(dice, today, dice.pick(rows))
    dice.random.shuffle(rows)
    return rows


def _more_rows(dice: Dice, today: date, first: dict[str, Any]) -> list[dict[str, Any]]:
    if "id" not in first:
        return []
    if dice.quirk("shared_plan_id", 0.08):
        return [_plan(dice, today, first["id"]) | {"product_type": "Another"}]
    if dice.quirk("rows_repeat", 0.08):
        return [dict(first)]
    if dice.quirk("rows_disagree", 0.08) and "product_type" in first:
        return [_plan(dice, today, first["id"]) | {"product_type": first["product_type"]}]
    return []


def _plan_id(dice: Dice, usual: int, number: int) -> Any:
    if dice.quirk("no_plan_id", 0.02):
        return dice.pick((None, "", MISSING))
    if dice.chance(0.05):
        return (0, 2**53 + 1, 10**20, "0x1", "-7")[number]
    if dice.chance(0.1):
        return f"{dice.text()}-{usual}"
    return str(usual) if dice.quirk("number_as_text", 0.2) else usual


def _plan(dice: Dice, today: date, plan_id: Any) -> dict[str, Any]:
    product: Any = dice.pick(_PRODUCTS) if dice.chance(0.8) else dice.text()
    if dice.quirk("product_missing", 0.04):
        product = dice.pick((None, MISSING, ""))
    size = dice.pick((0, dice.count(1, 5000), dice.amount(), dice.amount()))
    percentage = f"{dice.random.uniform(0, 130):.2f}"
    return row(
        id=plan_id,
        start_date=_time(dice, today, -dice.count(1, 60)),
        end_date=_end(dice, today),
        is_active=dice.pick((True, True, False, None, MISSING)),
        total_requests_used=dice.figure(dice.integer()),
        total_gb_used=dice.figure(dice.amount()),
        usage_percentage=dice.pick((percentage, f"{percentage}%", percentage, "", None, MISSING, "N/A", "0", "100%")),
        plan_gb=-1 if dice.chance(0.05) else dice.figure(size, 0.12),
        product_type=product,
    )


def _time(dice: Dice, today: date, days: int) -> Any:
    if dice.chance(0.06):
        return dice.pick(UNREADABLE_TIMES)
    day = (today + timedelta(days)).isoformat()
    return day if dice.chance(0.4) else f"{day}T0{dice.count(0, 9)}:0{dice.count(0, 9)}:42.{dice.count(0, 999):03}Z"


def _end(dice: Dice, today: date) -> Any:
    days = dice.count(-3, 40)
    if dice.quirk("end_as_day", 0.3):
        return (today + timedelta(days)).isoformat()
    return dice.pick(UNREADABLE_TIMES) if dice.chance(0.06) else f"{today + timedelta(days)}T03:00:42.000Z"


def _reseller_reply(dice: Dice, owned: dict[str, list[dict[str, Any]]]) -> Answer:
    name = dice.pick(("customerId", "subUserId")) if dice.quirk("sub_user_names", 0.2) else "customer_id"
    ids = {sub_user: dice.pick((sub_user, int(sub_user))) for sub_user in owned}
    if dice.quirk("nested_plans", 0.15):
        rows = [{name: ids[sub_user], "plans": plans} for sub_user, plans in owned.items()]
    else:
        rows = [{name: ids[sub_user], **plan} for sub_user, plans in owned.items() for plan in plans]
    envelope = {"success": True, "data": rows}
    return Answer([envelope] if dice.quirk("array_envelope", 0.15) else envelope)


def _quotas(dice: Dice, has_sub_users: bool) -> list[dict[str, Any]]:
    metrics = ["netnut_gb_used", "netnut_gb_used", "netnut_requests_used"]
    if has_sub_users:
        metrics += ["netnut_sub_user_gb_used", "netnut_sub_user_requests_used"]
    quotas = []
    for number in range(dice.count(0, 3)):
        metric = dice.pick(metrics)
        of_sub_users = "sub_user" in metric
        labels = ["plan_id", "product_type"] + (["sub_user_id"] if of_sub_users else [])
        match = {"product_type": dice.pick(("Residential", "ISP|Mobile", "[^z]*e[^z]*", "[^a]*"))}
        quotas.append(
            row(
                name=f"q{number}",
                metric=metric,
                match=match if dice.chance(0.4) else MISSING,
                by=dice.random.sample(labels, dice.count(1, 2)) if dice.chance(0.5) else MISSING,
                limit=dice.pick((1000, 0.5, 2**40)),
                unit=dice.pick(("GB", MISSING)),
                period=dice.pick(("month", "plan", "none", MISSING)) if not of_sub_users else MISSING,
            )
        )
    return quotas
