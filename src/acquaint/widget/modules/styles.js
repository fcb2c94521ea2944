/**
 * How it looks. One constructable sheet, shared by every widget of a page: nothing here is inline, so a strict
 * Content-Security-Policy has nothing to refuse.
 *
 * A page changes what begins with `--acquaint-` in a rule of its own for `acquaint-chat`. Sides are logical, so that
 * right-to-left is a mirror; colours come in pairs, for light and dark.
 */

const TEXT = `
:host { --brand: var(--acquaint-brand, #4a43d6); --on-brand: var(--acquaint-on-brand, #fff);
  --paper: var(--acquaint-background, light-dark(#fff, #17181d)); --ink: var(--acquaint-text, light-dark(#1b1d26, #eceef4));
  --soft: light-dark(#5d6373, #a3a9b9); --line: light-dark(#e4e6ee, #30333e); --tint: light-dark(#f2f3f8, #24262f);
  --accent: var(--acquaint-accent, light-dark(#4a43d6, #aba6ff)); --good: light-dark(#0a6b43, #57d6a0); --bad: light-dark(#b3261e, #ff9389);
  --radius: var(--acquaint-radius, 18px); --gap: var(--acquaint-offset, 20px);
  display: contents; color-scheme: light dark;
  font: 400 15px/1.45 var(--acquaint-font, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif) }
:host([theme=light]) { color-scheme: light } :host([theme=dark]) { color-scheme: dark } :host([hidden]) { display: none }
* { box-sizing: border-box } [hidden] { display: none !important }
h2, h3, p, ul, ol { margin: 0; padding: 0; font: inherit; list-style: none }
button, input, textarea { font: inherit; color: inherit; letter-spacing: inherit }
button { border: 0; background: none; padding: 0; cursor: pointer; touch-action: manipulation } button:disabled { cursor: default }
:focus { outline: none } :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.icon { width: 22px; height: 22px; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; flex: none }
[dir=rtl] .back .icon { transform: scaleX(-1) }
.heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }

.root { position: fixed; inset-block-end: var(--gap); inset-inline-end: var(--gap); z-index: var(--acquaint-z-index, 2147483000);
  display: flex; flex-direction: column; align-items: flex-end; gap: 16px; color: var(--ink); text-align: start; line-height: 1.45; pointer-events: none }
.root > * { pointer-events: auto }
.launcher { order: 2; position: relative; width: 60px; height: 60px; border-radius: 50%; display: grid; place-items: center; color: var(--on-brand);
  background: var(--brand); box-shadow: 0 2px 8px rgb(0 0 0 / .16), 0 8px 28px rgb(0 0 0 / .2); transition: transform .18s }
.launcher:hover { transform: scale(1.06) } .launcher:active { transform: scale(.96) } .launcher .icon { width: 28px; height: 28px }
.launcher:focus-visible { outline-offset: 3px }
.badge { min-width: 22px; height: 22px; padding: 0 6px; border-radius: 11px; background: #d3222a; color: #fff; font-size: 12px; font-weight: 700; line-height: 22px; text-align: center }
.launcher .badge { position: absolute; inset-block-start: -4px; inset-inline-end: -4px; box-shadow: 0 0 0 2px var(--paper) }

.panel { position: relative; display: flex; flex-direction: column; width: min(392px, calc(100vw - 2 * var(--gap))); height: min(680px, calc(100dvh - 2 * var(--gap) - 76px));
  overflow: hidden; border-radius: var(--radius); background: var(--paper); box-shadow: 0 0 0 1px light-dark(rgb(0 0 0 / .05), rgb(255 255 255 / .1)), 0 12px 48px rgb(0 0 0 / .24); animation: rise .22s cubic-bezier(.2, .8, .3, 1) }
@keyframes rise { from { opacity: 0; transform: translateY(14px) scale(.98) } }
.head { display: flex; align-items: center; gap: 8px; min-height: 64px; padding: 10px 12px; color: var(--on-brand); background: var(--brand) }
.head :focus-visible { outline-color: var(--on-brand) } .head > div { flex: 1; min-width: 0; padding-inline: 4px }
h2 { font-weight: 650; font-size: 17px; line-height: 1.3; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.who { display: flex; align-items: center; gap: 4px; font-size: 13px; line-height: 1.35 } .who .icon { width: 15px; height: 15px }
.who span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.round { display: grid; place-items: center; width: 40px; height: 40px; border-radius: 50%; flex: none } .round:hover { background: rgb(127 127 127 / .2) }
.face { display: grid; place-items: center; width: 40px; height: 40px; border-radius: 50%; flex: none; background: var(--tint); color: var(--accent) }
[data-view=home] h2 { visibility: hidden } .head > .face { flex: none; padding: 0; width: 36px; height: 36px; background: rgb(255 255 255 / .18); color: inherit } .head > .face .icon { width: 19px; height: 19px }
.note { display: flex; gap: 8px; align-items: center; padding: 8px 16px; font-size: 13px; color: light-dark(#6b4300, #ffd591); background: light-dark(#fff4dc, #3a2d13) } .note .icon { width: 17px; height: 17px }
.view { flex: 1; min-height: 0; display: flex; flex-direction: column; overflow: hidden } .scroll { flex: 1; overflow-y: auto; overscroll-behavior: contain; scrollbar-width: thin }
.scroll:focus-visible { outline-offset: -3px }

.hero { padding: 4px 20px 56px; margin-block-end: -34px; color: var(--on-brand); background: var(--brand) linear-gradient(rgb(0 0 0 / 0), rgb(0 0 0 / .2)) }
.hero p { font-size: 15px; overflow-wrap: anywhere } .hero .big { font-size: 26px; font-weight: 700; line-height: 1.2; letter-spacing: -.01em }
.home { padding: 0 14px 14px } .card { background: var(--paper); border: 1px solid var(--line); border-radius: calc(var(--radius) - 4px); box-shadow: 0 2px 10px rgb(0 0 0 / .07); overflow: hidden }
.card + .card { margin-block-start: 12px } .row { display: flex; align-items: center; gap: 12px; width: 100%; min-height: 64px; padding: 12px 16px; text-align: start }
button.row:hover { background: var(--tint) } button.row:focus-visible { outline-offset: -3px; border-radius: calc(var(--radius) - 5px) } li + li .row { border-block-start: 1px solid var(--line) }
.row > div { flex: 1; min-width: 0 } .row p { overflow: hidden; text-overflow: ellipsis; white-space: nowrap } .row p + p, .row time { color: var(--soft); font-size: 13px }
.row.new p { font-weight: 650 } .row .end { display: flex; flex-direction: column; align-items: flex-end; gap: 4px; flex: none } b { font-weight: 650 }
.self { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 10px; padding: 10px 16px; font-size: 13px; color: var(--soft); border-block-start: 1px solid var(--line) }
.self .who { flex: 1; min-width: 0; color: var(--soft) } .verified { color: var(--good) !important } .head .verified { color: inherit !important }
.link { min-height: 32px; padding: 4px 8px; border-radius: 8px; color: var(--accent); font-size: 13px; font-weight: 600 } .link:hover { background: var(--tint) } .bad { color: var(--bad) }
.self .ask { flex-basis: 100%; color: var(--ink) }

.list { display: contents } .talk { padding: 8px 16px 12px; display: flex; flex-direction: column } .talk::before { content: ""; flex: 1 }
.intro { padding: 12px 8px 16px; text-align: center; color: var(--soft); overflow-wrap: anywhere } .intro .face { width: 56px; height: 56px; margin: 0 auto 10px } .intro .icon { width: 28px; height: 28px } .intro b { display: block; color: var(--ink); font-size: 18px }
.day { display: flex; align-items: center; gap: 12px; margin: 14px 0 10px; color: var(--soft); font-size: 12px; font-weight: 600 } .day::before, .day::after { content: ""; flex: 1; height: 1px; background: var(--line) } .day.fresh { color: var(--bad) }
.said { display: flex; flex-direction: column; align-items: flex-start; gap: 3px; max-width: 84%; margin-block-start: 3px } .said.mine { align-self: flex-end; align-items: flex-end } .said.turn { margin-block-start: 12px }
.said > p, .said > .picture, .said > .file { border-radius: 16px; background: var(--tint); max-width: 100% } .said > p { padding: 9px 14px; white-space: pre-wrap; overflow-wrap: anywhere }
.said.mine > p, .said.mine > .file { background: var(--brand); color: var(--on-brand) } .said a { color: inherit; text-underline-offset: 2px }
.said:not(.mine) > p:last-of-type { border-end-start-radius: 5px } .mine.said > p:last-of-type { border-end-end-radius: 5px } .said > p.gone { background: none !important; border: 1px dashed var(--line); color: var(--soft) !important; font-style: italic }
.said.sending > p { opacity: .75 } .said.failed > p { box-shadow: 0 0 0 2px var(--bad) }
.meta { display: flex; align-items: center; flex-wrap: wrap; gap: 2px 6px; min-height: 18px; padding-inline: 4px; font-size: 12px; color: var(--soft) } .meta .bad { font-weight: 600 }
.picture { display: block; overflow: hidden; border: 1px solid var(--line) } .picture img { display: block; max-width: 100%; max-height: 240px; min-height: 40px; object-fit: cover }
.file { display: flex; align-items: center; gap: 10px; padding: 10px 14px; text-decoration: none; overflow-wrap: anywhere } .file small { display: block; font-size: 12px } .file span { min-width: 0 }
.typing { display: flex; gap: 4px; padding: 12px 14px; border-radius: 16px; border-end-start-radius: 5px; background: var(--tint); align-self: flex-start; margin-block-start: 8px }
.typing i { width: 7px; height: 7px; border-radius: 50%; background: var(--soft); animation: blink 1.2s infinite } .typing i:nth-child(2) { animation-delay: .2s } .typing i:nth-child(3) { animation-delay: .4s }
@keyframes blink { 30% { opacity: .25; transform: translateY(-3px) } }
.older { align-self: center } .jump { position: absolute; inset-block-end: 84px; inset-inline: 0; margin: auto; width: max-content; padding: 8px 16px; border-radius: 20px; background: var(--ink); color: var(--paper); font-size: 13px; font-weight: 600; box-shadow: 0 4px 16px rgb(0 0 0 / .25) }
.wait { display: grid; place-items: center; min-height: 120px } .wait i { width: 28px; height: 28px; border-radius: 50%; border: 3px solid var(--line); border-block-start-color: var(--accent); animation: turn .8s linear infinite } @keyframes turn { to { transform: rotate(1turn) } }
.wrong { display: flex; flex-direction: column; align-items: center; gap: 12px; padding: 40px 24px; text-align: center; color: var(--soft) } .wrong .icon { width: 36px; height: 36px }

.say { padding: 10px 12px 12px; border-block-start: 1px solid var(--line) } .box { display: flex; align-items: flex-end; gap: 4px; padding: 4px; border-radius: 24px; border: 1px solid light-dark(#8a90a0, #6d7384); background: var(--paper) }
.box:focus-within { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent) } .say.over .box { border-style: dashed; border-color: var(--accent) }
textarea { flex: 1; min-width: 0; min-height: 40px; max-height: 132px; padding: 9px 4px; border: 0; background: none; resize: none; line-height: 22px; field-sizing: content } textarea:focus-visible { outline: none } ::placeholder { color: var(--soft); opacity: 1 }
.box .round { color: var(--soft) } .box .go { background: var(--brand); color: var(--on-brand) } .box .go:disabled { background: var(--tint); color: var(--soft) }
.files { display: flex; flex-wrap: wrap; gap: 8px; padding-block-end: 8px } .files li { position: relative; display: flex; align-items: center; gap: 8px; max-width: 100%; padding: 6px; border-radius: 12px; background: var(--tint); font-size: 13px } .files img { width: 44px; height: 44px; border-radius: 8px; object-fit: cover }
.files span { min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; max-width: 170px } .files button { width: 28px; height: 28px } .files .icon { width: 16px; height: 16px } .error { padding-block-end: 8px; color: var(--bad); font-size: 13px; overflow-wrap: anywhere } .error:empty { display: none }

.form { display: flex; flex-direction: column; gap: 16px; padding: 24px 20px } .form .big { color: var(--ink); font-size: 20px; font-weight: 700; line-height: 1.3 } .form > p:not(.big) { color: var(--soft) }
label { display: block; font-weight: 600; font-size: 14px } .form input { display: block; width: 100%; min-height: 46px; margin-block-start: 6px; padding: 10px 14px; border-radius: 12px; border: 1px solid light-dark(#8a90a0, #6d7384); background: var(--paper); font-weight: 400 }
.form input:focus-visible { outline-offset: 0; outline-width: 2px } .form input[aria-invalid=true] { border-color: var(--bad) } .form .error { padding: 6px 0 0; font-weight: 400 }
.main { min-height: 46px; padding: 10px 20px; border-radius: 12px; background: var(--brand); color: var(--on-brand); font-weight: 650 } .main:hover { filter: brightness(1.08) } .main:focus-visible { outline-offset: 3px }

@media (max-width: 480px), (max-height: 460px) {
  .root:has(.panel:not([hidden])) { inset: 0 } .panel { width: 100%; height: 100%; border-radius: 0; animation-name: none; box-shadow: none } .root:has(.panel:not([hidden])) .launcher { display: none }
  textarea, input { font-size: 16px } .head { padding-block-start: max(10px, env(safe-area-inset-top)) } .say { padding-block-end: max(12px, env(safe-area-inset-bottom)) }
}
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; scroll-behavior: auto !important } .typing i:nth-child(2) { opacity: .6 } }
@media (forced-colors: active) { .panel, .launcher, .said > p, .main, .jump, .badge, .go, .box, .face { border: 1px solid CanvasText } .said.mine > p { border-width: 2px } .go:disabled { border-color: GrayText } .typing i { background: CanvasText } }
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
