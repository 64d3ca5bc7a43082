import type { library as en } from "../en/library";

export const library: typeof en = {
  search: "제목과 내용 검색",
  clear: "검색어 지우기",
  loading: "보관함을 읽고 있습니다…",
  failed: "보관함을 읽지 못했습니다.",
  loadingMore: "더 읽고 있습니다…",
  kind: "끝난 상태",
  list: "완료된 텍스트",
  listFailed: "실패한 작업",
  count: {
    done: (n) => `${n}개`,
    failed: (n) => `실패 ${n}개`,
  },
  warnings: (n) => `참고 ${n}건`,
  empty: "아직 완료된 것이 없습니다",
  emptyHint: "대기열에 동영상을 놓으면 텍스트가 여기에 나타납니다.",
  noneFailed: "실패한 작업이 없습니다",
  toQueue: "대기열로 가기",
  results: "검색 결과",
  lines: "내용에서 찾은 곳",
  found: (places, jobs, more) =>
    `작업 ${jobs}${more ? "+" : ""}개에서 ${places}${more ? "+" : ""}곳을 찾았습니다`,
  moreLines: (n, open) => `${n}${open ? "+" : ""}줄 더 보기`,
  none: "제목에도 내용에도 이 검색어가 없습니다",
  noWord: "글자나 숫자를 입력하세요",
  searchFailed: "검색하지 못했습니다.",
};
