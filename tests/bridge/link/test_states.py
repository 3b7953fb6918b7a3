import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.link.states import TRANSITIONS, WELCOMED, LinkState, Occasion, after

PAIRS = [(state, occasion) for state in LinkState for occasion in Occasion]


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair not in TRANSITIONS])
def test_what_is_not_in_the_table_changes_nothing(pair: tuple[LinkState, Occasion]) -> None:
    assert after(*pair) is pair[0]


@pytest.mark.parametrize("pair", TRANSITIONS)
def test_what_is_in_the_table_changes_the_state(pair: tuple[LinkState, Occasion]) -> None:
    assert after(*pair) is TRANSITIONS[pair] is not pair[0]


@pytest.mark.parametrize("state", sorted(set(LinkState) - {LinkState.DOWN}))
def test_every_state_can_be_lost(state: LinkState) -> None:
    assert after(state, Occasion.LOST) is LinkState.DOWN


@given(st.lists(st.sampled_from(list(Occasion)), max_size=30))
def test_live_is_only_ever_reached_by_catching_up_after_a_welcome(occasions: list[Occasion]) -> None:
    state, since_welcome = LinkState.DOWN, False
    for occasion in occasions:
        before, state = state, after(state, occasion)
        since_welcome = (since_welcome or state is LinkState.SYNCING) and state in WELCOMED
        if state is LinkState.LIVE and before is not state:
            assert (before, occasion) == (LinkState.SYNCING, Occasion.CAUGHT_UP)
            assert since_welcome
