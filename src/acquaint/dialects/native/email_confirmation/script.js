// Takes the ticket out of the address, and spends it with the password.
"use strict";

const form = document.getElementById("form");
const said = document.getElementById("said");
const password = document.getElementById("password");

const NO_GOOD = "This link is no good any more. Sign in where you wanted to, and it is mailed again.";
const ticket = new URLSearchParams(location.hash.slice(1)).get("ticket");
history.replaceState(null, "", location.pathname);

if (ticket) form.hidden = false;
else said.textContent = NO_GOOD;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  form.inert = true;
  said.textContent = await outcome();
  form.inert = false;
});

async function outcome() {
  const answer = await fetch("/acquaint/v1/email-confirmations/complete", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ticket, password: password.value }),
  }).catch(() => null);
  if (!answer) return "The server could not be reached. Try again.";
  if (answer.ok) {
    form.hidden = true;
    return "Done. The address is confirmed: sign in with it.";
  }
  const problem = await answer.json().catch(() => ({}));
  if (problem.code === "invalid_credentials" || problem.code === "unacceptable") return "That is not the password.";
  if (problem.code === "too_many_requests" || problem.code === "busy") return "Too many at once. Try again in a minute.";
  form.hidden = true;
  return problem.code === "identifier_taken" ? "Somebody else has confirmed this address already." : NO_GOOD;
}
