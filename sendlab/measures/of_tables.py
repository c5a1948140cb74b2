"""Measures that are made from tables of their own, topic by topic: each metric with what it takes."""

from collections.abc import Iterator

import polars as pl

from sendlab import metrics
from sendlab.measures.inputs import Inputs
from sendlab.metrics.ehc import annual_reviews, decisions, placements, timeliness
from sendlab.metrics.fairness import disproportionality, informal_exclusion, missed_needs, off_roll, signals
from sendlab.metrics.learning import ages, bands, baselines, goal_setting, goals, growth
from sendlab.metrics.plans import identification, meetings, pastoral, reviews, sen_register
from sendlab.metrics.resources import money, staffing, teaching
from sendlab.metrics.schools import inspections, local_offer, transitions
from sendlab.metrics.sef import actions, priorities, raters, statements
from sendlab.metrics.support import change, costs, provision_map
from sendlab.metrics.voice import answers, behaviour, beside_progress, clubs, observations, wellbeing


def of_tables(inputs: Inputs) -> Iterator[list[pl.DataFrame]]:
    """Every measure of tables other than facts alone, topic by topic."""
    topics = (_starting_points, _goals, _interventions, _fairness, _ehc, _plans, _voice, _wellbeing, _resources,
              _schools, _self_evaluation)  # fmt: skip
    return (list(topic(inputs)) for topic in topics)


def _starting_points(i: Inputs) -> Iterator[pl.DataFrame]:
    facts, scores = i.counted, i.tables["assessments"]
    for metric in (metrics.standardised_change, metrics.scaled_score_change, metrics.scores_at_limits,
                   growth.value_added, growth.reliable_change, growth.low_starters, ages.age_gain, ages.age_below_own,
                   bands.bands_now, bands.band_progress, bands.band_transitions):  # fmt: skip
        yield metric(facts, scores)
    yield baselines.baselines(facts, scores, i.tables["targets"], i.tables["wellbeing"])
    yield baselines.external_starting_points(facts, scores)


def _goals(i: Inputs) -> Iterator[pl.DataFrame]:
    facts, targets = i.counted, i.tables["targets"]
    for metric in (goals.goal_outcomes, goals.goals_by_area, goals.goal_attainment_score, goals.less_than_expected,
                   goal_setting.goal_setting, goal_setting.goal_areas, goal_setting.goal_coverage):  # fmt: skip
        yield metric(facts, targets)


def _interventions(i: Inputs) -> Iterator[pl.DataFrame]:
    facts, taken, catalogue = i.counted, i.tables["interventions"], i.tables["intervention_catalogue"]
    gains = metrics.intervention_gain(facts, taken)
    yield gains
    yield provision_map.intervention_reach(facts, taken)
    yield provision_map.intervention_dose(taken, facts)
    yield provision_map.support_hours(taken, catalogue, facts)
    made = costs.intervention_costs(taken, catalogue, facts, as_of=i.day)
    yield made
    yield costs.intervention_cost_per_point(made, gains)
    yield change.intervention_change(taken, facts, i.tables["assessments"])
    yield change.intervention_absence(taken, facts, i.periods)
    yield change.intervention_transfer(taken, facts, i.tables["assessments"])


def _fairness(i: Inputs) -> Iterator[pl.DataFrame]:
    facts, tables = i.counted, i.tables
    yield disproportionality.exclusion_ratios(facts)
    yield disproportionality.exclusion_ratios_like_for_like(facts)
    yield informal_exclusion.part_time_timetable(facts)
    yield informal_exclusion.off_site_without_placement(facts, tables["alternative_provision"], tables["interventions"])
    yield informal_exclusion.sent_home_at_midday(facts, i.sent_home)
    yield off_roll.left_in_years_10_and_11(facts, tables["pupils"], tables["transitions"], tables["suspensions"])
    yield off_roll.managed_moves_not_sustained(tables["transitions"], facts)
    compared = signals.signal_comparisons(
        facts, pupils=tables["pupils"], transitions=tables["transitions"], suspensions=tables["suspensions"],
        alternative_provision=tables["alternative_provision"], interventions=tables["interventions"],
        sent_home=i.sent_home,
    )  # fmt: skip
    yield signals.informal_exclusion_signals(compared)
    yield missed_needs.unseen_needs_screen(facts, tables["behaviour"])


def _ehc(i: Inputs) -> Iterator[pl.DataFrame]:
    requests, plans, la = i.tables["ehc_requests"], i.tables["ehc_plans"], i.la
    yield timeliness.ehc_20_weeks(requests, plans, **la)
    for metric in (decisions.ehc_requests_received, decisions.ehc_decisions, decisions.ehc_disputes):
        yield metric(requests, **la)
    yield decisions.ehc_approaches_before(requests, i.tables["interventions"], i.facts, **la)
    yield decisions.ehc_requests_from_sen_support(i.counted, requests)
    yield annual_reviews.ehc_annual_reviews(plans, requests, **la)
    yield annual_reviews.ehc_phase_transfers(plans, **la)
    yield placements.ehc_placement_kinds(
        i.tables["ehc_placements"], plans, i.tables["schools"], i.tables["school_links"], **la
    )
    yield placements.ehc_plan_audits(plans, **la)


def _plans(i: Inputs) -> Iterator[pl.DataFrame]:
    facts, plans, held, register = i.counted, i.tables["plans"], i.tables["meetings"], i.tables["sen_register"]
    for metric in (reviews.plan_reviews, reviews.plans_overdue, reviews.plans_adapted, reviews.plan_stages):
        yield metric(plans, facts, as_of=i.day)
    yield reviews.plan_coverage(facts, plans, as_of=i.day)
    yield reviews.plan_costs(plans, facts)
    yield pastoral.pastoral_plans(facts, plans, as_of=i.day)
    yield pastoral.pastoral_plans_shared(plans, facts, as_of=i.day)
    yield meetings.meetings_held(held, facts, as_of=i.day)
    yield meetings.termly_conversations(facts, held, as_of=i.day)
    yield sen_register.register_reviews(register, facts, as_of=i.day)
    yield identification.register_assessments(register, facts, as_of=i.day)
    yield identification.teaching_seen_before_support(register, facts, i.tables["lesson_observations"])
    yield sen_register.sen_prevalence(i.facts)


def _voice(i: Inputs) -> Iterator[pl.DataFrame]:
    voice, places = i.tables["voice"], i.places_of_la
    for metric in (answers.agreement, answers.mean_answer, answers.responses):
        yield metric(voice, places)
    yield clubs.taking_part(i.counted, i.tables["activities"])
    yield clubs.passports(i.counted, i.tables["plans"])
    yield behaviour.behaviour_records(i.counted, i.tables["behaviour"])
    yield behaviour.bullying_by_role(i.counted, i.tables["behaviour"])
    yield observations.observations_of_pupils(i.counted, i.tables["observations"])
    yield observations.observed_change(i.facts, i.tables["observations"])


def _wellbeing(i: Inputs) -> Iterator[pl.DataFrame]:
    ratings = i.tables["wellbeing"]
    for metric in (wellbeing.scale_change, wellbeing.reliably_changed, wellbeing.sdq_added, wellbeing.engagement):
        yield metric(i.facts, ratings)
    yield wellbeing.wellbeing_start(i.counted, ratings)
    yield beside_progress.wellbeing_beside_progress(i.facts, ratings, i.tables["assessments"])


def _resources(i: Inputs) -> Iterator[pl.DataFrame]:
    funding, places = i.tables["funding"], i.places_of_la
    for metric in (money.spending, money.spending_by_line, money.spending_by_need):
        yield metric(funding, places)
    yield money.top_up(i.facts, i.tables["pupil_funding"])
    yield money.hours_given(i.facts, i.tables["pupil_funding"])
    for metric in (staffing.deployment, staffing.deployment_reviewed):
        yield metric(i.tables["staff_deployment"], places)
    for metric in (staffing.training, staffing.areas_trained):
        yield metric(i.tables["staff_training"], places)
    yield teaching.teaching_seen(i.tables["lesson_observations"], places)


def _schools(i: Inputs) -> Iterator[pl.DataFrame]:
    inspected, moved, places = i.tables["inspections"], i.tables["transitions"], i.places_of_la
    yield inspections.inspected_schools(inspected, places)
    yield inspections.inspection_grades(inspected, places)
    yield inspections.reviewed_schools(inspected, places)
    yield local_offer.reports_in_date(i.tables["local_offer"], places)
    yield local_offer.needs_offered(i.counted, i.tables["intervention_catalogue"])
    for metric in (transitions.destinations, transitions.placements, transitions.handover, transitions.life_after_move):
        yield metric(i.facts, moved)
    yield transitions.alternative_provision(i.facts, i.tables["alternative_provision"])


def _self_evaluation(i: Inputs) -> Iterator[pl.DataFrame]:
    ratings, places, la = i.tables["self_evaluation"], i.places, i.la
    for metric in (statements.self_evaluation, statements.bands, statements.change_between_rounds,
                   statements.how_much_is_rated, priorities.priorities, priorities.to_share,
                   raters.rater_spread, raters.said_by_unit):  # fmt: skip
        yield metric(ratings, places, **la)
    yield priorities.with_evidence(ratings, i.tables["evidence"], places, **la)
    yield priorities.planned_for(ratings, i.tables["actions"], places, **la)
    yield actions.plan_actions(i.tables["actions"], places, **la)
