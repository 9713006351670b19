// How figures are written.

const NUMBERS = new Intl.NumberFormat("en");
const TENTHS = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const count = (number) => NUMBERS.format(number);

// 0.231 -> "23.1 %". Only all is written as 100, and only nothing as 0.
export function percent(share) {
  if (!Number.isFinite(share)) return "–";
  if (share === 0 || share === 1) return `${share * 100} %`;
  let tenths = Math.round(share * 1000);
  if (share < 1) tenths = Math.min(tenths, 999);
  if (share > 0) tenths = Math.max(tenths, 1);
  return `${TENTHS.format(tenths / 10)} %`;
}

// 0.666 -> "67": where there is no room for more. Only all is written as 100, and only nothing as 0.
export function whole(share) {
  if (!Number.isFinite(share)) return "–";
  const rounded = Math.round(share * 100);
  return String(share > 0 && share < 1 ? Math.max(1, Math.min(99, rounded)) : rounded);
}

// The colour of a share: 0 for none, 5 for all, and four quarters between.
export function bin(share) {
  if (!(share > 0)) return 0;
  if (share >= 1) return 5;
  return Math.min(4, Math.ceil(share * 4));
}

export function seconds(value) {
  if (value === null || value === undefined) return "–";
  if (value < 60) return `${TENTHS.format(value)} s`;
  return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
}

// plural(1, "symbol") -> "1 symbol"; plural(2, "class", "classes") -> "2 classes".
export function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}
