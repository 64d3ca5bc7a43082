package media

import "strconv"

// containers are the formats that are opened, by ffmpeg's names. ffmpeg looks
// at content, not at names, so a playlist called holiday.mp4 is run as one:
// with the protocols below already in force a 45-byte "mp4" still made ffmpeg
// 5.1.9 decode another file of the same folder (ffconcat with a plain name).
// The list holds containers only: no playlists (hls, dash, concat), no images,
// no subtitles, no devices, no bare PCM, which any file would pass for.
const containers = "mov,mp4,m4a,3gp,3g2,mj2," +
	"matroska,webm,avi,asf,flv,mpegts,mpeg,mpegvideo,mxf,dv,rm," +
	"wav,w64,aiff,caf,au,mp3,aac,ac3,eac3,dts,flac,ogg,amr,amrnb,amrwb,ape,wv,tta"

// maxAlloc is the largest single block ffmpeg may take. Decoders stay far
// below it; what grows is the silence aresample puts into a hole, which it
// builds up in memory: 0.45 GB for two hours in 16 kHz mono, and this stops it
// at 0.85 GB, a hole of four and a half hours (both measured).
const maxAlloc = 512 << 20

// input is how both programs open a source.
//
//   - -hide_banner and -loglevel level+LEVEL: stderr is read by us, line by
//     line, and every line says how bad it is.
//   - -max_alloc: see maxAlloc.
//   - -protocol_whitelist file,pipe: nothing that a file names is fetched (an
//     HLS list called .mp4 asked for an address on this machine, measured).
//   - -format_whitelist: see containers.
//   - file: in front of the path, which is absolute: names with a colon, a
//     percent sign or a leading dash are names, neither protocols nor options.
//
// External references inside mov files stay off: that is ffmpeg's default.
func input(level, source string) []string {
	return []string{
		"-hide_banner", "-loglevel", "level+" + level,
		"-max_alloc", strconv.Itoa(maxAlloc),
		"-protocol_whitelist", "file,pipe",
		"-format_whitelist", containers,
		"-i", "file:" + source,
	}
}

// probeArgs ask ffprobe for the format and the audio tracks, and of those only
// for what is read here: tags may hold whole pictures. The level is warning
// because only a warning tells a duration that is estimated from the bitrate.
func probeArgs(source string) []string {
	return append(input("warning", source),
		"-select_streams", "a",
		"-show_entries", "format=format_name,nb_streams,start_time,duration"+
			":stream=codec_name,channels,sample_rate,start_time,duration"+
			":stream_tags=language,title,DURATION,DURATION-eng"+
			":stream_disposition=default",
		"-of", "json",
	)
}

// frameArgs ask ffprobe for the time and length of every decoded frame.
func frameArgs(source string, track int) []string {
	return append(input("quiet", source),
		"-select_streams", "a:"+strconv.Itoa(track),
		"-show_entries", "frame=best_effort_timestamp_time,nb_samples",
		"-of", "compact=p=0",
	)
}

// decodeArgs turn one track into raw samples on stdout, which we write to disk
// ourselves: only so is a full disk told apart from every other failure, and
// the position in the sound known without a second channel.
//
//   - -nostdin: ffmpeg would read keys from our terminal.
//   - -map 0:a:N: the track by its number among the audio tracks; ffmpeg's
//     first one may be silence (a file whose second track is the default gave
//     40 s of nothing, measured).
//   - -vn -sn -dn: no picture, subtitle or data is decoded, whatever is mapped.
//   - -f s16le: half the size of floats, and what is kept anyway.
//   - -flush_packets 0: 32 KiB at a time, a second of sound, instead of every
//     packet: 586 writes for ten minutes instead of 9375, and a quarter of
//     ffmpeg's processor time less (measured).
func decodeArgs(source string, track int, filter string, channels int) []string {
	args := append([]string{"-nostdin"}, input("error", source)...)
	return append(args,
		"-map", "0:a:"+strconv.Itoa(track), "-vn", "-sn", "-dn",
		"-af", filter,
		"-ac", strconv.Itoa(channels), "-ar", strconv.Itoa(sampleRate),
		"-f", "s16le", "-flush_packets", "0", "pipe:1",
	)
}

// timeline keeps sound where the picture has it. Without async=1 gaps are
// swallowed (7200.0 instead of 7252.6 s for a two-hour file: 52 s of drift at
// its end), and without first_pts=0 a late start (speech at 3.1 s came out at
// 0.2 s). aformat goes first so that holes are filled at 16 kHz mono: filled
// at 48 kHz stereo, two hours of silence took 3.2 GB of memory and ten times
// the time; the sound that comes out is the same.
const timeline = "aformat=sample_fmts=s16:sample_rates=16000:channel_layouts=mono,aresample=async=1:first_pts=0"

// mixed is all channels of a track mixed into one.
func mixed() string { return timeline }

// only is one channel of a track, counted from 0.
func only(channel int) string {
	return "pan=mono|c0=c" + strconv.Itoa(channel) + "," + timeline
}

// apart leaves the channels as they are, for measuring.
const apart = "aformat=sample_fmts=s16:sample_rates=16000"
