export const settings = {
  title: "Settings",
  language: "Language",
  languageText: "Of this page and its messages. It does not change what is transcribed.",
  languages: { auto: "As the system", en: "English", ko: "한국어" },
  appearance: "Appearance",
  appearanceText: "Light, dark, or following the system.",
  themes: { auto: "As the system", light: "Light", dark: "Dark" },
  here: "Both are remembered on this machine only.",

  find: "Find a setting",
  clear: "Clear",
  none: (words: string) => `No setting is about “${words}”.`,
  found: (n: number) => (n === 1 ? "1 setting" : `${n} settings`),
  loading: "Reading the settings…",
  failed: "The settings could not be read.",
  files: (overlay: string, file: string) =>
    `What you set here is written to ${overlay}. ${file} is yours: Sluice never writes to it.`,
  pending: (n: number) =>
    n === 1
      ? "1 change takes effect when Sluice is started again."
      : `${n} changes take effect when Sluice is started again.`,
  pendingOne: "Not in force yet: start Sluice again.",
  restart: "A change takes effect with the next start.",
  saved: (label: string) => `Saved: ${label}`,
  undo: "Undo",
  back: "Back to default",
  backOf: (label: string) => `Back to default: ${label}`,
  groups: {
    general: "General",
    app: "App",
    speech: "Speech",
    language: "Language models",
    results: "Results",
    memory: "Memory and power",
    watch: "Watch folders",
    network: "Network",
    advanced: "Advanced",
  },
  app: {
    failed: "How the app stands in this system could not be read.",
    impossible: "Not possible here",
    login: { label: "Open at login", hint: "Sluice then starts without its window." },
    tool: {
      label: "Command-line tool",
      hint: "With “sluice”, a terminal or a script adds files and follows the line.",
    },
    absent: "Not installed",
    at: (path: string) => `Installed: ${path}`,
    inPath: "Type sluice in a terminal.",
    notInPath: "Its folder is not on the search path: add it to PATH, or type the whole path.",
    install: "Install",
    again: "Install again",
  },
  origin: {
    default: "Default",
    file: (where: string) => `From ${where}`,
    overlay: "Set here",
    environment: (name: string) => `Set by the environment: ${name}`,
    flag: "Set on the command line",
  },
  locked: {
    door: "Change it in the app’s own window, or in settings.toml.",
    environment: "Change it there and start Sluice again.",
    flag: "Start Sluice without it to change it here.",
  },
  wrong: {
    number: (least: number, most: number) => `Type a whole number from ${least} to ${most}.`,
    size: "Type a size such as 10GB or 512MB.",
    least: (size: string) => `It must be at least ${size}.`,
    duration: (least: string, most: string) => `Type a time from ${least} to ${most}, such as 90s or 5m.`,
    path: "Type a whole path that begins with / or ~/.",
    other: "This value cannot be used.",
  },
  yes: "On",
  no: "Off",
  empty: "None",
  machine: "Chosen by this machine",
  secretSet: "It is set; nobody sees it again.",
  secretUnset: "Not set",
  secretNew: "Type a new one",
  lines: "One per line.",
  detect: "Find out by itself",
  asSpoken: "As the recording",
  choices: {
    "notify.about": { line: "When all is done", each: "For every job", off: "Never" },
    "ollama.when_away": { wait: "Wait for it", finish: "End with the transcript" },
    "translate.register": {
      "": "As the model likes",
      formal: "Formal (합니다체)",
      polite: "Polite (해요체)",
    },
  } as Record<string, Record<string, string> | undefined>,
  keys: {
    "notify.about": {
      label: "Notifications",
      hint: "While the window is not in front. Unless it is “Never”, a job that failed is told of at once.",
    },
    "updates.check": {
      label: "Look for new versions",
      hint: "Once a day. Nothing is sent but the question, and nothing is installed.",
    },
    "updates.feed": {
      label: "Where new versions are announced",
      hint: "Address of JSON about a release, with tag_name and html_url.",
    },
    "speech.model": {
      label: "Speech model",
      hint: "For jobs that name none. Larger ones write better and need more memory.",
    },
    "speech.language": { label: "Spoken language", hint: "Naming it is surer than having it found out." },
    "speech.beam_size": {
      label: "Thoroughness",
      hint: "Guesses that are followed at the same time: 1 is fastest, 5 is best.",
    },
    "speech.threads": { label: "Processor threads", hint: "0: as many as suit this machine." },
    "speech.words": {
      label: "Times of words",
      hint: "Finds the time of every word too. It takes a little longer.",
    },
    "speech.prompt": {
      label: "Words that may come",
      hint: "Names and terms, so that the recogniser writes them right.",
    },
    "models.auto_download": {
      label: "Download missing models",
      hint: "What a new job needs comes by itself.",
    },
    "ollama.model": {
      label: "Language model",
      hint: "For translations and summaries, as Ollama names it, such as gemma3:4b. Empty: chosen by this machine.",
    },
    "defaults.translate_to": { label: "Translate to", hint: "Unless a job says otherwise." },
    "defaults.summarize": { label: "Summarize", hint: "Unless a job says otherwise." },
    "summary.template": { label: "Kind of recording", hint: "Decides what matters in a summary." },
    "summary.language": { label: "Language of summaries", hint: "" },
    "translate.register": {
      label: "Manner of Korean",
      hint: "How a translation into Korean addresses its listener.",
    },
    "translate.glossary": {
      label: "Glossary",
      hint: "TOML file of words with their translations: a table such as [en.ko] for each pair of languages.",
    },
    "ollama.context": {
      label: "Tokens at once",
      hint: "How much of a text the model sees. More of it needs more memory. 0: chosen by this machine.",
    },
    "ollama.when_away": {
      label: "When Ollama is away",
      hint: "What becomes of a job that wants a translation or a summary.",
    },
    "ollama.host": { label: "Address of Ollama", hint: "Such as http://127.0.0.1:11434." },
    "ollama.start": {
      label: "Start Ollama",
      hint: "When a job needs it and it does not run. It ends with Sluice.",
    },
    "ollama.path": { label: "Ollama’s program", hint: "Empty: looked for where it usually is." },
    "export.dir": {
      label: "Folder for finished texts",
      hint: "Files that are there are never written over. Empty: nothing is written.",
    },
    "export.formats": { label: "Kinds of files", hint: "" },
    "export.name": {
      label: "Names of files",
      hint: "Made of {title}, {language}, {date}, {id}, {source} and {video_id}; a / makes a folder.",
    },
    "webhook.url": {
      label: "Webhook",
      hint: "Address that is told of every job that ends, with its result. It may hold a secret, so it is not shown.",
    },
    "webhook.secret": {
      label: "Key of webhooks",
      hint: "Messages are signed with it. Without one, Sluice makes its own.",
    },
    "webhook.allow": {
      label: "Private places for webhooks",
      hint: "Hosts or networks on this machine or your own network that results may be sent to.",
    },
    "memory.ceiling": {
      label: "Most memory of a job",
      hint: "What one stage may be planned with, such as 10GB. 0: chosen by this machine.",
    },
    "power.only_on_ac": {
      label: "Only on mains power",
      hint: "On battery nothing starts, and what runs goes back into the line.",
    },
    "disk.min_free": { label: "Space to leave free", hint: "On the disk, such as 2GB. 0: it may be filled." },
    "watch.folders": {
      label: "Folders",
      hint: "New audio and video files in them become jobs by themselves, each once.",
    },
    "watch.recursive": { label: "Folders within them", hint: "Watch these too. Links are not followed." },
    "watch.existing": {
      label: "Files that were there before",
      hint: "Take them too when a folder is first looked at.",
    },
    "watch.settle": {
      label: "Rest before a file is taken",
      hint: "How long it must not have changed. Raise it for slow networks.",
    },
    "server.listen": {
      label: "Address of Sluice",
      hint: "Beyond 127.0.0.1 other machines can reach it, and a token is required.",
    },
    "server.token": { label: "Token", hint: "What every client must send. “auto” makes one at each start." },
    "server.roots": {
      label: "Folders for other machines",
      hint: "Only files below these may be named by them as a source.",
    },
    "server.sync_timeout": {
      label: "Wait of direct requests",
      hint: "How long /v1/audio/transcriptions waits for its text. The job goes on after that.",
    },
    "uploads.max": {
      label: "Room for uploads",
      hint: "All of them together, and so the largest one. They stay for a day after their last job.",
    },
    "fetch.max": { label: "Largest file from the web", hint: "It stays for a day after its job." },
    "fetch.allow": {
      label: "Private places to fetch from",
      hint: "Hosts or networks on this machine or your own network, such as nas.local or 192.168.0.0/24.",
    },
    "models.dir": { label: "Folder of speech models", hint: "" },
    "models.url": {
      label: "Mirror of speech models",
      hint: "Address to download from. Empty: where the catalog says.",
    },
    "models.catalog": { label: "Further speech models", hint: "A JSON file that lists them." },
    "media.ffmpeg": { label: "ffmpeg", hint: "Path of the program. Empty: the one on the search path." },
    "memory.script": {
      label: "Made-up memory readings",
      hint: "A file of them is played instead of this machine’s own, for demonstrations.",
    },
  },
};
