/**
 * How it looks. One constructable sheet, shared by every widget of a page: nothing here is inline, so a strict
 * Content-Security-Policy has nothing to refuse.
 *
 * A page changes what begins with `--acquaint-` in a rule of its own for `acquaint-chat`. Sides are logical, so that
 * right-to-left is a mirror; greys are mixed of the text's colour and the background's, whatever those are. What has
 * a background of its own has a border that nobody sees, until a visitor forces colours.
 */

const TEXT = `
:host {
  --brand: var(--acquaint-brand, #4a43d6);
  --on-brand: var(--acquaint-on-brand, #fff);
  --paper: var(--acquaint-background, light-dark(#fff, #17181d));
  --ink: var(--acquaint-text, light-dark(#1b1d26, #eceef4));
  --accent: var(--acquaint-accent, light-dark(#4a43d6, #aba6ff));
  --soft: color-mix(in srgb, var(--ink) 70%, var(--paper));
  --edge: color-mix(in srgb, var(--ink) 50%, var(--paper));
  --line: color-mix(in srgb, var(--ink) 12%, var(--paper));
  --tint: color-mix(in srgb, var(--ink) 6%, var(--paper));
  --bad: light-dark(#b3261e, #ff9389);
  --radius: var(--acquaint-radius, 18px);
  --gap: var(--acquaint-offset, 20px);
  display: contents;
  color-scheme: light dark;
}
:host([theme=light]) { color-scheme: light }
:host([theme=dark]) { color-scheme: dark }
:host([hidden]), [hidden] { display: none !important }
* { box-sizing: border-box; margin: 0; padding: 0; border: 0 solid transparent; font: inherit; color: inherit; letter-spacing: inherit; list-style: none }
button { background: none; cursor: pointer }
:disabled { cursor: default }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
b, h2, .big, .link, .bad, .main, .badge, .day, label, .new p { font-weight: 650 }
.who, .note, .self, .link, .meta, .day, .jump, .error, .closed, .files, small, time, .row p + p { font-size: 13px }
.self, .meta, .day, .intro, .closed, .typing, time, .row p + p, .form p, .box .round, ::placeholder { color: var(--soft); opacity: 1 }
.head, .row, .who, .note, .self, .meta, .day, .file, .files, .files li { display: flex; align-items: center; gap: 4px 10px }
.root, .panel, .view, .talk, .said, .form, .end { display: flex; flex-direction: column }
.root, .end, .mine { align-items: flex-end }
h2, .who span, .row p, .files span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.launcher, .round, .face { display: grid; place-items: center; flex: none; width: 40px; height: 40px; border-radius: 50% }
.launcher, .head, .hero, .mine.mine > p, .mine.mine > .file, .go, .main, .start .face { background: var(--brand); color: var(--on-brand) }
.launcher, .main, .go, .face, .badge, .jump, .said > p, .file, .picture, .dots { border-width: 1px }
.icon { width: 22px; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; flex: none }
.who .icon, .note .icon, .files .icon { width: 16px }
[dir=rtl] .back .icon { scale: -1 1 }
.heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }

.root {
  position: fixed; inset-block-end: var(--gap); inset-inline-end: var(--gap); z-index: var(--acquaint-z-index, 2147483000); gap: 16px;
  color: var(--ink); font: 15px/1.45 var(--acquaint-font, system-ui, sans-serif); text-align: start; pointer-events: none;
  & > * { pointer-events: auto; box-shadow: 0 4px 32px rgb(0 0 0 / .24) }
}
.launcher {
  order: 1; position: relative; width: 60px; height: 60px; transition: scale .18s;
  &:hover { scale: 1.06 }
  & > .icon { width: 28px }
  & > .badge { position: absolute; inset-block-start: -4px; inset-inline-end: -4px }
}
.badge { min-width: 22px; padding: 0 6px; border-radius: 11px; background: #d3222a; color: #fff; font-size: 12px; line-height: 20px; text-align: center }

.panel {
  width: min(392px, 100vw - 2 * var(--gap)); height: min(680px, 100dvh - 2 * var(--gap) - 76px);
  overflow: hidden; outline: 1px solid var(--line); border-radius: var(--radius); background: var(--paper); animation: rise .22s ease-out;
}
@keyframes rise { from { opacity: 0; translate: 0 14px } }
@keyframes blink { 30% { opacity: .25; translate: 0 -3px } }
.head {
  min-height: 64px; padding: 10px 12px;
  & :focus-visible { outline-color: currentColor }
  & > div { flex: 1; min-width: 0 }
  & > .face { flex: none; width: 36px; height: 36px; background: rgb(255 255 255 / .2); color: inherit }
}
h2 { font-size: 17px; [data-view=home] & { visibility: hidden } }
.round:hover { background: rgb(127 127 127 / .2) }
.face { background: var(--tint); color: var(--accent) }
.who .icon { margin-inline-end: -6px }
.self .verified { color: light-dark(#0a6b43, #57d6a0) }
.note { padding: 8px 16px; color: light-dark(#6b4300, #ffd591); background: light-dark(#fff4dc, #3a2d13) }
.view { flex: 1; min-height: 0 }
.scroll { flex: 1; overflow-y: auto; overscroll-behavior: contain; scrollbar-width: thin }
.scroll, .row { &:focus-visible { outline-offset: -3px; border-radius: 13px } }

.hero { margin-inline: -14px; padding: 0 20px 56px; background-image: linear-gradient(transparent, rgb(0 0 0 / .2)); overflow-wrap: anywhere }
.big { font-size: 24px; line-height: 1.25 }
.home { padding: 0 14px 14px }
.card { margin-block-end: 12px; background: var(--paper); border: 1px solid var(--line); border-radius: 14px; box-shadow: 0 2px 10px rgb(0 0 0 / .07); overflow: hidden; .hero + & { margin-block-start: -34px } }
.row {
  width: 100%; min-height: 64px; padding: 12px 16px; text-align: start;
  &:hover { background: var(--tint) }
  & > :nth-last-child(2), & > b { flex: 1; min-width: 0 }
  li + li & { border-block-start: 1px solid var(--line) }
}
.self { flex-wrap: wrap; padding: 10px 16px; border-block-start: 1px solid var(--line); & > p { flex: 1 } & > [role] { flex: 100%; color: var(--ink) } }
.link { min-height: 32px; padding: 4px 8px; border-radius: 8px; color: var(--accent); &:hover { background: var(--tint) } }
.bad, .error, .fresh { color: var(--bad) }

.list { display: contents }
.talk { padding: 8px 16px 12px; &::before { content: ""; flex: 1 } & > .link { align-self: center } }
.intro { padding: 16px 8px; text-align: center; overflow-wrap: anywhere; & > * { margin: 0 auto 10px } & > .face { scale: 1.4; margin-block-end: 18px } & > b { display: block; margin: 0; color: var(--ink); font-size: 18px } }
.day { margin: 14px 0 10px; &::before, &::after { content: ""; flex: 1; border-block-start: 1px solid var(--line) } }
.said {
  align-items: flex-start; gap: 3px; max-width: 84%; margin-block-start: 3px;
  & > * { max-width: 100%; border-radius: 16px }
  & > p, & > .file, & > .picture { background: var(--tint); overflow: hidden; overflow-wrap: anywhere }
  & > p, & > .file { padding: 9px 14px; white-space: pre-wrap }
  & > p { border-end-start-radius: 5px }
  & > .gone { background: none; border: 1px dashed var(--line); color: var(--soft); font-style: italic }
  &.mine { align-self: flex-end; align-items: flex-end; & > p { border-end-start-radius: 16px; border-end-end-radius: 5px } }
  &.turn { margin-block-start: 12px }
  &.sending > p { opacity: .75 }
  &.failed > p { box-shadow: 0 0 0 2px var(--bad) }
}
.meta { flex-wrap: wrap; gap: 0 5px; padding-inline: 4px; & > * + :is(span, time)::before { content: "· " / "" } }
img { display: block; max-width: 100%; max-height: 240px; min-height: 40px }
.file { text-decoration: none; & small { display: block } }
.dots {
  display: flex; gap: 4px; align-self: flex-start; margin-block-start: 12px; padding: 14px; border-radius: 16px; background: var(--tint);
  & > i { border: 4px solid var(--soft); border-radius: 50%; animation: blink 1.2s infinite }
  & > :nth-child(2) { animation-delay: .2s }
  & > :nth-child(3) { animation-delay: .4s }
}
.jump { position: sticky; inset-block-end: 0; align-self: center; padding: 8px 16px; border-radius: 20px; background: var(--ink); color: var(--paper) }

.say, .rate, .closed { padding: 10px 12px 12px; border-block-start: 1px solid var(--line) }
.closed, .rate { text-align: center }
.rate { & .round { display: inline-grid; color: var(--accent) } & [aria-pressed=true] .icon { fill: currentColor } & .main { width: 100%; margin-block-start: 10px } }
.box, input { border: 1px solid var(--edge); border-radius: 12px; background: var(--paper) }
.box { display: flex; align-items: flex-end; gap: 4px; padding: 4px; border-radius: 24px; &:focus-within { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent) } .over & { border-style: dashed } }
textarea { flex: 1; min-width: 0; min-height: 40px; max-height: 132px; padding: 9px 4px; background: none; resize: none; outline: none !important; field-sizing: content }
.go:disabled { background: var(--tint) }
.files { flex-wrap: wrap; & > li { max-width: 100%; padding: 6px; border-radius: 12px; background: var(--tint) } & img { width: 44px; height: 44px; border-radius: 8px; object-fit: cover } & span { max-width: 170px } & button { width: 28px; height: 28px } }
.error { padding-block: 6px; overflow-wrap: anywhere; &:empty { display: none } }

.form { gap: 16px; padding: 24px 20px; & > .big { color: var(--ink) } & .error { color: var(--bad) } }
input { display: block; width: 100%; min-height: 46px; margin-block-start: 6px; padding: 10px 14px; font-weight: 400; &[aria-invalid=true] { border-color: var(--bad) } }
.main { min-height: 46px; padding: 10px 20px; border-radius: 12px; &:hover { filter: brightness(1.1) } }

@media (max-width: 480px), (max-height: 460px) {
  .root:has(.panel:not([hidden])) { inset: 0; & > .launcher { display: none } }
  .panel { width: 100%; height: 100%; border-radius: 0; animation: none }
  textarea, input { font-size: 16px }
  .head { padding-block-start: max(10px, env(safe-area-inset-top)) }
  .panel > :last-of-type { padding-block-end: env(safe-area-inset-bottom) }
}
@media (prefers-reduced-motion) { * { animation: none !important; transition: none !important } }
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
