package settings

import (
	"strings"
	"time"

	"sluice/internal/job"
)

// Key is one row of the table of settings.
type Key struct {
	Name    string // as in "server.listen"
	Doc     string // sentences, for the file and the docs
	Default string // as the environment writes it; "" = chosen at run time, see Doc
	Example string // a value that shows the form, when Default does not
	Secret  bool   // never shown
	Locked  bool   // not over HTTP: it runs programs, opens doors or holds secrets
	Live    bool   // a change takes effect at once; else with the next start

	Choices []string // what it, or each of its list, can be; nil = more than can be listed

	field func(*Settings) field
}

// Env is the variable that sets the key: a.b is SLUICE_A_B.
func (k Key) Env() string {
	return "SLUICE_" + strings.ToUpper(strings.ReplaceAll(k.Name, ".", "_"))
}

// example writes a right value as TOML.
func (k Key) example() string {
	text := k.Default
	if k.Example != "" {
		text = k.Example
	}
	return k.Name + " = " + k.field(&Settings{}).toml(text)
}

// Keys lists every setting in the order of the docs. Each has a reader; there
// are none for later.
func Keys() []Key {
	return []Key{
		{
			Name:    "server.listen",
			Doc:     "Address of the API and the web page. Beyond 127.0.0.1 a token is required. Port 0 takes any free one.",
			Default: "127.0.0.1:7584", Locked: true,
			field: func(s *Settings) field { return textField{&s.Server.Listen, address} },
		},
		{
			Name:    "server.token",
			Doc:     `Secret that every client must send. Empty: none is asked for. "auto": one is made at each start and written to a file that only you can read.`,
			Example: "auto", Secret: true, Locked: true,
			field: func(s *Settings) field { return textField{(*string)(&s.Server.Token), token} },
		},
		{
			Name:    "server.roots",
			Doc:     "Folders whose files other machines may name as a source. Only used when listening beyond 127.0.0.1.",
			Example: "~/Movies", Locked: true,
			field: func(s *Settings) field { return pathsField{&s.Server.Roots} },
		},
		{
			Name:    "server.sync_timeout",
			Doc:     "How long a request to /v1/audio/transcriptions waits for its job. The job goes on after that, and the same request sent again waits for it.",
			Default: "10m", Live: true,
			field: func(s *Settings) field { return durationField{&s.Server.SyncTimeout, time.Second, 24 * time.Hour} },
		},
		{
			Name:    "speech.model",
			Doc:     "Speech model: a name from 'sluice models list', or the name of a file in models.dir without its ending. Empty: chosen by this machine's memory.",
			Example: "large-v3-turbo-q5_0",
			Live:    true,
			field:   func(s *Settings) field { return textField{&s.Speech.Model, modelName} },
		},
		{
			Name:    "speech.language",
			Doc:     `Language that is spoken: a code such as "en" or "ko", or "auto" to find out.`,
			Default: "auto",
			Live:    true,
			field:   func(s *Settings) field { return textField{&s.Speech.Language, language} },
		},
		{
			Name:    "speech.beam_size",
			Doc:     "Guesses that are followed at the same time: 1 is fastest, 5 is best.",
			Default: "5",
			Live:    true,
			field:   func(s *Settings) field { return numberField{&s.Speech.BeamSize, 1, 8} },
		},
		{
			Name:    "speech.threads",
			Doc:     "Processor threads for the recogniser. 0: chosen by this machine.",
			Default: "0",
			Live:    true,
			field:   func(s *Settings) field { return numberField{&s.Speech.Threads, 0, 64} },
		},
		{
			Name:    "speech.words",
			Doc:     "Find the time of every word too. It takes a little longer.",
			Default: "false",
			Live:    true,
			field:   func(s *Settings) field { return switchField{&s.Speech.Words} },
		},
		{
			Name:    "speech.prompt",
			Doc:     "Names and words that are likely to come, told to the recogniser so that it writes them right. Only the last 224 of its tokens count.",
			Example: "Sluice, Seoul, Kim Mina, ggml.",
			Live:    true,
			field:   func(s *Settings) field { return textField{&s.Speech.Prompt, prompt} },
		},
		{
			Name:    "models.dir",
			Doc:     "Folder of the speech models. Empty: the folder models beside the database.",
			Example: "/Volumes/Models", Locked: true,
			field: func(s *Settings) field { return pathField{&s.Models.Dir, false} },
		},
		{
			Name:    "models.url",
			Doc:     "Address to download speech models from, for a mirror of your own. Empty: where the catalog says.",
			Example: "https://models.example.com/whisper", Locked: true,
			field: func(s *Settings) field { return textField{&s.Models.URL, webAddress} },
		},
		{
			Name:    "models.catalog",
			Doc:     "File of further speech models to download: a JSON list of objects with name and bytes and, if known, url, sha256, description, languages (multilingual or english) and need_bytes. Without a url a model is looked for below models.url.",
			Example: "~/models.json", Locked: true,
			field: func(s *Settings) field { return pathField{&s.Models.Catalog, false} },
		},
		{
			Name:    "models.auto_download",
			Doc:     "Download the speech model that a new job needs, when it is not installed.",
			Default: "false",
			Live:    true,
			field:   func(s *Settings) field { return switchField{&s.Models.AutoDownload} },
		},
		{
			Name:    "media.ffmpeg",
			Doc:     "Path of ffmpeg; ffprobe is looked for beside it. Empty: the one on the search path.",
			Example: "/opt/homebrew/bin/ffmpeg", Locked: true,
			field: func(s *Settings) field { return pathField{&s.Media.FFmpeg, true} },
		},
		{
			Name:    "ollama.host",
			Doc:     "Where Ollama, which runs the language models, listens: a whole address, or a name and a port as Ollama's own OLLAMA_HOST has them.",
			Default: "http://127.0.0.1:11434", Locked: true,
			field: func(s *Settings) field { return textField{&s.Ollama.Host, ollamaHost} },
		},
		{
			Name:    "ollama.model",
			Doc:     "Language model for translations and summaries, as 'ollama list' names it. Empty: chosen by this machine's memory.",
			Example: "gemma3:4b",
			Live:    true,
			field:   func(s *Settings) field { return textField{&s.Ollama.Model, ollamaModel} },
		},
		{
			Name:    "ollama.context",
			Doc:     "Tokens that the language model sees at once. More of it needs more memory. 0: chosen by this machine, 8192 on a Mac with 18 GB.",
			Default: "0", Example: "8192",
			field: func(s *Settings) field { return numberField{&s.Ollama.Context, 0, 1 << 20} },
		},
		{
			Name:    "ollama.start",
			Doc:     "Start Ollama when a job needs it, it is installed and nobody listens at ollama.host, and end it with Sluice.",
			Default: "true", Locked: true,
			field: func(s *Settings) field { return switchField{&s.Ollama.Start} },
		},
		{
			Name:    "ollama.path",
			Doc:     "Path of the program ollama, for ollama.start. Empty: looked for where it is usually installed, and on the search path.",
			Example: "/opt/homebrew/bin/ollama", Locked: true,
			field: func(s *Settings) field { return pathField{&s.Ollama.Path, true} },
		},
		{
			Name:    "ollama.when_away",
			Doc:     `What a job does that wants a translation or a summary while Ollama cannot be reached or does not have the model: "wait" until it comes, or "finish" with the transcript and a warning.`,
			Default: "wait",
			Live:    true, Choices: []string{"wait", "finish"},
			field: func(s *Settings) field { return textField{&s.Ollama.WhenAway, oneOf("wait", "finish")} },
		},
		{
			Name:    "defaults.translate_to",
			Doc:     `Languages that a job's transcript is translated into unless the job says otherwise: codes such as "ko" and "en".`,
			Example: "ko",
			Live:    true,
			field:   func(s *Settings) field { return textsField{&s.Defaults.TranslateTo, textLanguage} },
		},
		{
			Name:    "defaults.summarize",
			Doc:     "Sum up what was said unless a job says otherwise.",
			Default: "false",
			Live:    true,
			field:   func(s *Settings) field { return switchField{&s.Defaults.Summarize} },
		},
		{
			Name:    "summary.template",
			Doc:     `What matters in a summary: that of a "general" recording, a "meeting", a "lecture" or an "interview".`,
			Default: "general",
			Live:    true, Choices: job.Templates(),
			field: func(s *Settings) field {
				return textField{&s.Summary.Template, oneOf(job.Templates()...)}
			},
		},
		{
			Name:    "summary.language",
			Doc:     "Language of summaries. Empty: that of the recording.",
			Example: "en",
			Live:    true,
			field:   func(s *Settings) field { return textField{&s.Summary.Language, orNone(textLanguage)} },
		},
		{
			Name:    "translate.register",
			Doc:     `How a translation into Korean addresses its listener: "formal" (합니다체) or "polite" (해요체). Empty: as the model likes.`,
			Example: "polite",
			Live:    true, Choices: append([]string{""}, job.Registers()...),
			field: func(s *Settings) field { return textField{&s.Translate.Register, orNone(oneOf(job.Registers()...))} },
		},
		{
			Name:    "translate.glossary",
			Doc:     `TOML file of words and names with their translations: a table for each pair of languages, such as [en.ko] with "sluice" = "수문" in it, or [any.ko] for whatever is spoken. It is read when a job is submitted.`,
			Example: "~/glossary.toml", Locked: true,
			Live:  true,
			field: func(s *Settings) field { return pathField{&s.Translate.Glossary, false} },
		},
		{
			Name:    "webhook.url",
			Doc:     "Address that is told of every job that ends, with its result, unless the job names another. Empty: nobody is.",
			Example: "https://backend.example.com/transcripts", Secret: true, Locked: true,
			field: func(s *Settings) field { return textField{(*string)(&s.Webhook.URL), webhookAddress} },
		},
		{
			Name:    "webhook.secret",
			Doc:     "Key that messages to webhooks are signed with. Empty: one is made when it is first needed and kept where only you can read it; 'sluice webhook-key' prints it.",
			Example: "a long random text", Secret: true, Locked: true,
			Live:  true,
			field: func(s *Settings) field { return textField{(*string)(&s.Webhook.Secret), plainText} },
		},
		{
			Name:    "webhook.allow",
			Doc:     "Places on this machine or its own network that results may be sent to: written like fetch.allow.",
			Example: "127.0.0.1:3000", Locked: true,
			field: func(s *Settings) field { return textsField{&s.Webhook.Allow, target} },
		},
		{
			Name:    "export.dir",
			Doc:     "Folder that the texts of every finished job are written into. What lies there already is never written over. Empty: nothing is written.",
			Example: "~/Transcripts", Locked: true,
			Live:  true,
			field: func(s *Settings) field { return pathField{&s.Export.Dir, false} },
		},
		{
			Name:    "export.name",
			Doc:     "Names of these files without their ending, made with {title}, {language}, {date}, {id}, {source} and {video_id}; a / makes a folder.",
			Default: "{title}.{language}", Locked: true,
			Live:  true,
			field: func(s *Settings) field { return textField{&s.Export.Name, plainText} },
		},
		{
			Name:    "export.formats",
			Doc:     "Forms of these files: srt, vtt, txt, md, json.",
			Default: "srt,txt",
			Live:    true, Choices: []string{"srt", "vtt", "txt", "md", "json"},
			field: func(s *Settings) field {
				return textsField{&s.Export.Formats, oneOf("srt", "vtt", "txt", "md", "json")}
			},
		},
		{
			Name:    "memory.ceiling",
			Doc:     "Most memory that one stage may be planned with. 0: chosen by this machine, about 11 GB on a Mac with 18 GB.",
			Default: "0", Example: "10GB",
			field: func(s *Settings) field { return sizeField{&s.Memory.Ceiling, 256e6, true} },
		},
		{
			Name:    "memory.script",
			Doc:     "File of made-up memory readings, one JSON object per line, to play instead of this machine's own. For demonstrations and tests. Empty: the machine itself.",
			Example: "~/pressure.ndjson", Locked: true,
			field: func(s *Settings) field { return pathField{&s.Memory.Script, false} },
		},
		{
			Name:    "power.only_on_ac",
			Doc:     "Start work only on mains power, and put a running job back 10 seconds after the plug is pulled.",
			Default: "false",
			Live:    true,
			field:   func(s *Settings) field { return switchField{&s.Power.OnlyOnAC} },
		},
		{
			Name:    "uploads.max",
			Doc:     "Most that uploads may take together, and so the largest one. They stay for a day after their last job.",
			Default: "50GB",
			Live:    true,
			field:   func(s *Settings) field { return sizeField{&s.Uploads.Max, 1e6, false} },
		},
		{
			Name:    "watch.folders",
			Doc:     "Folders whose new audio and video files become jobs by themselves, each once. A file is taken when it has stopped growing. Files that are there when a folder is first looked at are left alone, unless watch.existing is true; what comes later is taken, also what came while Sluice did not run.",
			Example: "~/Movies/Inbox", Locked: true,
			Live:  true,
			field: func(s *Settings) field { return pathsField{&s.Watch.Folders} },
		},
		{
			Name:    "watch.recursive",
			Doc:     "Watch the folders within watch.folders too. Links are not followed.",
			Default: "false",
			Live:    true,
			field:   func(s *Settings) field { return switchField{&s.Watch.Recursive} },
		},
		{
			Name:    "watch.existing",
			Doc:     "Take the files too that were there before a folder was first looked at.",
			Default: "false",
			Live:    true,
			field:   func(s *Settings) field { return switchField{&s.Watch.Existing} },
		},
		{
			Name:    "watch.settle",
			Doc:     "How long a file in a watched folder must not have changed before it is taken. Raise it when files come over a slow network.",
			Default: "10s",
			Live:    true,
			field:   func(s *Settings) field { return durationField{&s.Watch.Settle, 100 * time.Millisecond, time.Hour} },
		},
		{
			Name:    "fetch.max",
			Doc:     "Largest file that a source on the web may be. It is downloaded when its job's turn comes and stays for a day after the job.",
			Default: "20GB",
			Live:    true,
			field:   func(s *Settings) field { return sizeField{&s.Fetch.Max, 1e6, false} },
		},
		{
			Name:    "fetch.allow",
			Doc:     "Places on this machine or its own network that a source on the web may come from: a name or an address, with a port or without, or a network such as 192.168.0.0/24. Others are refused, since an address could be used to reach what only this machine can reach.",
			Example: "nas.local", Locked: true,
			field: func(s *Settings) field { return textsField{&s.Fetch.Allow, target} },
		},
		{
			Name:    "disk.min_free",
			Doc:     "Space that Sluice leaves free on the disk. 0: it may fill it.",
			Default: "2GB",
			field:   func(s *Settings) field { return sizeField{&s.Disk.MinFree, 1e6, true} },
		},
		{
			Name:    "notify.about",
			Doc:     `What the app tells of by a notification while its window is not in front: "line" when all that waited is done, "each" for every job, "off" for nothing. With "line" and "each" a job that failed is told of at once.`,
			Default: "line",
			Live:    true, Choices: []string{"line", "each", "off"},
			field: func(s *Settings) field { return textField{&s.Notify.About, oneOf("line", "each", "off")} },
		},
		{
			Name:    "updates.check",
			Doc:     "Ask once a day whether there is a newer Sluice. Nothing is sent but the question, and nothing is installed.",
			Default: "false",
			Live:    true,
			field:   func(s *Settings) field { return switchField{&s.Updates.Check} },
		},
		{
			Name:    "updates.feed",
			Doc:     "Where is asked for a newer Sluice: an address that answers with JSON of a release, with tag_name and html_url.",
			Default: "https://api.github.com/repos/sluice-app/sluice/releases/latest", Locked: true,
			field: func(s *Settings) field { return textField{&s.Updates.Feed, webAddress} },
		},
	}
}
