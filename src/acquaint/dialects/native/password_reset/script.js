// Takes the ticket out of the address, and spends it with the new password.
"use strict";

const form = document.getElementById("form");
const said = document.getElementById("said");
const password = document.getElementById("password");
const again = document.getElementById("again");

const NO_GOOD = "This link is no good any more. Ask for another mail where you wanted to sign in.";
const ticket = new URLSearchParams(location.hash.slice(1)).get("ticket");
history.replaceState(null, "", location.pathname);

if (ticket) form.hidden = false;
else said.textContent = NO_GOOD;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (password.value !== again.value) {
    said.textContent = "The two are not the same.";
    again.focus();
    return;
  }
  form.inert = true;
  said.textContent = await outcome();
  form.inert = false;
});

async function outcome() {
  const answer = await fetch("/acquaint/v1/password-resets/complete", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ticket, password: password.value }),
  }).catch(() => null);
  if (!answer) return "The server could not be reached. Try again.";
  if (answer.ok) {
    form.hidden = true;
    return "Done. Sign in with your new password; everything that was signed in before is signed out.";
  }
  const problem = await answer.json().catch(() => ({}));
  if (problem.code === "unacceptable") return `The ${problem.detail}. Choose another one.`;
  if (problem.code === "too_many_requests" || problem.code === "busy") return "Too many at once. Try again in a minute.";
  form.hidden = true;
  return NO_GOOD;
}
