// Prices and quantities are decimal strings; they are compared and added as whole numbers of 10⁻⁸, never as floats.

const DIGITS = 8;

export function scaled(text) {
  const negative = text.startsWith("-");
  const [whole, fraction = ""] = text.replace("-", "").split(".");
  const value = BigInt(whole + fraction.padEnd(DIGITS, "0").slice(0, DIGITS));
  return negative ? -value : value;
}

export const compare = (a, b) => { const d = scaled(a) - scaled(b); return d < 0n ? -1 : d > 0n ? 1 : 0; };
export const isZero = (text) => scaled(text) === 0n;

/** The text with at least `places` decimals and thousands set apart; what is absent is shown as a dash. */
export function show(text, places = 0) {
  if (text === undefined || text === null) return "–";
  const [whole, fraction = ""] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  const decimals = fraction.padEnd(places, "0");
  return decimals ? `${grouped}.${decimals}` : grouped;
}
