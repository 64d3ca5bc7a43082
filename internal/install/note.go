package install

// Note is what there is to say about a login beside on and off.
type Note string

// The notes.
const (
	NoteNone      Note = ""
	NoteOther     Note = "other"     // the entry opens another Sluice, or one that is gone
	NoteBarred    Note = "barred"    // the entry is there, but is switched off by the system's settings
	NoteStrange   Note = "strange"   // what is in the place of the entry cannot be read
	NoteMisplaced Note = "misplaced" // this Sluice is where a login would not find it
)

// Say tells the note in a language; English where it is not known.
func (n Note) Say(language string) string {
	korean := language == "ko"
	switch {
	case n == NoteOther && korean:
		return "로그인할 때 다른 위치의 Sluice가 열립니다. 켜면 이 Sluice로 바뀝니다."
	case n == NoteOther:
		return "The login opens a Sluice in another place. Switch it on to open this one."
	case n == NoteBarred && korean:
		return "시스템 설정에서 꺼 두었습니다. 켜면 다시 열립니다."
	case n == NoteBarred:
		return "It was switched off in the settings of the system. Switch it on to open Sluice again."
	case n == NoteStrange && korean:
		return "이 자리에 알 수 없는 파일이 있습니다. 켜면 Sluice의 것으로 바뀝니다."
	case n == NoteStrange:
		return "A file that Sluice did not write is in its place. Switch it on to replace that."
	case n == NoteMisplaced && korean:
		return "Sluice를 응용 프로그램 폴더로 옮긴 뒤 거기서 여세요."
	case n == NoteMisplaced:
		return "Move Sluice to the Applications folder and open it from there."
	}
	return ""
}
