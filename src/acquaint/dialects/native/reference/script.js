// What the page does beyond being read: find a route by its words, and show in the contents where one is.
"use strict";

const filter = document.getElementById("filter");
const groups = [...document.querySelectorAll("nav .group")];

filter.hidden = false;
filter.addEventListener("input", () => {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const group of groups) {
    const items = [...group.querySelectorAll("li")];
    for (const item of items) {
      const text = `${item.textContent} ${item.firstChild.title}`.toLowerCase();
      item.hidden = !words.every((word) => text.includes(word));
    }
    group.hidden = words.length > 0 && (items.length === 0 || items.every((item) => item.hidden));
  }
});

const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
const seen = new IntersectionObserver(
  (entries) => {
    const entry = entries.find((it) => it.isIntersecting);
    if (!entry) return;
    document.querySelector("nav a[aria-current]")?.removeAttribute("aria-current");
    const link = links.get(entry.target.id);
    link.setAttribute("aria-current", "true");
    const nav = link.closest("nav");
    const { top, bottom } = link.getBoundingClientRect();
    const frame = nav.getBoundingClientRect();
    if (top < frame.top || bottom > frame.bottom) nav.scrollTop += top - frame.top - frame.height / 3;
  },
  { rootMargin: "-80px 0px -70% 0px" },
);
for (const id of links.keys()) seen.observe(document.getElementById(id));
