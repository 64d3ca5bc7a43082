// Which files a browser should not even send. It knows names and types only;
// the server looks inside.

const extensions = new Set(
  (
    "3g2 3gp aac ac3 aif aifc aiff amr ape asf au avi caf dts dv eac3 f4v flac flv m2ts m2v m4a m4b m4v " +
    "mka mkv mov mp2 mp3 mp4 mpa mpe mpeg mpg mts mxf oga ogg ogv opus qt ra rm spx ts vob w64 wav webm wma wmv wv"
  ).split(" "),
);

/** looksLikeMedia says whether a file may be audio or video, by its name and by what the system calls it. */
export function looksLikeMedia(file: { name: string; type: string }): boolean {
  if (/^(audio|video)\//.test(file.type)) return true;
  const dot = file.name.lastIndexOf(".");
  return dot > 0 && extensions.has(file.name.slice(dot + 1).toLowerCase());
}

/** accept is what a file dialog offers. */
export const accept = ["audio/*", "video/*", ...[...extensions].map((e) => `.${e}`)].join(",");
