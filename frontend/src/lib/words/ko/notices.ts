import type { notices as en } from "../en/notices";

export const notices: typeof en = {
  label: "데이터에 대한 알림",
  dismiss: (title) => `닫기: ${title}`,
  dismissFailed: "알림을 닫지 못했습니다.",
  code: {
    backup_restored: {
      title: "백업에서 데이터를 되살렸습니다",
      text: (when) =>
        `${when}에 데이터베이스가 손상된 것을 발견했습니다. 백업한 뒤의 작업은 읽을 수 있는 만큼 되찾았습니다.`,
      hint: "빠진 작업이 있으면 그 파일을 다시 추가하세요. 손상된 파일은 지우지 않고 남겨 두었습니다.",
    },
    started_empty: {
      title: "새 데이터베이스로 시작했습니다",
      text: (when) =>
        `${when}에 데이터베이스가 손상된 것을 발견했지만 백업이 없었습니다. 작업은 읽을 수 있는 만큼 되찾았습니다.`,
      hint: "빠진 작업이 있으면 그 파일을 다시 추가하세요. 손상된 파일은 지우지 않고 남겨 두었습니다.",
    },
  },
};
