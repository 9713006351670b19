// The data in the page: JSON, compressed, in base64.

export const VERSION = 1;

export async function unpack(base64) {
  const text = atob(base64.trim());
  const bytes = new Uint8Array(text.length);
  for (let place = 0; place < bytes.length; place++) bytes[place] = text.charCodeAt(place);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const data = await new Response(stream).json();
  if (data.version !== VERSION) throw new Error(`its version is ${data.version}, and this script reads ${VERSION}`);
  return data;
}
