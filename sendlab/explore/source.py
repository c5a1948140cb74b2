"""Where figures on view come from: those made for all places, unprotected, and those released to an audience."""

from sendlab.build.opened import OpenWorkspace
from sendlab.disclosure.published import OwnView, Published
from sendlab.errors import NothingToShow
from sendlab.explore.selection import Selection
from sendlab.metrics.cards import card


class Source:
    """The figures of one open workspace, of a place as a report would read them."""

    def __init__(self, opened: OpenWorkspace) -> None:
        self._opened = opened
        self._own: dict[str, OwnView] = {}
        self._periods: dict[tuple[str, str, str], list[str]] = {}

    def own(self, place: str) -> OwnView:
        """All that was made of a place, unprotected; read once."""
        if place not in self._own:
            self._own[place] = self._opened.own_view(place=place)
        return self._own[place]

    def why_none(self, chosen: Selection) -> str:
        """Why nobody has a figure of the measure at the place in the year, as build says; "" where somebody has."""
        question = chosen.question
        rows = self.own(question.places[0]).where(time_period=question.time_period).of(question.measure)
        if rows["value"].is_not_null().any():
            return ""
        return next((note for note in rows["note"] if note), "no figures of it were made")

    def released(self, chosen: Selection, audience: str) -> Published:
        """Figures released to an audience in which a selection may be found; NothingToShow where a usual one is not."""
        question = chosen.question
        if not chosen.plain:
            return self._of_any_table(chosen, audience)
        place = question.places[0]
        usual = self._opened.published(place=place, audience=audience)
        if not usual.where(time_period=question.time_period).of(question.measure, place).height:
            raise NothingToShow(f"{card(question.measure).title}: these figures were not released to the {audience}")
        return usual

    def _of_any_table(self, chosen: Selection, audience: str) -> Published:
        """Rows of all published tables, of the widest period of the year or of the part that is asked for."""
        question = chosen.question
        every = self._opened.published(place=question.places[0], audience=audience, every_table=True)
        rows = every.where(measure=question.measure)
        kinds = set(rows.where(time_period=question.time_period).usual().rows["time_identifier"])
        return rows.where(time_identifier=[question.part] if question.part else sorted(kinds))

    def everywhere(self, measure: str, like: Published | OwnView) -> Published | OwnView:
        """A measure at all places, as protected as the figures given."""
        if isinstance(like, OwnView):
            return self._opened.own_view().where(measure=measure)
        return self._opened.published(measure=measure, audience=like.audience, school=like.place or None)

    def periods(self, measure: str, place: str, audience: str, *, own: bool = False) -> list[str]:
        """Academic years in which the measure has rows by SEN provision at the place, latest last."""
        key = measure, place, "" if own else audience
        if key not in self._periods:
            view = self.own(place) if own else self._opened.published(place=place, audience=audience)
            rows = view.where(measure=measure, place_code=place, comparator="", need_area="Total", item="Total").rows
            self._periods[key] = sorted(set(rows["time_period"]))
        return self._periods[key]
