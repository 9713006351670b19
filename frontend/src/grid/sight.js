// Which rows and which narrow columns of marks are to be in the page: those in sight, and some more on each side.

export const LIMIT = 500_000; // rows; browsers cannot lay out a page that is much higher
export const NARROW = 22; // pixels of a column of marks
const SPARE = 10; // rows kept above and below what is in sight
const SPARE_MARKS = 6; // and columns beside it
const ALL_MARKS = 60; // so many columns of marks are all kept in the page

export const clamp = (value, least, most) => Math.max(least, Math.min(most, value));

// Of `count` rows -> {top, bottom: in sight; first, last: to be in the page}; the second of each pair is behind the last.
export function findRows(scrollTop, rowHeight, tall, count) {
  const end = Math.min(count, LIMIT);
  const top = Math.floor(scrollTop / rowHeight);
  const bottom = top + tall + 1;
  return { top, bottom: Math.min(end, bottom), first: Math.max(0, top - SPARE), last: Math.min(end, bottom + SPARE) };
}

// Of `count` columns, of which a part so wide begins at `start` (pixels from the first) -> {left, right: to be in the page}
export function findMarks(start, width, count) {
  if (count <= ALL_MARKS) return { left: 0, right: count };
  const left = Math.floor(start / NARROW) - SPARE_MARKS;
  const right = Math.ceil((start + width) / NARROW) + SPARE_MARKS;
  return { left: clamp(left, 0, count), right: clamp(right, 0, count) };
}

export const holdsRows = (drawn, sight) => sight.top >= drawn.first && sight.bottom <= drawn.last;

// The columns to be in the page may be others than those that are, as long as none in sight is missing.
export function holdsMarks(drawn, { left, right }, count) {
  if (count <= ALL_MARKS) return true;
  return Math.min(left + SPARE_MARKS, count) >= drawn.left && Math.max(right - SPARE_MARKS, 0) <= drawn.right;
}
