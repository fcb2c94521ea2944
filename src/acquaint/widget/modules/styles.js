/**
 * How it looks. One constructable sheet, shared by every widget of a page: nothing here is inline, so a strict
 * Content-Security-Policy has nothing to refuse.
 *
 * A page changes what begins with --acquaint- in a rule of its own for acquaint-chat. Sides are logical, so that
 * right-to-left is a mirror; greys are mixed of the text's colour and the background's, whatever those are. What has
 * a background of its own has a border that nobody sees, until a visitor forces colours.
 */

const TEXT = `
:host {
  --paper: var(--acquaint-background, light-dark(#fff, #17181d));
  --ink: var(--acquaint-text, light-dark(#1b1d26, #eceef4));
  --accent: var(--acquaint-accent, light-dark(#4a43d6, #aba6ff));
  --soft: color-mix(in srgb, var(--ink) 70%, var(--paper));
  --line: color-mix(in srgb, var(--ink) 12%, var(--paper));
  --bad: light-dark(#b3261e, #ff9389);
  --gap: var(--acquaint-offset, 20px);
  display: contents;
  color-scheme: light dark;
}
:host([theme=light]) { color-scheme: light }
:host([theme=dark]) { color-scheme: dark }
:host([hidden]), [hidden] { display: none !important }

/* What many have in common */

* { box-sizing: border-box; margin: 0; padding: 0; border: 0 solid transparent; font: inherit; color: inherit; letter-spacing: inherit; list-style: none }
button { background: none; cursor: pointer }
button * { pointer-events: none } /* or a click is lost whose target is drawn anew before the finger is lifted */
button:enabled:hover { background-image: linear-gradient(rgb(127 127 127 / .16) 0 0) }
:disabled { cursor: default }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.scroll, .row { outline-offset: -3px }
svg { width: 22px; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; flex: none }
b, h2, .big, .link, .bad, .main, .badge, .day, label, .new p { font-weight: 650 }
b, h2 { font-size: 17px }
.who, .note, .self, .link, .meta, .day, .jump, .error, .closed, .files, .badge, small, time, .row p + p, .form > p + p { font-size: 13px }
.self, .meta, .day, .intro, .closed, .box .round, time, .row p + p, .form > p + p, ::placeholder { color: var(--soft); opacity: 1 }
.head, .row, .who, .note, .self, .meta, .day, .file, .files, .files li, .dots { display: flex; align-items: center; gap: 4px 10px }
.root, .panel, .view, .talk, .said, .form, .end { display: flex; flex-direction: column }
.root, .end, .mine.mine { align-items: flex-end }
h2, .who > *, .row p, .files span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.launcher, .round, .face { display: grid; place-items: center; flex: none; width: 40px; height: 40px; border-radius: 50% }
.face, .dots, .files li, .said > p, .file, .go:disabled, .ghost p { background: color-mix(in srgb, var(--ink) 6%, var(--paper)) }
.face, .link { color: var(--accent) }
.bad, .error, .fresh { color: var(--bad) }
.launcher, .main, .go, .face, .badge, .jump, .said > p, .file, .picture, .dots { border-width: 1px }
.launcher, .head, .hero, .mine > p:not(.gone), .mine > .file, .go:enabled, .main, .start .face { background: var(--acquaint-brand, #4a43d6); color: var(--acquaint-on-brand, #fff) }
.self, .say, .rate, .closed, .card > li + li, .day::before, .day::after { border-block-start: 1px solid var(--line) }
.link, .said > *, .dots, .files li, .main, .card, .row, .jump, input { border-radius: 14px }

/* The button, and the window */

.root {
  position: fixed; inset-block-end: var(--gap); inset-inline-end: var(--gap); z-index: var(--acquaint-z-index, 2147483000); gap: 12px;
  color: var(--ink); font: 15px/1.45 var(--acquaint-font, system-ui, sans-serif); text-align: start; pointer-events: none;
}
.root > * { pointer-events: auto; box-shadow: 0 4px 32px rgb(0 0 0 / .24) }
.launcher { order: 1; position: relative; width: 60px; height: 60px }
.launcher > svg { width: 28px }
.badge { min-width: 22px; padding: 0 4px; border-radius: 14px; background: var(--bad); color: var(--paper); line-height: 20px; text-align: center }
.launcher > .badge { position: absolute; inset-block-start: -4px; inset-inline-end: -4px }
.panel {
  width: min(392px, 100vw - 2 * var(--gap)); height: min(680px, 100dvh - 2 * var(--gap) - 72px); overflow: hidden;
  outline: 1px solid var(--line); border-radius: var(--acquaint-radius, 18px); background: var(--paper); animation: rise .2s ease-out;
}
@keyframes rise { from { opacity: 0; translate: 0 14px } }
.head { min-height: 64px; padding: 12px }
.head :focus-visible { outline-color: currentColor }
.head > div { flex: 1; min-width: 0 }
.head > .face { flex: none; background: rgb(255 255 255 / .2); color: inherit }
.back svg { rotate: 90deg }
[dir=rtl] .back svg { rotate: -90deg }
.who { gap: 4px; min-width: 0 }
.who > * { flex: none }
.who > bdi { flex: 0 1 auto }
.who svg, .files svg { width: 16px }
.self .verified { color: light-dark(#0a6b43, #57d6a0) }
.note { padding: 8px 12px; background: light-dark(#fff4dc, #3a2d13) }
.heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
.view { flex: 1; min-height: 0 }
.scroll { flex: 1; overflow-y: auto; overscroll-behavior: contain; overflow-wrap: anywhere }

/* The list of conversations */

.home { padding: 0 12px }
.hero { margin: 0 -12px -40px; padding: 0 20px 60px; background-image: linear-gradient(transparent, rgb(0 0 0 / .2)) }
.big { font-size: 24px; line-height: 1.3 }
.card { margin-block-end: 12px; border: 1px solid var(--line); background: var(--paper); box-shadow: 0 2px 12px rgb(0 0 0 / .08) }
.row { width: 100%; min-height: 64px; padding: 12px; text-align: start }
.row p { text-align: match-parent }
.row > div, .row > b, .self > .who { flex: 1; min-width: 0 }
.ghost { border-radius: 0; animation: wait 1.5s infinite }
.ghost p { height: 12px; border-radius: 6px }
.ghost p + p { width: 60%; margin-block-start: 8px }
@keyframes wait { 50% { opacity: .4 } }
.self { flex-wrap: wrap; padding: 8px 12px }
.self [role] { flex: 100%; color: var(--ink) }
.link { padding: 8px }

/* A conversation */

.list { display: contents }
.talk { padding: 12px }
.talk::before, .day::before, .day::after { content: ""; flex: 1 }
.talk > .link { align-self: center }
.intro { padding: 12px; text-align: center }
.intro > * { margin: 0 auto 12px }
.intro > .face { scale: 1.4; margin-block-end: 20px }
.intro > b { display: block; margin: 0; color: var(--ink) }
.day { margin: 12px 0 8px }
.said { align-items: flex-start; gap: 4px; max-width: 84%; margin-block-start: 4px }
.said > * { max-width: 100%; overflow: hidden }
.said > p, .file { padding: 8px 12px; white-space: pre-wrap }
.mine { align-self: flex-end }
.last > p { border-end-start-radius: 4px }
.mine.last > p { border-end-start-radius: 14px; border-end-end-radius: 4px }
.said > .emoji.emoji { padding: 0; border: 0; background: none; color: inherit; font-size: 32px; line-height: 1.2 }
.gone { font-style: italic }
.turn { margin-block-start: 12px }
.failed > p { outline: 2px solid var(--bad) }
.meta { flex-wrap: wrap; gap: 0 4px; padding-inline: 4px }
.meta > * + :is(span, time)::before { content: "· " / "" }
img { display: block; max-width: 100%; max-height: 240px; min-height: 40px }
.file { text-decoration: none }
small { display: block }
.dots { gap: 4px; align-self: flex-start; margin-block-start: 12px; padding: 12px }
i { border: 4px solid var(--soft); border-radius: 50%; animation: blink 1.2s infinite }
i + i { animation-delay: .2s }
i + i + i { animation-delay: .4s }
@keyframes blink { 30% { opacity: .25; translate: 0 -3px } }
.jump { position: sticky; inset-block-end: 0; align-self: center; padding: 8px 12px; background: var(--ink); color: var(--paper) }

/* Where one writes, and is asked */

.say, .rate, .closed { padding: 12px }
.closed, .rate { text-align: center }
.rate .round { display: inline-grid; color: var(--accent); font-size: 26px }
.rate form { margin-block-start: 8px }
.rate .main { width: 100%; margin-block-start: 12px }
.box, input { border: 1px solid var(--soft); background: var(--paper) }
.box { display: flex; align-items: flex-end; gap: 4px; padding: 4px; border-radius: 24px }
.box:focus-within, .over .box { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent) }
textarea { flex: 1; min-width: 0; min-height: 40px; max-height: 132px; padding: 8px; background: none; resize: none; outline: none !important; field-sizing: content }
.files { flex-wrap: wrap }
.files li { max-width: 100%; margin-block-end: 8px; padding: 4px 8px }
.files img { width: 40px; height: 40px; border-radius: 8px; object-fit: cover }
.files button { width: 28px; height: 28px }
.error { padding-block: 4px; overflow-wrap: anywhere }
:is(.error, .note):empty { display: none }
.form { gap: 12px; padding: 20px }
input { display: block; width: 100%; margin-block-start: 4px; padding: 12px; font-weight: 400 }
[aria-invalid=true] { border-color: var(--bad) }
.main { padding: 12px 20px }

@media (max-width: 480px), (max-height: 460px) {
  .panel { position: fixed; inset: 0; z-index: 1; width: auto; height: auto; border-radius: 0; animation: none }
  textarea, input { font-size: 16px }
  .head { padding-block-start: max(12px, env(safe-area-inset-top)) }
  .panel > :last-of-type { padding-block-end: env(safe-area-inset-bottom) }
}
@media (prefers-reduced-motion) { * { animation: none !important } }
`

/** @type {CSSStyleSheet | undefined} */
let made

/** The sheet, made when the first widget of a page needs it. */
export function sheet() {
  if (!made) {
    made = new CSSStyleSheet()
    made.replaceSync(TEXT)
  }
  return made
}
