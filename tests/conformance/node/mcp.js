// HubSpot's own MCP server over stdio, all its tools against a sandbox: node mcp.js URL TOKEN.
// Prints one JSON line: the tools it offers, and the answer of each call.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const [url, token] = process.argv.slice(2);
const server = fileURLToPath(import.meta.resolve("@hubspot/mcp-server/dist/index.js"));
const child = spawn(process.execPath, [server], {
  env: { ...process.env, BASE_URL_OVERRIDE: url, PRIVATE_APP_ACCESS_TOKEN: token },
  stdio: ["pipe", "pipe", "inherit"],
});
const waiting = new Map();
let serial = 0;

createInterface({ input: child.stdout }).on("line", (line) => {
  const message = JSON.parse(line);
  waiting.get(message.id)?.(message);
  waiting.delete(message.id);
});

function ask(method, params) {
  serial += 1;
  const id = serial;
  const answer = new Promise((resolve) => waiting.set(id, resolve));
  child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
  return answer;
}

const answers = {};
async function call(name, args) {
  const { result, error } = await ask("tools/call", { name: `hubspot-${name}`, arguments: args });
  const text = result?.content?.[0]?.text ?? JSON.stringify(error);
  answers[`hubspot-${name}`] = { failed: Boolean(error || result.isError), text };
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

await ask("initialize", {
  protocolVersion: "2024-11-05",
  capabilities: {},
  clientInfo: { name: "conformance", version: "1" },
});
child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" })}\n`);
const tools = (await ask("tools/list", {})).result.tools.map((tool) => tool.name);

await call("get-user-details", {});
const listed = await call("list-objects", { objectType: "contacts", limit: 5, properties: ["email"] });
const contact = listed.results[0].id;
await call("search-objects", {
  objectType: "contacts",
  filterGroups: [{ filters: [{ propertyName: "email", operator: "HAS_PROPERTY" }] }],
  limit: 2,
});
const made = await call("batch-create-objects", {
  objectType: "companies",
  inputs: [{ properties: { name: "Made by MCP" } }],
});
const company = made.results[0].id;
await call("batch-read-objects", { objectType: "companies", inputs: [{ id: company }], properties: ["name"] });
await call("batch-update-objects", { objectType: "companies", inputs: [{ id: company, properties: { city: "Oslo" } }] });
await call("get-schemas", {});
await call("list-properties", { objectType: "contacts" });
await call("get-property", { objectType: "contacts", propertyName: "email" });
await call("create-property", {
  objectType: "contacts",
  name: "mcp_tier",
  label: "Tier",
  groupName: "contactinformation",
  type: "string",
  fieldType: "text",
});
await call("update-property", { objectType: "contacts", propertyName: "mcp_tier", label: "Level" });
await call("get-association-definitions", { fromObjectType: "contacts", toObjectType: "companies" });
await call("batch-create-associations", {
  fromObjectType: "contacts",
  toObjectType: "companies",
  types: [{ associationCategory: "HUBSPOT_DEFINED", associationTypeId: 279 }],
  inputs: [{ from: { id: contact }, to: { id: company } }],
});
await call("list-associations", { objectType: "contacts", objectId: contact, toObjectType: "companies" });
const owner = Number(JSON.parse(await (await fetch(`${url}/crm/v3/owners`, {
  headers: { authorization: `Bearer ${token}` },
})).text()).results[0].id);
const note = await call("create-engagement", {
  type: "NOTE",
  ownerId: owner,
  associations: { contactIds: [Number(contact)] },
  metadata: { body: "Written by MCP" },
});
const engagementId = note.engagement?.engagement?.id;
await call("get-engagement", { engagementId });
await call("update-engagement", {
  engagementId,
  metadata: { body: "Changed by MCP" },
  associations: { contactIds: [Number(contact)] },
});
const flows = await call("list-workflows", { limit: 2 });
await call("get-workflow", { flowId: flows.results[0].id });
await call("get-link", {
  portalId: "1",
  uiDomain: "app.hubspot.com",
  pageRequests: [{ pagetype: "record", objectTypeId: "0-1", objectId: contact }],
});
await call("generate-feedback-link", {});

console.log(JSON.stringify({ tools, answers }));
child.stdin.end();
child.kill();
