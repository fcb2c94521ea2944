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

/** Each says what English says. */
const SPOKEN = ["ar", "de", "en", "es", "fr", "id"]
const DAY = 86_400_000

/**
 * English where we speak none of them, or where the file of one cannot be had.
 *
 * @param {(string | null | undefined)[]} wanted such as `de-AT`, the dearest first
 */
export function wordsOf(wanted) {
  const spoken = wanted.map((it) => it?.toLowerCase().split(/[-_]/)[0] ?? "")
  const found = spoken.find((it) => SPOKEN.includes(it)) ?? "en"
  return textsOf(found).catch(() => textsOf("en"))
}

/** @param {string} language */
const textsOf = async (language) => speaking(language, (await import(`./texts/${language}.js`)).default)

/** @param {string} language @param {Texts} texts */
function speaking(language, texts) {
  const time = written({ timeStyle: "short" }), date = written({ dateStyle: "medium" }), full = written({ dateStyle: "full" })
  const near = new Intl.RelativeTimeFormat(language, { numeric: "auto" })

  /** @param {Intl.DateTimeFormatOptions} how */
  function written(how) {
    const { format } = new Intl.DateTimeFormat(language, how)
    return (/** @type {string} */ moment) => format(new Date(moment))
  }

  return {
    language,
    direction: language === "ar" ? "rtl" : "ltr",
    time,

    /** @param {keyof Texts} key @param {...(string | number)} values one for each `{}` */
    say: (key, ...values) => texts[key].replace(/\{\}/g, () => String(values.shift())),

    /** Today, yesterday, or the date. @param {string} moment */
    day(moment) {
      const days = daysFromNow(moment), text = days < -1 || days > 0 ? full(moment) : near.format(days, "day")
      return text.charAt(0).toLocaleUpperCase(language) + text.slice(1)
    },

    /** For a list: the time if it was today, otherwise a short date. @param {string} moment */
    short: (moment) => (daysFromNow(moment) ? date : time)(moment),

    /** @param {number} bytes */
    size(bytes) {
      const isLarge = bytes >= 1e6, unit = isLarge ? "megabyte" : "kilobyte"
      return (bytes / (isLarge ? 1e6 : 1e3)).toLocaleString(language, { style: "unit", unit, maximumSignificantDigits: 2 })
    },
  }
}

/** @param {string} moment */
const daysFromNow = (moment) => Math.round((new Date(moment).setHours(0, 0, 0, 0) - new Date().setHours(0, 0, 0, 0)) / DAY)
