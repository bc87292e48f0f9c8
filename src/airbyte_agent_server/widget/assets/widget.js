
/* A frame inside an application's page, which holds the token and hears what happened. */
const ASK_EVERY_MS = 2000;
const ASK_TIMES = 15;
const LOOK_EVERY_MS = 2000;
const WAIT_MS = 600000;

const list = document.getElementById("connectors");
let tokenArrives = null;
let token = null;
let attempt = 0;

/** Tell the application; nobody else can hear it. */
function tell(message) {
  window.parent.postMessage(message, settings.allowedOrigin);
}

function report(message, data) {
  tell({ type: "end_user_action_result", message, data });
}

window.addEventListener("message", (event) => {
  if (event.source !== window.parent || event.origin !== settings.allowedOrigin) return;
  const bearer = bearerOf(event.data && event.data.scopedAuthToken);
  if (bearer && tokenArrives) tokenArrives(bearer);
});

/** Ask the application for a token until it answers. */
function askForToken() {
  return new Promise((resolve, reject) => {
    let asked = 0;
    const ask = () => {
      if (asked === ASK_TIMES) {
        clearInterval(timer);
        reject(new Error("The application did not hand over a token: reload the page."));
        return;
      }
      asked += 1;
      tell("auth_token_request");
    };
    const timer = setInterval(ask, ASK_EVERY_MS);
    tokenArrives = (bearer) => {
      tokenArrives = null;
      clearInterval(timer);
      resolve(bearer);
    };
    ask();
  });
}

/** Call the server; an expired token is replaced once. */
async function ask(method, path, body) {
  token = token || await askForToken();
  try {
    return await call(token, method, path, body);
  } catch (error) {
    if (error.status !== 401) throw error;
    token = await askForToken();
    return call(token, method, path, body);
  }
}

async function connectors() {
  return (await ask("GET", "")).data;
}

/** How the consent in `popup` ended: `{connector_id}`, `{error}`, or null when a newer attempt took its place. */
function outcomeOf(popup, isNew, own) {
  return new Promise((resolve) => {
    const until = Date.now() + WAIT_MS;
    let ended = false;
    const finish = (outcome) => {
      ended = true;
      clearInterval(timer);
      window.removeEventListener("message", hear);
      resolve(outcome);
    };
    const hear = (event) => {
      const said = event.data;
      if (event.source !== popup || event.origin !== location.origin || !said) return;
      if (said.type === "consent_finished") finish({ connector_id: said.connector_id, error: said.error });
    };
    // A provider may cut the link to the window that it was opened from: then the list tells.
    const look = async () => {
      if (own !== attempt) finish(null);
      else if (Date.now() > until) finish({ error: "expired" });
      else if (popup.closed) {
        const found = (await connectors().catch(() => [])).find(isNew);
        if (ended) return;
        if (found) finish({ connector_id: found.id });
        else say("Finish in the other window, or try again.");
      }
    };
    const timer = setInterval(look, LOOK_EVERY_MS);
    window.addEventListener("message", hear);
  });
}

/** Connect an account, or a connector's account anew. */
async function connect(connector) {
  const own = ++attempt;
  const [done, failed] = connector
    ? ["source_updated", "source_update_error"] : ["source_created", "source_create_error"];
  const popup = window.open("", "_blank", "popup,width=640,height=800");
  if (!popup) {
    say("Your browser blocked the window: allow pop-ups for this page and try again.");
    return;
  }
  say("Waiting for your consent in the other window…");
  try {
    const before = new Map((await connectors()).map((item) => [item.id, item.updated_at]));
    const body = { connector_type: "hubspot", redirect_url: settings.comeBack, completion: "connector_id" };
    if (connector) body.connector_id = connector.id;
    const started = await ask("POST", "/oauth/initiate", body);
    popup.location.replace(started.consent_url);
    const isNew = (item) => connector
      ? item.id === connector.id && item.updated_at !== before.get(item.id) : !before.has(item.id);
    const outcome = await outcomeOf(popup, isNew, own);
    if (outcome === null) return;
    if (outcome.error) {
      say(outcome.error === "access_denied" ? "You did not consent." : "The connection failed: try again.");
      report(failed, { error: outcome.error });
    } else {
      const connected = await ask("GET", `/${encodeURIComponent(outcome.connector_id)}`);
      await show();
      say("Connected.");
      report(done, connected);
    }
  } catch (error) {
    popup.close();
    say(error.message);
    report(failed, { error: error.code || "internal_error", error_description: error.message });
  }
}

const STATUS = { active: "connected", unverified: "not tried yet", needs_reauth: "must be reconnected", disabled: "switched off" };

async function show() {
  const rows = (await connectors()).map((connector) => {
    const row = document.createElement("li");
    const name = document.createElement("span");
    name.textContent = `${connector.name} (${STATUS[connector.status] || connector.status})`;
    row.append(name, button("Reconnect", () => connect(connector)));
    return row;
  });
  list.replaceChildren(...rows);
}

async function start() {
  if (window.parent === window) {
    say("This page works inside an application's page.");
    return;
  }
  try {
    await show();
    say("");
    actionLine.append(
      button("Connect HubSpot", () => connect(null), true),
      button("Close", () => tell("CLOSE_DIALOG")),
    );
  } catch (error) {
    say(error.message);
    actionLine.append(button("Close", () => tell("CLOSE_DIALOG")));
  }
}

start();
