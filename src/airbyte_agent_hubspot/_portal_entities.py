"""The typed door to everything that is not a record: `connector.pipelines.list(object_type="deals")`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from typing import Unpack

    from . import models as m
    from ._entities import Run
    from .params import associations as a
    from .params import definitions as d
    from .params import people as p
    from .params import questions as q


class _Entity:
    def __init__(self, run: Run) -> None:
        self._run = run


class Associations(_Entity):
    """Links between records."""

    async def list(self, **params: Unpack[a.ListAssociationsParams]) -> m.Page[m.Association]:
        """One page of the records that are associated with a record."""
        return cast("m.Page[m.Association]", await self._run("associations", "list", params))

    async def batch_get(self, **params: Unpack[a.BatchGetAssociationsParams]) -> m.BatchResult[m.AssociatedRecords]:
        """Associations of up to 100 records; none is an empty list, not an error."""
        return cast("m.BatchResult[m.AssociatedRecords]", await self._run("associations", "batch_get", params))

    async def create(self, **params: Unpack[a.CreateAssociationParams]) -> m.AssociationLink:
        """Associates two records: unlabelled, or with exactly the given types."""
        return cast("m.AssociationLink", await self._run("associations", "create", params))

    async def delete(self, **params: Unpack[a.LinkParams]) -> m.Deleted:
        """Removes all associations between two records."""
        return cast("m.Deleted", await self._run("associations", "delete", params))

    async def batch_create(self, **params: Unpack[a.BatchCreateAssociationsParams]) -> m.BatchResult[m.AssociationLink]:
        """Associates up to 100 pairs of records."""
        return cast("m.BatchResult[m.AssociationLink]", await self._run("associations", "batch_create", params))

    async def batch_delete(self, **params: Unpack[a.BatchDeleteAssociationsParams]) -> m.BatchResult[m.AssociationLink]:
        """Removes all associations between up to 100 pairs."""
        return cast("m.BatchResult[m.AssociationLink]", await self._run("associations", "batch_delete", params))


class AssociationLabels(_Entity):
    """Types that associations between two object types can have."""

    async def list(self, **params: Unpack[a.Pair]) -> m.Page[m.AssociationType]:
        """All types, labelled and not."""
        return cast("m.Page[m.AssociationType]", await self._run("association_labels", "list", params))

    async def create(self, **params: Unpack[a.CreateLabelParams]) -> m.Page[m.AssociationType]:
        """A new label, or a pair of them with `inverse_label`: the types it got."""
        return cast("m.Page[m.AssociationType]", await self._run("association_labels", "create", params))

    async def delete(self, **params: Unpack[a.DeleteLabelParams]) -> m.Deleted:
        """Deletes a label."""
        return cast("m.Deleted", await self._run("association_labels", "delete", params))


class Schemas(_Entity):
    """Object types of the portal."""

    async def list(self, **params: Unpack[d.ListSchemasParams]) -> m.Page[m.Schema]:
        """All custom object types."""
        return cast("m.Page[m.Schema]", await self._run("schemas", "list", params))

    async def create(self, **params: Unpack[d.CreateSchemaParams]) -> m.Schema:
        """A new custom object type."""
        return cast("m.Schema", await self._run("schemas", "create", params))

    async def update(self, **params: Unpack[d.UpdateSchemaParams]) -> m.Schema:
        """The object type with changed labels or display; without its properties and associations, which `get` has."""
        return cast("m.Schema", await self._run("schemas", "update", params))

    async def get(self, object_type: str) -> m.Schema:
        """One object type, built-in ones too."""
        return cast("m.Schema", await self._run("schemas", "get", {"object_type": object_type}))

    async def delete(self, object_type: str) -> m.Deleted:
        """Archives a custom object type that has no records left."""
        return cast("m.Deleted", await self._run("schemas", "delete", {"object_type": object_type}))


class Properties(_Entity):
    """Properties of an object type."""

    async def list(self, **params: Unpack[d.ListPropertiesParams]) -> m.Page[m.PropertyDefinition]:
        """All properties of an object type, on one page."""
        return cast("m.Page[m.PropertyDefinition]", await self._run("properties", "list", params))

    async def get(self, **params: Unpack[d.GetPropertyParams]) -> m.PropertyDefinition:
        """One property."""
        return cast("m.PropertyDefinition", await self._run("properties", "get", params))

    async def create(self, **params: Unpack[d.CreatePropertyParams]) -> m.PropertyDefinition:
        """A new property."""
        return cast("m.PropertyDefinition", await self._run("properties", "create", params))

    async def update(self, **params: Unpack[d.UpdatePropertyParams]) -> m.PropertyDefinition:
        """The property, changed; `options` replace the list."""
        return cast("m.PropertyDefinition", await self._run("properties", "update", params))

    async def delete(self, **params: Unpack[d.DeletePropertyParams]) -> m.Deleted:
        """Archives a property."""
        return cast("m.Deleted", await self._run("properties", "delete", params))


class PropertyGroups(_Entity):
    """Headings under which properties are shown."""

    async def list(self, **params: Unpack[d.OfType]) -> m.Page[m.PropertyGroup]:
        """All groups of an object type."""
        return cast("m.Page[m.PropertyGroup]", await self._run("property_groups", "list", params))

    async def get(self, **params: Unpack[d.GroupParams]) -> m.PropertyGroup:
        """One group."""
        return cast("m.PropertyGroup", await self._run("property_groups", "get", params))

    async def create(self, **params: Unpack[d.CreateGroupParams]) -> m.PropertyGroup:
        """A new group."""
        return cast("m.PropertyGroup", await self._run("property_groups", "create", params))

    async def update(self, **params: Unpack[d.UpdateGroupParams]) -> m.PropertyGroup:
        """The group, changed."""
        return cast("m.PropertyGroup", await self._run("property_groups", "update", params))

    async def delete(self, **params: Unpack[d.GroupParams]) -> m.Deleted:
        """Archives a group that has no properties left."""
        return cast("m.Deleted", await self._run("property_groups", "delete", params))


class Pipelines(_Entity):
    """Pipelines of an object type."""

    async def list(self, **params: Unpack[d.OfType]) -> m.Page[m.Pipeline]:
        """All pipelines of an object type, with their stages."""
        return cast("m.Page[m.Pipeline]", await self._run("pipelines", "list", params))

    async def get(self, **params: Unpack[d.PipelineParams]) -> m.Pipeline:
        """One pipeline with its stages."""
        return cast("m.Pipeline", await self._run("pipelines", "get", params))

    async def create(self, **params: Unpack[d.CreatePipelineParams]) -> m.Pipeline:
        """A new pipeline with its stages. Their `metadata` is as sent: `get` has what HubSpot keeps."""
        return cast("m.Pipeline", await self._run("pipelines", "create", params))

    async def update(self, **params: Unpack[d.UpdatePipelineParams]) -> m.Pipeline:
        """The pipeline with changed label or place."""
        return cast("m.Pipeline", await self._run("pipelines", "update", params))

    async def delete(self, **params: Unpack[d.DeletePipelineParams]) -> m.Deleted:
        """Deletes a pipeline."""
        return cast("m.Deleted", await self._run("pipelines", "delete", params))


class Stages(_Entity):
    """Stages of a pipeline."""

    async def list(self, **params: Unpack[d.PipelineParams]) -> m.Page[m.Stage]:
        """All stages of a pipeline."""
        return cast("m.Page[m.Stage]", await self._run("stages", "list", params))

    async def get(self, **params: Unpack[d.StageParams]) -> m.Stage:
        """One stage."""
        return cast("m.Stage", await self._run("stages", "get", params))

    async def create(self, **params: Unpack[d.CreateStageParams]) -> m.Stage:
        """A new stage. Its `metadata` is as sent: `get` has what HubSpot keeps, `is_closed` above all."""
        return cast("m.Stage", await self._run("stages", "create", params))

    async def update(self, **params: Unpack[d.UpdateStageParams]) -> m.Stage:
        """The stage, changed. Its `metadata` is as sent: `get` has what HubSpot keeps, `is_closed` above all."""
        return cast("m.Stage", await self._run("stages", "update", params))

    async def delete(self, **params: Unpack[d.StageParams]) -> m.Deleted:
        """Deletes a stage that no record is in."""
        return cast("m.Deleted", await self._run("stages", "delete", params))


class Owners(_Entity):
    """People and queues that records are assigned to."""

    async def list(self, **params: Unpack[p.ListOwnersParams]) -> m.Page[m.Owner]:
        """One page of owners."""
        return cast("m.Page[m.Owner]", await self._run("owners", "list", params))

    async def get(self, **params: Unpack[p.GetOwnerParams]) -> m.Owner:
        """One owner, by owner id or user id."""
        return cast("m.Owner", await self._run("owners", "get", params))


class Teams(_Entity):
    """Teams of users."""

    async def list(self) -> m.Page[m.Team]:
        """All teams."""
        return cast("m.Page[m.Team]", await self._run("teams", "list"))

    async def get(self, **params: Unpack[p.GetTeamParams]) -> m.Team:
        """One team."""
        return cast("m.Team", await self._run("teams", "get", params))


class Lists(_Entity):
    """Lists (segments) of records."""

    async def list(self, **params: Unpack[p.ListLists]) -> m.Page[m.SegmentList]:
        """One page of lists."""
        return cast("m.Page[m.SegmentList]", await self._run("lists", "list", params))

    async def get(self, **params: Unpack[p.GetListParams]) -> m.SegmentList:
        """One list."""
        return cast("m.SegmentList", await self._run("lists", "get", params))

    async def search(self, **params: Unpack[p.SearchListsParams]) -> m.Page[m.SegmentList]:
        """One page of lists by name and kind."""
        return cast("m.Page[m.SegmentList]", await self._run("lists", "search", params))

    async def members(self, **params: Unpack[p.ListMembersParams]) -> m.Page[m.ListMember]:
        """One page of the ids in a list."""
        return cast("m.Page[m.ListMember]", await self._run("lists", "members", params))

    async def add(self, **params: Unpack[p.ChangeMembersParams]) -> m.MembershipChange:
        """Adds records to a list."""
        return cast("m.MembershipChange", await self._run("lists", "add", params))

    async def remove(self, **params: Unpack[p.ChangeMembersParams]) -> m.MembershipChange:
        """Removes records from a list."""
        return cast("m.MembershipChange", await self._run("lists", "remove", params))

    async def create(self, **params: Unpack[p.CreateListParams]) -> m.SegmentList:
        """A new list."""
        return cast("m.SegmentList", await self._run("lists", "create", params))

    async def delete(self, **params: Unpack[p.ListIdParams]) -> m.Deleted:
        """Deletes a list; `restore` brings it back for 90 days."""
        return cast("m.Deleted", await self._run("lists", "delete", params))

    async def restore(self, **params: Unpack[p.ListIdParams]) -> m.Restored:
        """Brings back a deleted list."""
        return cast("m.Restored", await self._run("lists", "restore", params))


class Account(_Entity):
    """The HubSpot account."""

    async def details(self) -> m.AccountDetails:
        """Its id, time zone and currencies."""
        return cast("m.AccountDetails", await self._run("account", "details"))

    async def api_usage(self) -> m.Page[m.ApiUsage]:
        """How many calls of today's allowance private apps have used."""
        return cast("m.Page[m.ApiUsage]", await self._run("account", "api_usage"))

    async def granted_scopes(self) -> m.GrantedScopes:
        """What the user of the account has granted, and which account it is."""
        return cast("m.GrantedScopes", await self._run("account", "granted_scopes"))

    async def describe_portal(self, **params: Unpack[q.DescribePortalParams]) -> m.PortalDescription:
        """The portal in short: pipelines with stages, owners, teams, object types, key properties."""
        return cast("m.PortalDescription", await self._run("account", "describe_portal", params))


class Activities(_Entity):
    """Notes, calls, e-mails, meetings and tasks together."""

    async def find(self, **params: Unpack[q.FindActivitiesParams]) -> m.Activities:
        """Activities that fit, newest first: `where={"company": "Acme", "date": "last 30 days"}`."""
        return cast("m.Activities", await self._run("activities", "find", params))

    async def aggregate(self, **params: Unpack[q.AggregateActivitiesParams]) -> m.Aggregate:
        """Activities counted by kind, owner, company or time."""
        return cast("m.Aggregate", await self._run("activities", "aggregate", params))

    async def log(self, **params: Unpack[q.LogActivityParams]) -> m.Logged:
        """Writes down a note, call, e-mail or meeting: `kind="call", text="...", records={"deal": "Acme renewal"}`."""
        return cast("m.Logged", await self._run("activities", "log", params))


class MarketingEmails(_Entity):
    """Marketing e-mail to single people."""

    async def single_send(self, **params: Unpack[p.SingleSendParams]) -> m.SingleSend:
        """Sends one marketing e-mail to one person."""
        return cast("m.SingleSend", await self._run("marketing_emails", "single_send", params))

    async def get(self, **params: Unpack[p.SendStatusParams]) -> m.SingleSend:
        """What became of a single send."""
        return cast("m.SingleSend", await self._run("marketing_emails", "get", params))


class Subscriptions(_Entity):
    """Which kinds of e-mail a contact receives."""

    async def get(self, **params: Unpack[p.SubscriptionParams]) -> m.Page[m.SubscriptionStatus]:
        """All subscription statuses of a contact."""
        return cast("m.Page[m.SubscriptionStatus]", await self._run("subscriptions", "get", params))

    async def update(self, **params: Unpack[p.UpdateSubscriptionParams]) -> m.SubscriptionStatus:
        """The status of one subscription, changed."""
        return cast("m.SubscriptionStatus", await self._run("subscriptions", "update", params))
