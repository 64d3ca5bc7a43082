/** Adding a file by its address on the web. */
export const address = {
  open: "From the web…",
  title: "Add from the web",
  text: "Give the address of an audio or video file. It is downloaded when its turn comes.",
  field: "Address of the file",
  add: "Add",
  wrong: {
    missing: "Type or paste an address.",
    scheme: "The address has to begin with https:// or http://.",
    broken: "This is no whole address. One looks like https://media.example.com/talk.mp4.",
  },
};
