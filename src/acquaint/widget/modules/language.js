/**
 * The words of one language, and how it writes times, days and sizes.
 *
 *     wordsOf(wanted)    of the first of the wanted languages that we speak
 *     Words              say("large", name, size); time, day, short, size
 *
 * English comes with the widget; another language is one more small file, loaded when it is wanted.
 */

import english from "./texts/en.js"

/** @typedef {ReturnType<typeof speaking>} Words */
/** @typedef {typeof english} Texts */

/** Each is a file of its own, with all that English says. @type {Record<string, () => Promise<{ default: Texts }>>} */
const OTHERS = {
  ar: () => import("./texts/ar.js"),
  de: () => import("./texts/de.js"),
  es: () => import("./texts/es.js"),
  fr: () => import("./texts/fr.js"),
  id: () => import("./texts/id.js"),
}
const DAY = 86_400_000

/**
 * English where we speak none of them, or where the file of one cannot be had.
 *
 * @param {(string | null | undefined)[]} wanted such as `de-AT`, the dearest first
 */
export async function wordsOf(wanted) {
  const spoken = wanted.map((it) => it?.toLowerCase().split(/[-_]/)[0] ?? "")
  const language = spoken.find((it) => it === "en" || Object.hasOwn(OTHERS, it)) ?? "en"
  try {
    const found = await OTHERS[language]?.()
    return speaking(found ? language : "en", found?.default ?? english)
  } catch {
    return speaking("en", english)
  }
}

/** @param {string} language @param {Texts} texts */
function speaking(language, texts) {
  const clock = new Intl.DateTimeFormat(language, { timeStyle: "short" })

  /** @param {string} moment */
  const time = (moment) => clock.format(new Date(moment))

  /** @param {string} moment @param {Intl.DateTimeFormatOptions} how */
  const date = (moment, how) => new Date(moment).toLocaleDateString(language, { day: "numeric", ...how })

  return {
    language,
    direction: language === "ar" ? "rtl" : "ltr",
    time,

    /** @param {keyof Texts} key @param {...(string | number)} values one for each `{}` */
    say: (key, ...values) => texts[key].replace(/\{\}/g, () => String(values.shift())),

    /** Today, yesterday, or the date. @param {string} moment */
    day(moment) {
      const days = daysFromNow(moment)
      if (days < -1 || days > 0) return date(moment, { weekday: "long", month: "long", year: days < -300 ? "numeric" : undefined })
      const near = new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(days, "day")
      return near.charAt(0).toLocaleUpperCase(language) + near.slice(1)
    },

    /** For a list: the time if it was today, otherwise a short date. @param {string} moment */
    short: (moment) => (daysFromNow(moment) ? date(moment, { month: "short" }) : time(moment)),

    /** @param {number} bytes */
    size(bytes) {
      const isLarge = bytes >= 1e6, number = bytes / (isLarge ? 1e6 : 1e3)
      const how = { style: "unit", unit: isLarge ? "megabyte" : "kilobyte", maximumFractionDigits: number < 10 ? 1 : 0 }
      return number.toLocaleString(language, /** @type {Intl.NumberFormatOptions} */ (how))
    },
  }
}

/** @param {string} moment */
const daysFromNow = (moment) => Math.round((new Date(moment).setHours(0, 0, 0, 0) - new Date().setHours(0, 0, 0, 0)) / DAY)
