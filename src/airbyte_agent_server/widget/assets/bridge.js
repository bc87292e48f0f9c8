
/* A window of its own: starts a consent for the client that opened it, and takes the browser back after consent. */
const given = new URLSearchParams(location.search);
// The address holds a token or the outcome: neither stays in the history.
history.replaceState(null, "", location.pathname);

function showOutcome() {
  const error = given.get("error");
  const outcome = { type: "consent_finished", connector_id: given.get("connector_id"), error };
  // Only the words that this server knows are shown: an address can be made by anyone.
  say(error === null ? "Connected. You can close this window." : settings.errors[error] || "The connection failed.");
  if (window.opener) {
    window.opener.postMessage(outcome, location.origin);
    window.close();
  }
}

function offerConsent(token) {
  const session = given.get("session");
  const template = given.get("selectedTemplateId");
  const body = { redirect_url: settings.comeBack, completion: "connector_id" };
  if (session) body.session_id = session;
  if (template) body.source_template_id = template;
  else body.connector_type = "hubspot";
  const start = button("Connect HubSpot", async () => {
    start.disabled = true;
    say("One moment…");
    try {
      location.assign((await call(token, "POST", "/oauth/initiate", body)).consent_url);
    } catch (error) {
      say(error.message);
      start.disabled = error.status !== 0 && error.status < 500;
    }
  }, true);
  say("You will be asked to choose a HubSpot account and to allow access to it.");
  actionLine.append(start);
}

const bearer = bearerOf(given.get("widget_token"));
if (given.has("connector_id") || given.has("error")) showOutcome();
else if (bearer) offerConsent(bearer);
else say("This address is not complete: start again from the program that opened it.");
