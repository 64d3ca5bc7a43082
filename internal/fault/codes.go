package fault

import "sync"

// Code names one failure. Codes are part of the API: they are never renamed.
type Code string

// Every code, in one table; the docs are printed from it and a test checks it.
const (
	Internal          Code = "internal"
	RequestInvalid    Code = "request_invalid"
	RequestTooLarge   Code = "request_too_large"
	HostRefused       Code = "host_refused"
	OriginRefused     Code = "origin_refused"
	TokenRequired     Code = "token_required"
	ServerBusy        Code = "server_busy"
	StillWorking      Code = "still_working"
	RouteUnknown      Code = "route_unknown"
	MethodRefused     Code = "method_refused"
	SettingInvalid    Code = "setting_invalid"
	SettingLocked     Code = "setting_locked"
	JobUnknown        Code = "job_unknown"
	JobFinal          Code = "job_final"
	JobLive           Code = "job_live"
	JobRunning        Code = "job_running"
	JobDuplicate      Code = "job_duplicate"
	NotReady          Code = "not_ready"
	EditConflict      Code = "edit_conflict"
	NoWindow          Code = "no_window"
	IdempotencyReused Code = "idempotency_key_reused"
	UploadUnknown     Code = "upload_unknown"
	UploadBroken      Code = "upload_broken"
	SourceMissing     Code = "source_missing"
	SourceDenied      Code = "source_denied"
	SourceChanged     Code = "source_changed"
	SourceTooLarge    Code = "source_too_large"
	URLRefused        Code = "url_refused"
	URLUnreachable    Code = "url_unreachable"
	URLBroken         Code = "url_broken"
	URLFailed         Code = "url_failed"
	NotAFile          Code = "not_a_file"
	NotMedia          Code = "not_media"
	NoAudioTrack      Code = "no_audio_track"
	AudioTrackUnknown Code = "audio_track_unknown"
	UnsupportedCodec  Code = "unsupported_codec"
	FileDamaged       Code = "file_damaged"
	FileEmpty         Code = "file_empty"
	FFmpegMissing     Code = "ffmpeg_missing"
	FFmpegCrashed     Code = "ffmpeg_crashed"
	ModelUnknown      Code = "model_unknown"
	ModelMissing      Code = "model_missing"
	ModelDamaged      Code = "model_damaged"
	ModelInUse        Code = "model_in_use"
	ModelTooLarge     Code = "model_too_large"
	DownloadFailed    Code = "download_failed"
	LanguageUnknown   Code = "language_unknown"
	MemoryShort       Code = "memory_short"
	DiskFull          Code = "disk_full"
	EngineBusy        Code = "engine_busy"
	EngineUnbuilt     Code = "engine_unbuilt"
	EngineCrashed     Code = "engine_crashed"
	EngineStopped     Code = "engine_stopped"
	EngineStuck       Code = "engine_stuck"
	EngineOutOfMemory Code = "engine_out_of_memory"
	WorkerCrashed     Code = "worker_crashed"
	CanceledByUser    Code = "canceled_by_user"
	Interrupted       Code = "interrupted"
	StoreLocked       Code = "store_locked"
	StoreTooNew       Code = "store_too_new"
	StoreDamaged      Code = "store_damaged"
	ServerAway        Code = "server_away"
	DeliveryUnknown   Code = "delivery_unknown"
	WebhookRefused    Code = "webhook_refused"
	OllamaUnreachable Code = "ollama_unreachable"
	OllamaFailed      Code = "ollama_failed"
	OllamaBusy        Code = "ollama_busy"
	OllamaMissing     Code = "ollama_missing"
	OllamaCrashed     Code = "ollama_crashed"
	OllamaOutOfMemory Code = "ollama_out_of_memory"
	OllamaStuck       Code = "ollama_stuck"
	AppMisplaced      Code = "app_misplaced"
	PlaceTaken        Code = "place_taken"
	PlaceDenied       Code = "place_denied"
)

// Entry is one row of the table of codes.
type Entry struct {
	Code  Code
	Kind  Kind
	HTTP  int    // 0 = the kind's own status
	Crash bool   // the death of a process that ran a stage
	Means string // for the docs
	Hint  string // what people should do when the place of failure knows nothing better
}

// Codes lists every code in the order of the docs.
func Codes() []Entry {
	return []Entry{
		{Internal, KindInternal, 0, false, "a defect in Sluice", "Try again; if it stays, report it with the log."},
		{RequestInvalid, KindInvalid, 0, false, "the request does not follow the schema", "Check the request against /openapi.json."},
		{RequestTooLarge, KindInvalid, 413, false, "the body is larger than this route takes", "Send big files with PUT /api/v1/uploads/{name}, or pass a path."},
		{HostRefused, KindInvalid, 421, false, "the Host header names another host", "Use the address that Sluice listens on, such as http://127.0.0.1:7584."},
		{OriginRefused, KindInvalid, 403, false, "the request comes from another web site", "Only Sluice's own page and local programs may call it."},
		{TokenRequired, KindInvalid, 401, false, "the token is missing or wrong", "Send 'Authorization: Bearer TOKEN' with the token of server.token."},
		{ServerBusy, KindBusy, 0, false, "as many clients as Sluice serves at once are served already", "Try again in a moment."},
		{StillWorking, KindBusy, 0, false, "the job takes longer than a request waits for it", "Send the same request again: it waits for the same job. Or follow the job by its id."},
		{RouteUnknown, KindNotFound, 0, false, "no such route", "See /openapi.json for the routes."},
		{MethodRefused, KindInvalid, 405, false, "the route does not take this method", "See /openapi.json for the methods."},
		{SettingInvalid, KindInvalid, 0, false, "a setting has a wrong name or value", "Correct the setting and start again."},
		{SettingLocked, KindInvalid, 403, false, "the setting cannot be changed through this door", "Set it in settings.toml or in the app's own window."},
		{JobUnknown, KindNotFound, 0, false, "no job has this id", "List the jobs with 'sluice list'."},
		{JobFinal, KindConflict, 0, false, "the job has already ended", "Retry it, or submit the file again."},
		{JobLive, KindConflict, 0, false, "the job has not ended", "Cancel it first."},
		{JobRunning, KindConflict, 0, false, "the job is running", "Cancel it, or pause the line for those behind it."},
		{JobDuplicate, KindConflict, 0, false, "an identical job is in the line", "That one does the same; see 'sluice list'."},
		{NoWindow, KindConflict, 0, false, "this Sluice runs without a window", "Open its page in a browser, or stop it and open the app."},
		{NotReady, KindConflict, 0, false, "the result is not there yet", "Wait until the job is done; format=json gives what is there so far."},
		{EditConflict, KindConflict, 0, false, "the text was changed by somebody else meanwhile", "Look at the text as it is now, and edit that."},
		{IdempotencyReused, KindConflict, 0, false, "the Idempotency-Key was used with another body", "Use a new key for a new request."},
		{UploadUnknown, KindNotFound, 422, false, "no upload has this id", "Send the file again."},
		{UploadBroken, KindInvalid, 400, false, "the upload ended early", "Send the file again."},
		{SourceMissing, KindMedia, 0, false, "the source file is not there", "Check the path; connect the disk it is on."},
		{SourceDenied, KindMedia, 0, false, "the source file may not be read", "Allow Sluice to read the folder."},
		{SourceChanged, KindMedia, 0, false, "the source file is not the one that was submitted", "Submit the file again."},
		{SourceTooLarge, KindMedia, 413, false, "the file at the address is larger than one may be", "Raise fetch.max, or download it yourself and give its path."},
		{URLRefused, KindInvalid, 0, false, "the address leads where Sluice does not go by itself", "Name its host in fetch.allow if it is one of yours, or download the file and give its path."},
		{URLUnreachable, KindUnavailable, 0, false, "the server of the address cannot be reached", "It is tried again by itself; check the address and the connection."},
		{URLBroken, KindUnavailable, 502, false, "the server of the address does not give the file as it should", "It is tried again; if it stays, download the file and give its path."},
		{URLFailed, KindMedia, 0, false, "the server of the address does not have the file, or not for everybody", "Check the address; download what needs a login yourself and give its path."},
		{NotAFile, KindMedia, 0, false, "the source is not a regular file", "Name one media file."},
		{NotMedia, KindMedia, 0, false, "the file is not audio or video of a kind Sluice reads", "Convert it to mp4, mkv, mov, mp3, wav or another common kind."},
		{NoAudioTrack, KindMedia, 0, false, "the file has no sound", "Choose a file with an audio track."},
		{AudioTrackUnknown, KindMedia, 0, false, "the file has no audio track of this number", "Leave audio_track out, or choose one of the tracks the file has."},
		{UnsupportedCodec, KindMedia, 0, false, "the sound is in a form that ffmpeg here cannot read", "Convert the sound to AAC, MP3 or PCM."},
		{FileDamaged, KindMedia, 0, false, "the file is damaged", "Copy or export the file again."},
		{FileEmpty, KindMedia, 0, false, "the file is empty", "Copy or export the file again."},
		{FFmpegMissing, KindUnavailable, 0, false, "ffmpeg is not installed", "Install it: 'brew install ffmpeg' on a Mac, 'apt-get install ffmpeg' on Debian."},
		{FFmpegCrashed, KindUnavailable, 0, true, "ffmpeg was stopped or crashed", "It is tried again; see the log if it stays."},
		{ModelUnknown, KindInvalid, 0, false, "no speech model has this name", "See 'sluice models list'."},
		{ModelMissing, KindNotFound, 0, false, "the model is not installed", "Install it with 'sluice models pull NAME'."},
		{ModelDamaged, KindInvalid, 0, false, "the model file is damaged or no whisper.cpp model", "Remove it and pull it again."},
		{ModelInUse, KindConflict, 0, false, "a live job needs the model", "Cancel the job or wait for it."},
		{ModelTooLarge, KindInvalid, 0, false, "the model can never fit on this machine", "Choose a smaller model."},
		{DownloadFailed, KindUnavailable, 502, false, "the model could not be downloaded", "Check the connection and pull again: it goes on where it stopped."},
		{LanguageUnknown, KindInvalid, 0, false, "the language is not one that Sluice knows", "Use a code such as en or ko, or auto."},
		{MemoryShort, KindBusy, 0, false, "there is too little memory right now", "It starts by itself when memory is free."},
		{DiskFull, KindBusy, 507, false, "the disk is full", "Free some space; nothing was lost."},
		{EngineBusy, KindBusy, 0, false, "another Sluice of this user has the speech engine", "It starts by itself when that one is done."},
		{EngineUnbuilt, KindUnavailable, 0, false, "this build has no speech engine", "Build it with 'make build'."},
		{EngineCrashed, KindUnavailable, 0, true, "the speech engine crashed", "It is tried again from the last finished span."},
		{EngineStopped, KindUnavailable, 0, true, "somebody stopped the speech engine", "It is tried again from the last finished span."},
		{EngineStuck, KindUnavailable, 0, true, "the speech engine stopped answering", "It is tried again from the last finished span."},
		{EngineOutOfMemory, KindUnavailable, 0, true, "the speech engine was stopped because memory ran out", "Close some programs or choose a smaller model."},
		{WorkerCrashed, KindUnavailable, 0, false, "the job took the program down too often", "Try another model, or report the file."},
		{CanceledByUser, KindCanceled, 0, false, "somebody canceled the job", "Retry it to run it again."},
		{Interrupted, KindCanceled, 0, false, "Sluice was stopped while the stage ran", "It goes on where it was when Sluice runs again."},
		{StoreLocked, KindConflict, 0, false, "another Sluice holds the data folder", "Use the one that runs, or set SLUICE_HOME to another folder."},
		{StoreTooNew, KindConflict, 0, false, "the data was written by a newer Sluice", "Update Sluice."},
		{StoreDamaged, KindInternal, 0, false, "the database is damaged", "Move the file aside and start again; it is not deleted."},
		{ServerAway, KindUnavailable, 0, false, "no Sluice answers at the address", "Start it with 'sluice serve', or name it with --server."},
		{DeliveryUnknown, KindNotFound, 0, false, "no delivery has this id", "See the job's deliveries with 'sluice show ID'."},
		{WebhookRefused, KindInvalid, 0, false, "the address of the webhook leads where Sluice does not send results by itself", "Name its host in webhook.allow if it is one of yours."},
		{OllamaUnreachable, KindUnavailable, 0, false, "Ollama does not answer", "Start it: open Ollama.app on a Mac, run 'ollama serve' elsewhere."},
		{OllamaFailed, KindUnavailable, 502, false, "Ollama answers with an error, or something else answers in its place", "See Ollama's own log, or start Ollama again."},
		{OllamaBusy, KindBusy, 0, false, "Ollama is at work and keeps its model in memory", "Wait until its other work is done, or stop the model with 'ollama stop NAME'."},
		{OllamaMissing, KindUnavailable, 0, false, "Ollama is not installed", "Install it: 'brew install ollama', or from ollama.com."},
		{OllamaCrashed, KindUnavailable, 0, true, "Ollama, or the process of its model, ended in the middle of an answer", "It is tried again from the last finished batch."},
		{OllamaOutOfMemory, KindUnavailable, 0, true, "Ollama had too little memory for the model", "Close some programs or choose a smaller model."},
		{OllamaStuck, KindUnavailable, 0, false, "Ollama stopped answering", "It is tried again from the last finished batch; start Ollama again if it stays."},
		{AppMisplaced, KindConflict, 0, false, "the app is where it cannot be installed from", "Move Sluice to the Applications folder and open it from there."},
		{PlaceTaken, KindConflict, 0, false, "something that is not Sluice's stands where Sluice is to be installed", "Move it away or rename it, and try again."},
		{PlaceDenied, KindInvalid, 403, false, "the folder may not be written to", "Make sure that the folder belongs to you, and try again."},
	}
}

// table is Codes by code, built once: faults are made on every path.
var table = sync.OnceValue(func() map[Code]Entry {
	m := map[Code]Entry{}
	for _, e := range Codes() {
		m[e.Code] = e
	}
	return m
})

func lookup(code Code) Entry {
	if e, ok := table()[code]; ok {
		return e
	}
	return Entry{Code: code, Kind: KindInternal}
}
