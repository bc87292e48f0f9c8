"""Parameters of owners, teams, lists, the account and marketing."""

from typing import Annotated, Literal, Required, TypeAlias, TypedDict

from msgspec import Meta

from .fields import After, Archived

ListId: TypeAlias = Annotated[str | int, Meta(description="Id of the list.")]
RecordIds: TypeAlias = Annotated[list[str | int], Meta(min_length=1, max_length=100_000, description="Ids of records.")]


class ListOwnersParams(TypedDict, total=False):
    """Parameters of `owners.list`."""

    email: Annotated[str, Meta(description="Only the owner with this e-mail address.")]
    limit: Annotated[int, Meta(ge=1, le=100, description="Owners on one page, 1-100.")]
    after: After
    archived: Archived


class GetOwnerParams(TypedDict, total=False):
    """Parameters of `owners.get`."""

    owner_id: Required[Annotated[str | int, Meta(description="The owner's id, or the user's with `idProperty`.")]]
    id_property: Annotated[Literal["id", "userId"], Meta(description="Which id it is; `id` if absent.")]
    archived: Archived


class GetTeamParams(TypedDict):
    """Parameters of `teams.get`."""

    team_id: Annotated[str | int, Meta(description="Id of the team.")]


class SearchListsParams(TypedDict, total=False):
    """Parameters of `lists.list` and `lists.search`."""

    query: Annotated[str, Meta(description="Part of the name.")]
    processing_types: Annotated[list[Literal["MANUAL", "DYNAMIC", "SNAPSHOT"]], Meta(description="Kinds of lists.")]
    additional_properties: Annotated[list[str], Meta(description="More facts about each list, such as `hs_list_size`.")]
    limit: Annotated[int, Meta(ge=1, le=500, description="Lists on one page, 1-500; HubSpot's default is 20.")]
    after: After


class ListLists(TypedDict, total=False):
    """Parameters of `lists.list`."""

    limit: Annotated[int, Meta(ge=1, le=500, description="Lists on one page, 1-500; HubSpot's default is 20.")]
    after: After


class GetListParams(TypedDict, total=False):
    """Parameters of `lists.get`."""

    list_id: Required[ListId]
    include_filters: Annotated[bool, Meta(description="With the conditions of a dynamic list.")]


class ListIdParams(TypedDict):
    """Parameters of `lists.delete` and `lists.restore`."""

    list_id: ListId


class ListMembersParams(TypedDict, total=False):
    """Parameters of `lists.members`."""

    list_id: Required[ListId]
    limit: Annotated[int, Meta(ge=1, le=250, description="Members on one page, 1-250.")]
    after: After


class ChangeMembersParams(TypedDict):
    """Parameters of `lists.add` and `lists.remove`."""

    list_id: ListId
    record_ids: RecordIds


class CreateListParams(TypedDict, total=False):
    """Parameters of `lists.create`."""

    name: Required[Annotated[str, Meta(min_length=1, description="Its name; no two lists share one.")]]
    object_type_id: Required[Annotated[str, Meta(description="Type id of its members, such as `0-1` for contacts.")]]
    processing_type: Required[
        Annotated[
            Literal["MANUAL", "DYNAMIC", "SNAPSHOT"],
            Meta(description="MANUAL: members are added. DYNAMIC: by condition, always. SNAPSHOT: by condition, once."),
        ]
    ]
    filter_branch: Annotated[dict[str, object], Meta(description="The condition, in HubSpot's own form.")]


class NoParams(TypedDict):
    """An operation without parameters."""


class Message(TypedDict, total=False):
    """Who gets a single send, and from whom."""

    to: Required[Annotated[str, Meta(min_length=3, description="E-mail address of the recipient.")]]
    cc: Annotated[list[str], Meta(description="Addresses that get a copy.")]
    bcc: Annotated[list[str], Meta(description="Addresses that get a copy unseen.")]
    reply_to: Annotated[list[str], Meta(description="Addresses that answers go to.")]
    send_id: Annotated[str, Meta(description="An id of yours: HubSpot sends only once for each.")]


class SingleSendParams(TypedDict, total=False):
    """Parameters of `marketing_emails.single_send`."""

    email_id: Required[Annotated[int, Meta(description="Content id of the e-mail template.")]]
    message: Required[Annotated[Message, Meta(description="Who gets it, and from whom.")]]
    contact_properties: Annotated[dict[str, str], Meta(description="Contact properties to set before sending.")]
    custom_properties: Annotated[dict[str, object], Meta(description="Values that the template refers to.")]


class SendStatusParams(TypedDict):
    """Parameters of `marketing_emails.get`."""

    status_id: Annotated[str, Meta(description="`statusId` of a single send.")]


class SubscriptionParams(TypedDict, total=False):
    """Parameters of `subscriptions.get`."""

    email: Required[Annotated[str, Meta(min_length=3, description="E-mail address of the contact.")]]
    channel: Annotated[Literal["EMAIL"], Meta(description="Only EMAIL so far.")]


class UpdateSubscriptionParams(TypedDict, total=False):
    """Parameters of `subscriptions.update`."""

    email: Required[Annotated[str, Meta(min_length=3, description="E-mail address of the contact.")]]
    subscription_id: Required[Annotated[int, Meta(description="Number of the subscription type.")]]
    status_state: Required[
        Annotated[Literal["SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED"], Meta(description="The new status.")]
    ]
    legal_basis: Annotated[str, Meta(description="Legal basis, where the portal has data privacy switched on.")]
    legal_basis_explanation: Annotated[str, Meta(description="Why that basis holds.")]
