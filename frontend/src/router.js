// The address: everything that a page shows is in the hash, `#/page/argument?key=value`.

export function readHash(hash) {
  const [path, query = ""] = splitOnce(hash.replace(/^#\/?/, ""), "?");
  const [page, arg = ""] = splitOnce(path, "/");
  return { page: page || "overview", arg: unquote(arg), params: Object.fromEntries(new URLSearchParams(query)) };
}

export function href(page, arg, params) {
  const filled = Object.entries(params ?? {}).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const query = new URLSearchParams(filled).toString();
  return `#/${page}${arg ? `/${encodeURIComponent(arg)}` : ""}${query && `?${query}`}`;
}

function splitOnce(text, mark) {
  const place = text.indexOf(mark);
  return place < 0 ? [text] : [text.slice(0, place), text.slice(place + 1)];
}

// A hash that somebody has cut may end within a %xx.
function unquote(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
