// HubSpot's own Node client against a sandbox: node client.js URL TOKEN. Prints one JSON line of what it saw.
import assert from "node:assert/strict";
import { Client } from "@hubspot/api-client";

const [basePath, accessToken, clientId, clientSecret, refreshToken] = process.argv.slice(2);
const hubspot = new Client({ accessToken, basePath });
const crm = hubspot.crm;
const seen = [];
const done = (name) => seen.push(name);

async function records() {
  const page = await crm.contacts.basicApi.getPage(5, undefined, ["email"], undefined, ["companies"]);
  assert.equal(page.results.length, 5);
  const created = await crm.contacts.basicApi.create({ properties: { email: "node@foreign.example" }, associations: [] });
  await assert.rejects(
    crm.contacts.basicApi.create({ properties: { email: "node@foreign.example" }, associations: [] }),
    (error) => error.code === 409 && error.body.category === "CONFLICT",
  );
  const updated = await crm.contacts.basicApi.update(created.id, { properties: { firstname: "Nora" } });
  assert.equal(updated.properties.firstname, "Nora");
  const read = await crm.contacts.basicApi.getById(created.id, ["firstname"]);
  assert.equal(read.properties.firstname, "Nora");
  const found = await crm.contacts.searchApi.doSearch({
    filterGroups: [{ filters: [{ propertyName: "email", operator: "EQ", value: "NODE@foreign.example" }] }],
    properties: ["email"],
    sorts: [],
    limit: 5,
    after: "0",
  });
  assert.deepEqual(found.results.map((row) => row.id), [created.id]);
  const all = await crm.companies.getAll();
  assert.equal(all.length, 20);
  await crm.contacts.basicApi.archive(created.id);
  await assert.rejects(crm.contacts.basicApi.getById(created.id), (error) => error.code === 404);
  done("records");
}

async function batches() {
  const made = await crm.companies.batchApi.create({
    inputs: [
      { properties: { name: "A" }, associations: [] },
      { properties: { name: "B" }, associations: [] },
    ],
  });
  const ids = made.results.map((row) => row.id);
  const read = await crm.companies.batchApi.read({
    inputs: [...ids, "1"].map((id) => ({ id })),
    properties: ["name"],
    propertiesWithHistory: [],
  });
  assert.deepEqual([read.results.length, read.numErrors], [2, 1]);
  const changed = await crm.companies.batchApi.update({
    inputs: ids.map((id) => ({ id, properties: { city: "Oslo" } })),
  });
  assert.equal(changed.results.length, 2);
  const upserted = await crm.contacts.batchApi.upsert({
    inputs: [{ id: "up@foreign.example", idProperty: "email", properties: { firstname: "Uma" } }],
  });
  assert.equal(upserted.results[0]._new, true);
  await crm.companies.batchApi.archive({ inputs: ids.map((id) => ({ id })) });
  done("batches");
}

async function associations() {
  const contact = await crm.contacts.basicApi.create({ properties: { email: "link@foreign.example" }, associations: [] });
  const company = await crm.companies.basicApi.create({ properties: { name: "Link" }, associations: [] });
  const pair = ["contacts", contact.id, "companies", company.id];
  const api = crm.associations.v4;
  await api.basicApi.createDefault(...pair);
  const plain = { associationCategory: "HUBSPOT_DEFINED", associationTypeId: 279 };
  await api.basicApi.create(...pair, [plain]);
  const page = await api.basicApi.getPage("contacts", contact.id, "companies");
  assert.deepEqual(page.results[0].associationTypes.map((kind) => kind.label), [null, "Primary"]);
  const batch = await api.batchApi.getPage("contacts", "companies", { inputs: [{ id: contact.id }, { id: "1" }] });
  assert.deepEqual([batch.results.length, batch.numErrors], [1, 1]);
  const label = await api.schema.definitionsApi.create("contacts", "companies", {
    name: "partner",
    label: "Partner",
    inverseLabel: "Partner of",
  });
  assert.deepEqual(label.results.map((row) => row.label), ["Partner", "Partner of"]);
  const kinds = await api.schema.definitionsApi.getAll("contacts", "companies");
  assert.ok(kinds.results.some((row) => row.label === "Partner"));
  await api.schema.definitionsApi.remove("contacts", "companies", label.results[0].typeId);
  await api.basicApi.archive(...pair);
  done("associations");
}

async function definitions() {
  const property = await crm.properties.coreApi.create("contacts", {
    name: "tier",
    label: "Tier",
    type: "string",
    fieldType: "text",
    groupName: "contactinformation",
  });
  assert.equal(property.name, "tier");
  assert.ok((await crm.properties.coreApi.getAll("contacts")).results.length > 280);
  await crm.properties.coreApi.archive("contacts", "tier");
  assert.ok((await crm.properties.groupsApi.getAll("contacts")).results.length > 1);
  const pipeline = await crm.pipelines.pipelinesApi.create("deals", {
    label: "Node",
    displayOrder: 9,
    stages: [{ label: "Open", displayOrder: 0, metadata: { probability: "0.5" } }],
  });
  assert.equal((await crm.pipelines.pipelinesApi.getById("deals", pipeline.id)).stages.length, 1);
  assert.equal((await crm.pipelines.pipelineStagesApi.getAll("deals", pipeline.id)).results.length, 1);
  await crm.pipelines.pipelinesApi.archive("deals", pipeline.id);
  const schemas = await crm.schemas.coreApi.getAll();
  assert.deepEqual(schemas.results.map((row) => row.name), ["installation"]);
  assert.equal((await crm.schemas.coreApi.getById("contacts")).objectTypeId, "0-1");
  done("definitions");
}

async function people() {
  const owners = await crm.owners.ownersApi.getPage();
  assert.equal(owners.results.length, 11);
  assert.equal((await hubspot.settings.users.usersApi.getPage()).results.length, 11);
  assert.equal((await hubspot.settings.users.teamsApi.getAll()).results.length, 3);
  const list = await crm.lists.listsApi.create({ name: "Node", objectTypeId: "0-1", processingType: "MANUAL" });
  const contact = (await crm.contacts.basicApi.getPage(1)).results[0];
  const added = await crm.lists.membershipsApi.add(list.list.listId, [contact.id]);
  assert.deepEqual(added.recordsIdsAdded, [contact.id]);
  assert.equal((await crm.lists.membershipsApi.getPage(list.list.listId)).results[0].recordId, contact.id);
  done("people");
}

async function tokens() {
  const anonymous = new Client({ basePath });
  const granted = await anonymous.oauth.tokensApi.create(
    "refresh_token", undefined, undefined, clientId, clientSecret, refreshToken,
  );
  assert.equal(granted.expiresIn, 1800);
  anonymous.setAccessToken(granted.accessToken);
  assert.equal((await anonymous.crm.deals.basicApi.getPage(1)).results.length, 1);
  assert.equal((await anonymous.oauth.accessTokensApi.get(granted.accessToken)).tokenType, "access");
  const raw = await hubspot.apiRequest({ method: "GET", path: "/account-info/v3/details" });
  assert.equal((await raw.json()).timeZone, "US/Eastern");
  done("tokens");
}

for (const scenario of [records, batches, associations, definitions, people, tokens]) await scenario();
console.log(JSON.stringify(seen));
