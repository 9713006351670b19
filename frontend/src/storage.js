// What the reader has chosen, kept by the browser where it lets us: pages from disk or in a sandbox may not store anything.

export function recall(key) {
  try {
    return localStorage.getItem(`profcov.${key}`);
  } catch {
    return null;
  }
}

export function keep(key, value) {
  try {
    localStorage.setItem(`profcov.${key}`, value);
  } catch {
    // The choice holds until the page is closed.
  }
}
