"""The parts of a server that several features share. Commands use them without the routes."""

import asyncio
from dataclasses import dataclass

from airbyte_agent_hubspot._http import Transport
from airbyte_agent_hubspot._retry import Retrier
from airbyte_agent_server.accounts.store import AccountStore
from airbyte_agent_server.audit.journal import Journal
from airbyte_agent_server.audit.log import AuditLog
from airbyte_agent_server.audit.store import CallStore
from airbyte_agent_server.budgets.exchange import HubspotBudgets
from airbyte_agent_server.budgets.ledger import Ledger
from airbyte_agent_server.changes import ChangeWatch
from airbyte_agent_server.connectors.app_store import OAuthAppStore
from airbyte_agent_server.connectors.apps import ConfiguredApp, OAuthApps
from airbyte_agent_server.connectors.grants import GrantStore
from airbyte_agent_server.connectors.health import CredentialHealth
from airbyte_agent_server.connectors.revocations import Revocations
from airbyte_agent_server.connectors.service import ConnectorService
from airbyte_agent_server.connectors.store import ConnectorStore
from airbyte_agent_server.db.engine import Database, open_database
from airbyte_agent_server.egress import Egress
from airbyte_agent_server.events.endpoints import EndpointStore
from airbyte_agent_server.events.outbox import Outbox
from airbyte_agent_server.hubspot import HubspotOAuth, OAuthApp
from airbyte_agent_server.idempotency.store import IdempotencyStore
from airbyte_agent_server.oauth.sessions import ConnectSessions
from airbyte_agent_server.ports import Clock, IdSource
from airbyte_agent_server.rates import Rates
from airbyte_agent_server.settings import Settings
from airbyte_agent_server.telemetry.hubspot import WatchedTransport
from airbyte_agent_server.telemetry.metrics import Metrics
from airbyte_agent_server.telemetry.spans import NoTraces, Traces, Watch
from airbyte_agent_server.tokens.signing_keys import SigningKeys
from airbyte_agent_server.vault.key_ring import KeyRingSource
from airbyte_agent_server.vault.refresh import TokenRefresher
from airbyte_agent_server.vault.sealer import EnvelopeSealer
from airbyte_agent_server.vault.store import SecretStore


@dataclass(frozen=True, slots=True)
class Core:
    """The parts that several features share."""

    settings: Settings
    clock: Clock
    ids: IdSource
    watch: Watch
    database: Database
    accounts: AccountStore
    sealer: EnvelopeSealer
    keys: SigningKeys
    secrets: SecretStore
    retrier: Retrier
    oauth: HubspotOAuth
    apps: OAuthApps
    sessions: ConnectSessions
    refresher: TokenRefresher
    calls: CallStore
    audit: AuditLog
    outbox: Outbox
    revocations: Revocations
    endpoints: EndpointStore
    egress: Egress
    rates: Rates
    budgets: HubspotBudgets
    draining: asyncio.Event
    changes: ChangeWatch


def build_core(
    settings: Settings, *, clock: Clock, ids: IdSource, upstream: Transport, traces: Traces | None = None
) -> Core:
    """The shared parts. Nothing is opened yet."""
    database = open_database(settings.effective_database_url)
    ring = KeyRingSource(settings.master_key, settings.other_master_keys, settings.data_dir, ids)
    sealer = EnvelopeSealer(database, ring.read, clock=clock, ids=ids)
    secrets = SecretStore(database, sealer, clock=clock)
    metrics, traces = Metrics(), traces or NoTraces()
    watched = WatchedTransport(
        upstream, base_url=settings.hubspot_api_base_url, metrics=metrics, traces=traces, clock=clock
    )
    retrier = Retrier(watched, clock=clock)
    oauth = HubspotOAuth(retrier, settings.hubspot_api_base_url, settings.hubspot_token_path, clock)
    own_app = None
    if settings.hubspot_client_id is not None and settings.hubspot_client_secret is not None:
        own = OAuthApp(settings.hubspot_client_id, settings.hubspot_client_secret)
        own_app = ConfiguredApp(own, pkce=settings.hubspot_pkce)
    apps = OAuthApps(own_app, OAuthAppStore(database, sealer, clock=clock, ids=ids))
    outbox = Outbox(metrics, clock=clock, ids=ids)
    egress = Egress(allow_loopback=settings.webhooks_to_loopback)
    calls = CallStore(database)
    audit = AuditLog(
        calls,
        Journal(settings.effective_audit_dir, ids=ids, durable=settings.audit_fsync),
        clock=clock,
        durable=settings.audit_fsync,
        retention_days=settings.audit_retention_days,
    )
    return Core(
        settings=settings,
        clock=clock,
        ids=ids,
        watch=Watch(metrics, traces),
        database=database,
        accounts=AccountStore(database, clock=clock, ids=ids),
        sealer=sealer,
        keys=SigningKeys(database, sealer, clock=clock),
        secrets=secrets,
        retrier=retrier,
        oauth=oauth,
        apps=apps,
        sessions=ConnectSessions(database, clock=clock, ids=ids),
        refresher=TokenRefresher(
            secrets,
            oauth,
            CredentialHealth(database, ConnectorStore(database), secrets, outbox, clock=clock),
            Watch(metrics, traces),
            app_of=apps.app_of,
            clock=clock,
            ids=ids,
        ),
        calls=calls,
        audit=audit,
        outbox=outbox,
        revocations=Revocations(database, sealer, secrets, oauth, apps, clock=clock, ids=ids),
        endpoints=EndpointStore(database, sealer, egress, clock=clock, ids=ids),
        egress=egress,
        rates=Rates(clock),
        budgets=HubspotBudgets(Ledger(database, clock=clock), metrics, clock=clock, ids=ids),
        draining=asyncio.Event(),
        changes=ChangeWatch(database, clock=clock),
    )


def build_connectors(core: Core) -> ConnectorService:
    """What can be done with connectors, by routes and by commands."""
    return ConnectorService(
        core.database,
        ConnectorStore(core.database),
        core.secrets,
        GrantStore(core.database, core.sealer, clock=core.clock, ids=core.ids),
        IdempotencyStore(core.database, core.sealer, clock=core.clock, ids=core.ids),
        revocations=core.revocations,
        outbox=core.outbox,
        clock=core.clock,
        ids=core.ids,
    )
