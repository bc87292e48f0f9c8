// The official MCP clients for Node.js at our tools: node mcp_clients.js '{"library": "v1", ...}'.
// `library` is v1 or v2 of the official client; it starts `command` with `args`, or comes to `url` with a `token`, or
// with a `connectCode` that its user has. Prints one JSON line: what it saw, or why it was refused.
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as StdioV1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as HttpV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { Client as ClientV2, StreamableHTTPClientTransport as HttpV2 } from "@modelcontextprotocol/client";
import { StdioClientTransport as StdioV2 } from "@modelcontextprotocol/client/stdio";

const { library, command, args, url, token, connectCode, slow } = JSON.parse(process.argv[2]);
const answered = [];

async function watchedFetch(address, init) {
  const answer = await fetch(address, init);
  const challenge = answer.headers.get("www-authenticate");
  answered.push({ method: init?.method ?? "GET", path: new URL(address).pathname, status: answer.status, challenge });
  return answer;
}

// What a user and a browser do: open the page, fill in the code, allow it, and carry the answer back.
async function consent(address) {
  const page = await (await fetch(address)).text();
  const hidden = [...page.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)];
  const form = new URLSearchParams(hidden.map(([, name, value]) => [name, value.replaceAll("&amp;", "&")]));
  form.set("connect_code", connectCode);
  form.set("decision", "allow");
  const answer = await fetch(new URL("/authorize", address), { method: "POST", body: form, redirect: "manual" });
  return new URL(answer.headers.get("location")).searchParams;
}

class Visitor {
  redirectUrl = "http://127.0.0.1:8976/callback";
  clientMetadata = { client_name: "Conformance", redirect_uris: [this.redirectUrl] };
  clientInformation = () => this.client;
  saveClientInformation = (client) => { this.client = client; };
  tokens = () => this.kept;
  saveTokens = (tokens) => { this.kept = tokens; };
  codeVerifier = () => this.verifier;
  saveCodeVerifier = (verifier) => { this.verifier = verifier; };
  discoveryState = () => this.discovered;
  saveDiscoveryState = (discovered) => { this.discovered = discovered; };
  redirectToAuthorization = async (address) => { this.callback = await consent(address); };
}

const visitor = connectCode && new Visitor();

function open() {
  const stdio = { command, args, env: process.env, stderr: "inherit" };
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const http = { requestInit: { headers }, authProvider: visitor, fetch: watchedFetch };
  const client = { name: "conformance", version: "1" };
  if (library === "v1") {
    return [new ClientV1(client), command ? new StdioV1(stdio) : new HttpV1(new URL(url), http)];
  }
  const newest = { versionNegotiation: { mode: "auto" } };
  return [new ClientV2(client, newest), command ? new StdioV2(stdio) : new HttpV2(new URL(url), http)];
}

async function connect() {
  const [client, transport] = open();
  try {
    await client.connect(transport);
  } catch (error) {
    const callback = visitor?.callback;
    if (!callback) throw error;
    visitor.callback = undefined;
    await transport.finishAuth(library === "v1" ? callback.get("code") : callback);
    return connect();
  }
  return client;
}

async function failureOf(asked) {
  try {
    await asked();
    return null;
  } catch ({ name, code, message }) {
    return { name, code, message };
  }
}

async function look(client) {
  const call = (params, options) => client.callTool(params, ...(library === "v1" ? [undefined, options] : [options]));
  const execute = (entity, action, params, options) =>
    call({ name: "hubspot_execute", arguments: { entity, action, params } }, options);
  const seen = {
    server: client.getServerVersion(),
    protocol: library === "v1" ? undefined : client.getNegotiatedProtocolVersion(),
    tools: (await client.listTools()).tools,
    found: await execute("contacts", "find", { limit: 2 }),
    wrong: await execute("contacts", "finde", {}),
    unknownTool: await failureOf(() => call({ name: "hubspot_exec", arguments: {} })),
    resources: (await client.listResources()).resources.map((resource) => resource.uri),
    portal: JSON.parse((await client.readResource({ uri: "hubspot://portal" })).contents[0].text),
    nowhere: await failureOf(() => client.readResource({ uri: "hubspot://nothing" })),
    prompts: (await client.listPrompts()).prompts.map((prompt) => prompt.name),
    prompt: await client.getPrompt({ name: "deals_of_company", arguments: { company: "Acme" } }),
    completed: await client.complete({
      ref: { type: "ref/resource", uri: "hubspot://docs/{entity}" },
      argument: { name: "entity", value: "co" },
    }),
  };
  const { entity, action, params } = seen.wrong.structuredContent.call;
  seen.mended = await execute(entity, action, params);
  if (slow) {
    seen.progress = [];
    await execute("tickets", "list", { limit: 1 }, { onprogress: (told) => seen.progress.push(told) });
    const signal = AbortSignal.timeout(500);
    seen.cancelled = await failureOf(() => execute("products", "list", { limit: 1 }, { signal }));
    seen.afterCancelling = await execute("contacts", "find", { limit: 1 });
  }
  if (visitor) {
    seen.scope = visitor.kept.scope;
    const first = visitor.kept.refresh_token;
    visitor.kept.access_token = "expired";
    seen.afterExpiry = await execute("contacts", "find", { limit: 1 });
    seen.rotated = visitor.kept.refresh_token !== first;
  }
  await client.close();
  return seen;
}

const seen = await connect().then(look, ({ name, message }) => ({ refused: { name, message } }));
console.log(JSON.stringify({ ...seen, answered }));
