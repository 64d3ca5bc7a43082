package models

import "sluice/internal/job"

// Entry is one model that can be downloaded.
type Entry struct {
	Name        string
	Description string
	Languages   job.Languages
	Bytes       int64  // exact size of the file; 0 = not known
	NeedBytes   int64  // memory the engine takes with it, without the sound
	SHA256      string // published, lower case; "" = none known, then size and header are all the proof
	URL         string // of the file; "" = below Config.BaseURL
}

// File is the name of the model's file.
func (e Entry) File() string { return "ggml-" + e.Name + ".bin" }

// What the engine takes beyond the weights: attention caches and compute
// buffers. They depend on the shape of the model and not on how its weights
// are quantised. tiny to large are the memory figures of whisper.cpp's README
// less the size of its files. turbo has no figure there: it has the encoder of
// large and 4 of its 32 decoder layers, which leaves an eighth of 320 MiB of
// attention caches; since the README rounds large to a tenth of a gigabyte,
// that is 490 to 770 MiB, and the middle is taken. All of them are only the
// first guess: the measured peak replaces them.
const (
	mib           = 1 << 20
	beyondTiny    = 200 * mib
	beyondBase    = 248 * mib
	beyondSmall   = 388 * mib
	beyondMedium  = 690 * mib
	beyondLarge   = 1050 * mib
	beyondTurbo   = 640 * mib
	textQuantised = " Smaller file, nearly the same text."
)

// Catalog lists the models of the whisper.cpp project. Sizes and SHA-256 are
// those that its Hugging Face repository publishes for the files; each was
// found alike in at least two independent public lists.
func Catalog() []Entry {
	entry := func(name, description string, languages job.Languages, bytes, beyond int64, sum string) Entry {
		return Entry{Name: name, Description: description, Languages: languages, Bytes: bytes, NeedBytes: bytes + beyond, SHA256: sum}
	}
	const (
		turbo  = "Nearly the quality of large-v3, several times faster."
		large  = "The best text; slow, and needs the most memory."
		medium = "Good text; slower than turbo and usually not better."
		small  = "Fair text on a machine with little memory."
		base   = "Rough text, fast."
		tiny   = "The roughest text, the fastest."
	)
	return []Entry{
		entry("large-v3-turbo-q5_0", turbo+" Fits beside other programs on 16 GB.", job.Multilingual, 574_041_195, beyondTurbo, "394221709cd5ad1f40c46e6031ca61bce88931e6e088c188294c6d5a55ffa7e2"),
		entry("large-v3-turbo-q8_0", turbo+textQuantised, job.Multilingual, 874_188_075, beyondTurbo, "317eb69c11673c9de1e1f0d459b253999804ec71ac4c23c17ecf5fbe24e259a1"),
		entry("large-v3-turbo", turbo, job.Multilingual, 1_624_555_275, beyondTurbo, "1fc70f774d38eb169993ac391eea357ef47c88757ef72ee5943879b7e8e2bc69"),
		entry("large-v3-q5_0", large+textQuantised, job.Multilingual, 1_081_140_203, beyondLarge, "d75795ecff3f83b5faa89d1900604ad8c780abd5739fae406de19f23ecd98ad1"),
		entry("large-v3", large, job.Multilingual, 3_095_033_483, beyondLarge, "64d182b440b98d5203c4f9bd541544d84c605196c4f7b845dfa11fb23594d1e2"),
		entry("medium", medium, job.Multilingual, 1_533_763_059, beyondMedium, "6c14d5adee5f86394037b4e4e8b59f1673b6cee10e3cf0b11bbdbee79c156208"),
		entry("medium-q5_0", medium+textQuantised, job.Multilingual, 539_212_467, beyondMedium, "19fea4b380c3a618ec4723c3eef2eb785ffba0d0538cf43f8f235e7b3b34220f"),
		entry("medium-q8_0", medium+textQuantised, job.Multilingual, 823_369_779, beyondMedium, "42a1ffcbe4167d224232443396968db4d02d4e8e87e213d3ee2e03095dea6502"),
		entry("medium.en", medium, job.English, 1_533_774_781, beyondMedium, "cc37e93478338ec7700281a7ac30a10128929eb8f427dda2e865faa8f6da4356"),
		entry("medium.en-q5_0", medium+textQuantised, job.English, 539_225_533, beyondMedium, "76733e26ad8fe1c7a5bf7531a9d41917b2adc0f20f2e4f5531688a8c6cd88eb0"),
		entry("small", small, job.Multilingual, 487_601_967, beyondSmall, "1be3a9b2063867b937e64e2ec7483364a79917e157fa98c5d94b5c1fffea987b"),
		entry("small-q5_1", small+textQuantised, job.Multilingual, 190_085_487, beyondSmall, "ae85e4a935d7a567bd102fe55afc16bb595bdb618e11b2fc7591bc08120411bb"),
		entry("small-q8_0", small+textQuantised, job.Multilingual, 264_464_607, beyondSmall, "49c8fb02b65e6049d5fa6c04f81f53b867b5ec9540406812c643f177317f779f"),
		entry("small.en", small, job.English, 487_614_201, beyondSmall, "c6138d6d58ecc8322097e0f987c32f1be8bb0a18532a3f88f734d1bbf9c41e5d"),
		entry("small.en-q5_1", small+textQuantised, job.English, 190_098_681, beyondSmall, "bfdff4894dcb76bbf647d56263ea2a96645423f1669176f4844a1bf8e478ad30"),
		entry("small.en-q8_0", small+textQuantised, job.English, 264_477_561, beyondSmall, "67a179f608ea6114bd3fdb9060e762b588a3fb3bd00c4387971be4d177958067"),
		entry("base", base, job.Multilingual, 147_951_465, beyondBase, "60ed5bc3dd14eea856493d334349b405782ddcaf0028d4b5df4088345fba2efe"),
		entry("base-q5_1", base+textQuantised, job.Multilingual, 59_707_625, beyondBase, "422f1ae452ade6f30a004d7e5c6a43195e4433bc370bf23fac9cc591f01a8898"),
		entry("base-q8_0", base+textQuantised, job.Multilingual, 81_768_585, beyondBase, "c577b9a86e7e048a0b7eada054f4dd79a56bbfa911fbdacf900ac5b567cbb7d9"),
		entry("base.en", base, job.English, 147_964_211, beyondBase, "a03779c86df3323075f5e796cb2ce5029f00ec8869eee3fdfb897afe36c6d002"),
		entry("base.en-q5_1", base+textQuantised, job.English, 59_721_011, beyondBase, "4baf70dd0d7c4247ba2b81fafd9c01005ac77c2f9ef064e00dcf195d0e2fdd2f"),
		entry("tiny", tiny, job.Multilingual, 77_691_713, beyondTiny, "be07e048e1e599ad46341c8d2a135645097a538221678b7acdd1b1919c6e1b21"),
		entry("tiny-q5_1", tiny+textQuantised, job.Multilingual, 32_152_673, beyondTiny, "818710568da3ca15689e31a743197b520007872ff9576237bda97bd1b469c3d7"),
		entry("tiny-q8_0", tiny+textQuantised, job.Multilingual, 43_537_433, beyondTiny, "c2085835d3f50733e2ff6e4b41ae8a2b8d8110461e18821b09a15c40c42d1cca"),
		entry("tiny.en", tiny, job.English, 77_704_715, beyondTiny, "921e4cf8686fdd993dcd081a5da5b6c365bfde1162e72b08d75ac75289920b1f"),
		entry("tiny.en-q5_1", tiny+textQuantised, job.English, 32_166_155, beyondTiny, "c77c5766f1cef09b6b7d47f21b546cbddd4157886b3b5d6d4f709e91e66c7c2b"),
		entry("tiny.en-q8_0", tiny+textQuantised, job.English, 43_550_795, beyondTiny, "5bc2b3860aa151a4c6e7bb095e1fcce7cf12c7b020ca08dcec0c6d018bb7dd94"),
	}
}
