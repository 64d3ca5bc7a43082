import type { FaultCode } from "../../api/types";

/** What went wrong and what to do, by code. In English the server's own words come first where they are for people. */
export const faults = {
  internal: {
    message: "Something went wrong in Sluice.",
    hint: "Try again. If it stays, report it with the log.",
  },
  request_invalid: {
    message: "This cannot be done as it was asked.",
    hint: "See whether something has changed meanwhile, and try it again.",
  },
  request_too_large: {
    message: "The request is too large.",
    hint: "Add big files as files, not inside a form.",
  },
  host_refused: {
    message: "This address is not Sluice's own.",
    hint: "Open the page at the address Sluice listens on.",
  },
  origin_refused: { message: "The request came from another site.", hint: "Open Sluice's own page." },
  token_required: {
    message: "The token is missing or wrong.",
    hint: "Open the page again with the right token.",
  },
  server_busy: { message: "Too many windows or uploads use Sluice at once.", hint: "Try again in a moment." },
  still_working: {
    message: "The job takes longer than the request waited.",
    hint: "It goes on: find it in the queue.",
  },
  route_unknown: {
    message: "Sluice does not know this request.",
    hint: "Reload the page: it may be of another version.",
  },
  method_refused: {
    message: "Sluice does not take this request.",
    hint: "Reload the page: it may be of another version.",
  },
  setting_invalid: {
    message: "A setting has a wrong name or value.",
    hint: "Correct the setting and start again.",
  },
  setting_locked: {
    message: "This setting cannot be changed here.",
    hint: "Set it in settings.toml or in the app’s own window.",
  },
  job_unknown: { message: "This job is not there.", hint: "It may have been deleted." },
  job_final: { message: "The job has already ended.", hint: "To run it once more, try it again." },
  job_live: { message: "The job has not ended.", hint: "Cancel it first." },
  job_running: { message: "The job is running.", hint: "Cancel it, or pause the line for those behind it." },
  job_duplicate: { message: "The same job is already in line.", hint: "Wait for that one." },
  no_window: { message: "This Sluice runs without a window.", hint: "Use its page in a browser." },
  not_ready: { message: "The result is not there yet.", hint: "Wait until the job is done." },
  edit_conflict: {
    message: "Somebody else has changed this text meanwhile.",
    hint: "Look at it as it is now, and correct that.",
  },
  idempotency_key_reused: { message: "This key was used for another request.", hint: "Use a new key." },
  upload_unknown: { message: "The sent file is no longer there.", hint: "Send it again." },
  upload_broken: { message: "The file did not arrive whole.", hint: "Send it again." },
  source_missing: {
    message: "The file is not there.",
    hint: "Connect the disk it is on, or put it back. If it is in iCloud only, download it first.",
  },
  source_denied: {
    message: "The file may not be read.",
    hint: "Allow Sluice to read its folder. On a Mac: System Settings > Privacy & Security > Files and Folders.",
  },
  source_changed: { message: "The file has changed since it was added.", hint: "Add it again." },
  source_too_large: {
    message: "The file at the address is larger than one may be.",
    hint: "Download it yourself and add the file, or raise fetch.max.",
  },
  url_refused: {
    message: "Sluice does not go to this address by itself.",
    hint: "Download the file yourself and add it. If the server is one of yours, name it in fetch.allow.",
  },
  url_unreachable: {
    message: "The server of the address does not answer.",
    hint: "It is tried again by itself. Check the address and the connection.",
  },
  url_broken: {
    message: "The server of the address does not give the file as it should.",
    hint: "It is tried again. If it stays, download the file yourself and add it.",
  },
  url_failed: {
    message: "The server does not have this file, or does not give it to everybody.",
    hint: "Check the address. Download what needs a login yourself and add it.",
  },
  not_a_file: { message: "This is not a file.", hint: "Choose one media file." },
  not_media: {
    message: "This is no audio or video.",
    hint: "Convert it to mp4, mov, mp3, wav or another common kind.",
  },
  no_audio_track: { message: "The file has no sound.", hint: "Choose a file with an audio track." },
  audio_track_unknown: {
    message: "The file has no such audio track.",
    hint: "Choose one of the tracks it has.",
  },
  unsupported_codec: {
    message: "The sound is in a form that cannot be read here.",
    hint: "Convert the sound to AAC, MP3 or PCM.",
  },
  file_damaged: { message: "The file is damaged.", hint: "Copy or export it again." },
  file_empty: { message: "The file is empty.", hint: "Copy or export it again." },
  ffmpeg_missing: { message: "ffmpeg is not installed.", hint: "Install it: brew install ffmpeg." },
  ffmpeg_crashed: { message: "ffmpeg was stopped or crashed.", hint: "It is tried again." },
  model_unknown: { message: "No model has this name.", hint: "Choose another model." },
  model_missing: {
    message: "The model is not installed.",
    hint: "Download it in Models; the job goes on by itself.",
  },
  model_damaged: { message: "The model file is damaged.", hint: "Download it again in Models." },
  model_in_use: { message: "A job needs this model right now.", hint: "Cancel the job, or wait for it." },
  model_too_large: { message: "The model can never fit on this machine.", hint: "Choose a smaller model." },
  download_failed: {
    message: "The model could not be downloaded.",
    hint: "Check the connection and try again: it goes on where it stopped.",
  },
  language_unknown: {
    message: "Sluice does not know this language.",
    hint: "Choose another one.",
  },
  memory_short: {
    message: "There is too little memory right now.",
    hint: "It starts by itself when memory is free.",
  },
  disk_full: { message: "The disk is full.", hint: "Free some space; nothing was lost." },
  engine_busy: {
    message: "Another Sluice uses the speech engine.",
    hint: "It starts by itself when that one is done.",
  },
  engine_unbuilt: { message: "This build has no speech engine.", hint: "Build it with: make build." },
  engine_crashed: { message: "The speech engine crashed.", hint: "It is tried again from where it was." },
  engine_stopped: {
    message: "The speech engine was stopped, by somebody or by another program.",
    hint: "The next try goes on where it was.",
  },
  engine_stuck: {
    message: "The speech engine stopped answering.",
    hint: "It is tried again from where it was.",
  },
  engine_out_of_memory: {
    message: "The speech engine was stopped because memory ran out.",
    hint: "Close some programs or choose a smaller model.",
  },
  worker_crashed: {
    message: "The job took Sluice down too often.",
    hint: "Try another model, or report the file.",
  },
  canceled_by_user: { message: "Somebody canceled the job.", hint: "Try it again." },
  interrupted: { message: "Sluice was stopped while it worked on this.", hint: "It goes on where it was." },
  store_locked: { message: "Another Sluice holds the data folder.", hint: "Use the one that runs." },
  store_too_new: { message: "The data was written by a newer Sluice.", hint: "Update Sluice." },
  store_damaged: { message: "The database is damaged.", hint: "Move the file aside and start again." },
  server_away: { message: "Sluice does not answer.", hint: "It is asked again until it is back." },
  ollama_unreachable: {
    message: "Ollama does not answer.",
    hint: "Open Ollama, or start it with: ollama serve.",
  },
  ollama_failed: {
    message: "Ollama answers with an error, or something else answers in its place.",
    hint: "Start Ollama again, or see its own log.",
  },
  ollama_busy: {
    message: "Ollama is at work and keeps its model in memory.",
    hint: "Wait until its other work is done, or stop the model with: ollama stop NAME.",
  },
  ollama_missing: {
    message: "Ollama is not installed.",
    hint: "Install it from ollama.com, or with: brew install ollama.",
  },
  ollama_crashed: {
    message: "Ollama ended in the middle of an answer.",
    hint: "It is tried again from where it was.",
  },
  ollama_out_of_memory: {
    message: "Ollama had too little memory for the model.",
    hint: "Close some programs or choose a smaller model.",
  },
  ollama_stuck: {
    message: "Ollama stopped answering.",
    hint: "It is tried again from where it was. If it stays, start Ollama again.",
  },
  delivery_unknown: { message: "This message is not there.", hint: "It may have gone with its job." },
  webhook_refused: {
    message: "Sluice does not send results to this address by itself.",
    hint: "If the receiver is one of yours, name it in webhook.allow.",
  },
  app_misplaced: {
    message: "The system would not find this Sluice again.",
    hint: "Move it to the Applications folder and open it from there.",
  },
  place_taken: { message: "Something else is in its place.", hint: "Move that aside, and try again." },
  place_denied: {
    message: "Sluice may not write there.",
    hint: "Change who may write to that folder, and try again.",
  },
} satisfies Record<FaultCode, Fault>;

/** Fault is a failure in words. */
export type Fault = { message: string; hint: string };
