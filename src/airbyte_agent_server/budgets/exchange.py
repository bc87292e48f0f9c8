"""The budgets of all HubSpot accounts in this process, kept together with those of the other processes."""

import asyncio
import logging
from itertools import zip_longest

from sqlalchemy.exc import SQLAlchemyError

from airbyte_agent_hubspot._limits import Budget, SharedBudget
from airbyte_agent_hubspot._windows import BURST_CALLS, BURST_WINDOW_S, SEARCH_CALLS, SEARCH_WINDOW_S
from airbyte_agent_server.bounded import BoundedCache
from airbyte_agent_server.budgets.leases import LeasedWindow
from airbyte_agent_server.budgets.ledger import Grant, Ledger
from airbyte_agent_server.ports import Clock, IdSource
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.telemetry.budget import WatchedBudget
from airbyte_agent_server.telemetry.metrics import Metrics

_log = logging.getLogger(__name__)

_BUDGETS = 10_000
_LIFE_S = 3600.0


class HubspotBudgets:
    """Hands out budgets. A call that finds a place held here costs no look at the database.

    While the database does not answer, each process goes on at the pace that HubSpot allows to one.
    """

    def __init__(self, ledger: Ledger, metrics: Metrics, *, clock: Clock, ids: IdSource) -> None:
        self._ledger = ledger
        self._metrics = metrics
        self._clock = clock
        self._ids = ids
        self._budgets: BoundedCache[tuple[str, str], Budget] = BoundedCache(size=_BUDGETS, life_s=_LIFE_S, clock=clock)
        self._searches: BoundedCache[str, LeasedWindow] = BoundedCache(size=_BUDGETS, life_s=_LIFE_S, clock=clock)
        self._asking: dict[LeasedWindow, None] = {}
        self._trading: asyncio.Task[None] | None = None
        self._later: dict[LeasedWindow, tuple[float, asyncio.Task[None]]] = {}

    def of(self, account: str, app: str) -> Budget:
        """The budget of an app in an account. HubSpot counts calls for the two, searches for the account."""
        budget = self._budgets.get((account, app))
        if budget is None:
            search = self._searches.get(account)
            if search is None:
                search = self._window(f"{account} search", SEARCH_CALLS, SEARCH_WINDOW_S)
                self._searches.put(account, search, drops=self._searches.drops)
            burst = self._window(f"{account} {app}", BURST_CALLS, BURST_WINDOW_S)
            budget = WatchedBudget(SharedBudget({"burst": burst, "search": search}), self._metrics)
            self._budgets.put((account, app), budget, drops=self._budgets.drops)
        return budget

    def _window(self, key: str, calls: int, length_s: float) -> LeasedWindow:
        # A holder of its own for each: what another window of the same account holds here is not its business.
        return LeasedWindow(key, self._ids.new_id(), calls, length_s, exchange=self, clock=self._clock)

    @property
    def is_trading(self) -> bool:
        """Whether the database is being asked."""
        return self._trading is not None and not self._trading.done()

    def ask_for(self, window: LeasedWindow) -> None:
        """Trade for it soon: once everybody who runs now has said what they want."""
        self._asking[window] = None
        if not self.is_trading:
            self._trading = asyncio.create_task(self._trade(), name="trading HubSpot's places")

    def ask_later(self, window: LeasedWindow, wait_s: float) -> None:
        """Trade for it after `wait_s`, if it then has a reason to."""
        due_s = self._clock.monotonic_s() + wait_s
        if window in self._later:
            known_s, waiting = self._later[window]
            if known_s <= due_s:
                return
            waiting.cancel()
        task = asyncio.create_task(self._ask_after(window, wait_s), name="waiting to trade HubSpot's places")
        self._later[window] = due_s, task

    async def _ask_after(self, window: LeasedWindow, wait_s: float) -> None:
        await self._clock.sleep(wait_s)
        del self._later[window]
        if window.has_reason_to_trade(self._clock.monotonic_s()):
            self.ask_for(window)

    async def _trade(self) -> None:
        while self._asking:
            windows, self._asking = list(self._asking), {}
            await self._trade_for(windows)

    async def _trade_for(self, windows: list[LeasedWindow]) -> None:
        now_s = self._clock.monotonic_s()
        trades = [window.trade(now_s) for window in windows]
        grants: list[Grant] = []
        try:
            grants = await self._ledger.trade(trades)
        except (ProblemError, SQLAlchemyError) as error:
            _log.warning("HubSpot's limits are kept by this process alone for a while: %s", error)
        finally:
            now_s = self._clock.monotonic_s()
            for window, trade, grant in zip_longest(windows, trades, grants):
                window.receive(trade, grant, now_s)

    async def forget_idle(self) -> int:
        """Delete rows of accounts that nobody has called for long; how many."""
        return await self._ledger.forget_idle()

    async def close(self) -> None:
        """Let a trade that is under way end."""
        later = [task for _, task in self._later.values()]
        for task in later:
            task.cancel()
        await asyncio.gather(*later, return_exceptions=True)
        if self._trading is not None:
            await asyncio.gather(self._trading, return_exceptions=True)
