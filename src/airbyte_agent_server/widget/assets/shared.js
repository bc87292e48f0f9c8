
"use strict";
const settings = JSON.parse(document.getElementById("settings").textContent);
const messageLine = document.getElementById("message");
const actionLine = document.getElementById("actions");

/** Show a sentence. Text is never read as markup. */
function say(text) {
  messageLine.textContent = text;
}

/** A button that runs `action`. */
function button(label, action, isMain) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = label;
  if (isMain) element.className = "main";
  element.addEventListener("click", action);
  return element;
}

/** The bearer token in what a client hands over: the token itself, or base64 of a JSON object around it. */
function bearerOf(text) {
  const given = String(text || "").trim().replaceAll(" ", "+");
  if (given.split(".").length === 3) return given;
  try {
    return String(JSON.parse(atob(given)).token || "");
  } catch {
    return "";
  }
}

/** An error of the server, in its words. */
class ApiError extends Error {
  constructor(status, problem) {
    super(problem.message || "The server does not answer as expected: try again.");
    this.status = status;
    this.code = problem.code || "internal_error";
  }
}

/** Call the server that this page came from. */
async function call(token, method, path, body) {
  const headers = { authorization: `Bearer ${token}` };
  if (body !== undefined) headers["content-type"] = "application/json";
  let answer;
  try {
    answer = await fetch(settings.api + path, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "omit", redirect: "error", cache: "no-store",
    });
  } catch {
    throw new ApiError(0, { message: "The server cannot be reached: try again.", code: "unavailable" });
  }
  const decoded = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new ApiError(answer.status, decoded);
  return decoded;
}
