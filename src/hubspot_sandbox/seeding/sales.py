"""Pipelines, products, deals with their line items and stages so far, quotes, leads."""

from dataclasses import dataclass
from typing import Final

from hubspot_sandbox.calculations import exact, exact_product
from hubspot_sandbox.instants import DAY_MS
from hubspot_sandbox.pipelines import Pipeline, Stage, deal_stages
from hubspot_sandbox.records import Value
from hubspot_sandbox.seeding.draw import Weighted
from hubspot_sandbox.seeding.people import owner_values
from hubspot_sandbox.seeding.vocabulary import vocabulary
from hubspot_sandbox.seeding.world import CompanyDraft, Draft, World

RENEWALS: Final = Pipeline(
    label="Renewals",
    display_order=1,
    id="41297512",
    stages=deal_stages(
        [
            ("98120031", "Upcoming", 0.5),
            ("98120032", "Quote sent", 0.7),
            ("98120033", "Negotiation", 0.8),
            ("98120034", "Renewed", 1.0),
            ("98120035", "Not renewed", 0.0),
        ]
    ),
)
_RENEWALS_SHARE: Final = 0.22
_LONGEST_SALE_DAYS: Final = 120
_OUTCOMES: Final = Weighted({"open": 44.0, "won": 34.0, "lost": 22.0})
_LEAD_STAGES: Final = Weighted({"new-stage-id": 4.0, "attempting-stage-id": 3.0, "connected-stage-id": 2.0})


@dataclass(frozen=True, slots=True)
class _Course:
    """When a deal began, ends, and what it came to."""

    pipeline: Pipeline
    stage: Stage
    created_ms: int
    closed_ms: int


def add_products(world: World) -> list[Draft]:
    """What Lumen Metrics sells."""
    first_ms = world.reference_ms - 1500 * DAY_MS
    products: list[Draft] = []
    for place, item in enumerate(vocabulary().products):
        created_ms = world.draw.working_instant(first_ms + place * 3 * DAY_MS)
        properties: dict[str, Value] = {
            "name": item.name,
            "description": item.description,
            "price": str(item.price),
            "hs_sku": item.sku,
            "hs_product_type": item.product_type,
            "hs_cost_of_goods_sold": str(item.price * 2 // 5),
            "hs_status": "active",
        }
        if item.billing:
            properties["recurringbillingfrequency"] = item.billing
        draft = Draft("0-7", created_ms, created_ms, properties)
        products.append(draft)
        world.add(draft)
    return products


def add_deals(world: World, products: list[Draft]) -> None:
    """Deals of companies that have contacts, over two pipelines."""
    sales = world.portal.pipelines(world.portal.types.by_id("0-3"))[0]
    buyers = [company for company in world.companies if company.people]
    for _ in range(world.size.deals):
        company = world.draw.pick(buyers)
        renewal = company.won_deals > 0 and world.draw.chance(2 * _RENEWALS_SHARE)
        course = _course(world, company, RENEWALS if renewal else sales)
        amount = round(world.draw.lognormal(14_000, 0.9) / 50) * 50
        deal = Draft("0-3", course.created_ms, _changed_ms(world, course), {})
        if world.draw.chance(0.6):
            amount = _add_line_items(world, deal, products, amount)
        deal.properties |= _deal_values(world, company, course, amount, renewal=renewal)
        world.add(deal)
        world.link(deal, company, primary=True)
        people = {world.draw.below(len(company.people)) for _ in range(world.draw.between(1, 2))}
        for place in sorted(people):
            world.link(deal, company.people[place])
        deal.properties["num_associated_contacts"] = str(len(people))
        company.deals += 1
        company.open_deals += not course.stage.is_closed
        company.won_deals += course.stage.is_closed and course.stage.probability > 0
        _add_stage_history(world, deal, course)


def _course(world: World, company: CompanyDraft, pipeline: Pipeline) -> _Course:
    draw, now_ms = world.draw, world.reference_ms
    stages = pipeline.stages
    outcome = draw.weighted(_OUTCOMES)
    sale_ms = draw.between(8, _LONGEST_SALE_DAYS) * DAY_MS
    if outcome == "open":
        open_stages = [stage for stage in stages if not stage.is_closed]
        stage = open_stages[min(draw.below(len(open_stages)), draw.below(len(open_stages)))]
        created_ms = now_ms - 3_600_000 - int(draw.fraction() * sale_ms)
        # One open deal in eight is overdue.
        closing_ms = now_ms + draw.between(-21, 140) * DAY_MS
    else:
        stage = stages[-2] if outcome == "won" else stages[-1]
        closing_ms = draw.past(now_ms, 730, recency=1.3) - DAY_MS
        created_ms = closing_ms - sale_ms
    created_ms = max(created_ms, min(company.created_ms, now_ms - 2 * DAY_MS))
    return _Course(pipeline, stage, created_ms, max(draw.working_instant(closing_ms), created_ms + DAY_MS))


def _changed_ms(world: World, course: _Course) -> int:
    if course.stage.is_closed:
        return min(course.closed_ms + 300_250, world.reference_ms)
    return course.created_ms + int((world.reference_ms - course.created_ms) * world.draw.fraction())


def _deal_values(
    world: World, company: CompanyDraft, course: _Course, amount: int, *, renewal: bool
) -> dict[str, Value]:
    draw, stage, text = world.draw, course.stage, str(amount)
    subject = "renewal" if renewal else draw.pick(vocabulary().phrases["deal_subjects"])
    won = stage.is_closed and stage.probability > 0
    weighted = exact_product(text, stage.probability)
    days = (course.closed_ms - course.created_ms) / DAY_MS
    values: dict[str, Value] = {
        "dealname": f"{company.properties['name']} - {subject}",
        "amount": text,
        "amount_in_home_currency": text,
        "deal_currency_code": "USD",
        "hs_forecast_amount": text,
        "pipeline": course.pipeline.id,
        "dealstage": stage.id,
        "dealtype": "existingbusiness" if renewal or company.won_deals else "newbusiness",
        "closedate": course.closed_ms,
        "hs_deal_stage_probability": exact(stage.probability),
        "hs_projected_amount": weighted,
        "hs_is_closed": str(stage.is_closed).lower(),
        "hs_is_closed_won": str(won).lower(),
        "hs_is_closed_lost": str(stage.is_closed and not won).lower(),
        "hs_is_open_count": str(int(not stage.is_closed)),
        "hs_closed_amount": text if won else "0",
        "days_to_close": str(int(days)),
        "hs_days_to_close_raw": f"{days:.5f}",
        "hs_priority": draw.pick(("low", "medium", "high")),
        "hs_analytics_source": company.properties["hs_analytics_source"],
        "hs_object_source": "CRM_UI",
        "hs_object_source_label": "CRM_UI",
        **owner_values(world, course.created_ms),
    }
    if stage.is_closed and not won:
        values["closed_lost_reason"] = draw.pick(vocabulary().phrases["lost_reasons"])
    return values


def _add_line_items(world: World, deal: Draft, products: list[Draft], target: int) -> int:
    """One to three line items that come near the target; their sum."""
    chosen = {world.draw.below(len(products)) for _ in range(world.draw.between(1, 3))}
    total = 0
    for place in sorted(chosen):
        product = products[place]
        price = int(product.properties["price"])
        quantity = max(1, round(target / len(chosen) / price))
        total += price * quantity
        item = Draft(
            "0-8",
            deal.created_ms,
            deal.created_ms,
            {
                **{
                    name: product.properties[name]
                    for name in ("name", "price", "hs_sku", "recurringbillingfrequency")
                    if name in product.properties
                },
                "quantity": str(quantity),
                "amount": str(price * quantity),
                "hs_pre_discount_amount": str(price * quantity),
                "hs_line_item_currency_code": "USD",
            },
        )
        world.add(item)
        world.link(deal, item)
    deal.properties["hs_num_of_associated_line_items"] = str(len(chosen))
    return total


def _add_stage_history(world: World, deal: Draft, course: _Course) -> None:
    """The stages a deal went through, evenly in time."""
    stages = [stage for stage in course.pipeline.stages if not stage.is_closed]
    if course.stage.is_closed:
        steps = [*stages[: world.draw.between(1, len(stages))], course.stage]
        end_ms = min(course.closed_ms, world.reference_ms)
    else:
        steps = stages[: stages.index(course.stage) + 1]
        end_ms = deal.updated_ms
    span_ms = max(0, end_ms - deal.created_ms) // max(1, len(steps) - 1)
    for serial, stage in enumerate(steps):
        entered_ms = deal.created_ms + serial * span_ms
        world.versions.append((deal, "dealstage", serial, stage.id, entered_ms))
        deal.properties["hs_v2_date_entered_current_stage"] = entered_ms


def add_quotes(world: World) -> None:
    """Quotes for open deals."""
    deals = [deal for deal in world.drafts["0-3"] if deal.properties["hs_is_closed"] == "false"]
    for serial in range(world.size.quotes):
        deal = world.draw.pick(deals)
        quote = Draft(
            "0-14",
            deal.created_ms + 1_800_000,
            deal.created_ms + 1_800_000,
            {
                "hs_title": f"Quote for {deal.properties['dealname']}",
                "hs_status": world.draw.pick(("DRAFT", "APPROVAL_NOT_NEEDED", "APPROVED")),
                "hs_expiration_date": world.reference_ms + world.draw.between(5, 60) * DAY_MS,
                "hs_quote_amount": deal.properties["amount"],
                "hs_quote_number": f"Q-{serial + 1:05d}",
                "hs_public_url_key": world.draw.digits(12),
                "hs_currency": "USD",
                "hs_language": "en",
                "hs_locale": "en-us",
                "hubspot_owner_id": deal.properties["hubspot_owner_id"],
            },
        )
        world.add(quote)
        world.link(deal, quote)


def add_leads(world: World) -> None:
    """Leads for contacts of companies without a deal."""
    fresh = [company for company in world.companies if company.people and not company.open_deals]
    for _ in range(world.size.leads):
        company = world.draw.pick(fresh)
        person = world.draw.pick(company.people)
        created_ms = max(person.created_ms, world.draw.past(world.reference_ms, 90))
        lead = Draft(
            "0-136",
            created_ms,
            created_ms,
            {
                "hs_lead_name": f"{person.properties['firstname']} {person.properties['lastname']}",
                "hs_lead_label": world.draw.pick(("HOT", "WARM", "COLD")),
                "hs_lead_type": "NEW_BUSINESS",
                "hs_pipeline": "lead-pipeline-id",
                "hs_pipeline_stage": world.draw.weighted(_LEAD_STAGES),
                **owner_values(world, created_ms),
            },
        )
        world.add(lead)
        world.link(lead, person, primary=True)
        world.link(lead, company)
