package notice

import "sluice/internal/fault"

// KoreanFailure is what is said of a failure in Korean.
func KoreanFailure(code fault.Code) string { return koreanFailure(code) }
