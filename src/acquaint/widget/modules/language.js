/**
 * The words of one language, and how it writes times, days and sizes.
 *
 *     languageOf(wanted)           the first of the wanted ones that we speak
 *     new Words(language, texts)   say("large", name, size); time, day, moment, size
 *
 * English comes with the widget; another language is one more small file, loaded when it is wanted.
 */

import english from "./texts/en.js"

/** @typedef {keyof typeof english} Key */

const OTHERS = ["ar", "de", "es", "fr", "id"]
const RIGHT_TO_LEFT = ["ar"]
const DAY = 86_400_000

/** @param {(string | null | undefined)[]} wanted such as `de-AT`, the dearest first */
export function languageOf(wanted) {
  const spoken = wanted.map((it) => it?.toLowerCase().split(/[-_]/)[0] ?? "")
  return spoken.find((it) => it === "en" || OTHERS.includes(it)) ?? "en"
}

/**
 * The texts of a language that `languageOf` answered; English where its file cannot be had.
 *
 * @param {string} language
 */
export async function wordsOf(language) {
  if (!OTHERS.includes(language)) return new Words("en", english)
  try {
    const { default: texts } = await import(`./texts/${language}.js`)
    return new Words(language, { ...english, ...texts })
  } catch {
    return new Words("en", english)
  }
}

export class Words {
  /** @param {string} language @param {Record<Key, string>} texts */
  constructor(language = "en", texts = english) {
    this.language = language
    this.direction = RIGHT_TO_LEFT.includes(language) ? "rtl" : "ltr"
    this.texts = texts
    this.clock = new Intl.DateTimeFormat(language, { timeStyle: "short" })
    this.near = new Intl.RelativeTimeFormat(language, { numeric: "auto" })
  }

  /** @param {Key} key @param {...(string | number)} values one for each `{}` */
  say(key, ...values) {
    return this.texts[key].replace(/\{\}/g, () => String(values.shift() ?? ""))
  }

  /** @param {string} moment */
  time(moment) {
    return this.clock.format(new Date(moment))
  }

  /** Today, yesterday, or the date. @param {string} moment @param {number} now */
  day(moment, now = Date.now()) {
    const date = new Date(moment), days = Math.round((midnight(date) - midnight(new Date(now))) / DAY)
    if (days > -2 && days < 1) return sentence(this.near.format(days, "day"), this.language)
    return date.toLocaleDateString(this.language, { weekday: "long", day: "numeric", month: "long", year: days < -300 ? "numeric" : undefined })
  }

  /** For a list: the time if it was today, otherwise a short date. @param {string} moment */
  short(moment, now = Date.now()) {
    const date = new Date(moment)
    if (midnight(date) === midnight(new Date(now))) return this.time(moment)
    return date.toLocaleDateString(this.language, { day: "numeric", month: "short" })
  }

  /** @param {number} bytes */
  size(bytes) {
    const unit = bytes < 1e6 ? "kilobyte" : "megabyte", number = bytes / (bytes < 1e6 ? 1e3 : 1e6)
    return new Intl.NumberFormat(this.language, { style: "unit", unit, maximumFractionDigits: number < 10 ? 1 : 0 }).format(number)
  }
}

const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()
const sentence = (text, language) => text.charAt(0).toLocaleUpperCase(language) + text.slice(1)
