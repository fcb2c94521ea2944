/**
 * The words of one language, and how it writes times, days and sizes.
 *
 *     wordsOf(wanted)    of the first of the wanted languages that we speak
 *     Words              say("large", name, size); time, day, short, size
 *
 * Each language is a small file of its own, loaded when it is wanted.
 */

/** @typedef {ReturnType<typeof speaking>} Words */
/** @typedef {typeof import("./texts/en.js").default} Texts */

/** All say what English says. @type {Record<string, () => Promise<{ default: Texts }>>} */
const TEXTS = {
  ar: () => import("./texts/ar.js"),
  de: () => import("./texts/de.js"),
  en: () => import("./texts/en.js"),
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
export function wordsOf(wanted) {
  const spoken = wanted.map((it) => it?.toLowerCase().split(/[-_]/)[0] ?? "")
  const found = spoken.find((it) => Object.hasOwn(TEXTS, it)) ?? "en"
  return textsOf(found).catch(() => textsOf("en"))
}

/** @param {string} language */
const textsOf = async (language) => speaking(language, /** @type {{ default: Texts }} */ (await TEXTS[language]?.()).default)

/** @param {string} language @param {Texts} texts */
function speaking(language, texts) {
  const clock = new Intl.DateTimeFormat(language, { timeStyle: "short" })
  const short = new Intl.DateTimeFormat(language, { dateStyle: "medium" })
  const full = new Intl.DateTimeFormat(language, { dateStyle: "full" })
  const near = new Intl.RelativeTimeFormat(language, { numeric: "auto" })

  /** @param {string} moment */
  const time = (moment) => clock.format(new Date(moment))

  return {
    language,
    direction: language === "ar" ? "rtl" : "ltr",
    time,

    /** @param {keyof Texts} key @param {...(string | number)} values one for each `{}` */
    say: (key, ...values) => texts[key].replace(/\{\}/g, () => String(values.shift())),

    /** Today, yesterday, or the date. @param {string} moment */
    day(moment) {
      const days = daysFromNow(moment), text = days < -1 || days > 0 ? full.format(new Date(moment)) : near.format(days, "day")
      return text.charAt(0).toLocaleUpperCase(language) + text.slice(1)
    },

    /** For a list: the time if it was today, otherwise a short date. @param {string} moment */
    short: (moment) => (daysFromNow(moment) ? short.format(new Date(moment)) : time(moment)),

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
