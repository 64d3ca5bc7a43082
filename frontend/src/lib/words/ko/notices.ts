import type { notices as en } from "../en/notices";

export const notices: typeof en = {
  label: "Sluice 안내",
  dismiss: (title) => `닫기: ${title}`,
  dismissFailed: "알림을 닫지 못했습니다.",
  news: "새로운 내용",
  code: {
    backup_restored: {
      title: () => "백업에서 데이터를 복원했습니다",
      text: (when) =>
        `${when}에 데이터베이스가 손상된 것을 발견했습니다. 백업 이후의 작업은 읽을 수 있는 것만 복원했습니다.`,
      hint: "빠진 작업이 있으면 그 파일을 다시 추가하세요. 손상된 데이터베이스 파일은 지우지 않고 남겨 두었습니다.",
    },
    started_empty: {
      title: () => "새 데이터베이스로 시작했습니다",
      text: (when) =>
        `${when}에 데이터베이스가 손상된 것을 발견했지만 백업이 없었습니다. 이전 작업이 일부 또는 모두 사라졌을 수 있습니다.`,
      hint: "빠진 작업이 있으면 그 파일을 다시 추가하세요. 손상된 데이터베이스 파일은 지우지 않고 남겨 두었습니다.",
    },
    update_available: {
      title: (version) => `Sluice ${version} 버전이 나왔습니다`,
      text: () => "",
      hint: "직접 설치하기 전에는 아무것도 바뀌지 않습니다.",
    },
  },
};
