export const common = {
  add: "Add files",
  cancel: "Cancel",
  dismiss: "Dismiss",
  copy: "Copy",
  export: "Export",
  retry: "Try again",
  more: "Show more",
  unknown: "Unknown",
  states: {
    queued: "Waiting",
    running: "Running",
    done: "Done",
    failed: "Failed",
    canceled: "Canceled",
  },
  stages: {
    extract: "Extract sound",
    transcribe: "Transcribe",
  },
  downloading: "Downloading",
  levels: {
    normal: "Memory is fine",
    warn: "Memory is tight",
    critical: "Memory is critically short",
  },
};
