import type { FaultCode } from "../../api/types";
import type { Fault } from "../en/faults";

export const faults = {
  internal: {
    message: "Sluice에 문제가 생겼습니다.",
    hint: "다시 시도해 보고, 계속되면 로그와 함께 알려 주세요.",
  },
  request_invalid: {
    message: "요청한 대로 할 수 없습니다.",
    hint: "그사이 바뀐 것이 없는지 확인하고 다시 시도하세요.",
  },
  request_too_large: { message: "요청이 너무 큽니다.", hint: "큰 파일은 파일 추가로 넣으세요." },
  host_refused: { message: "Sluice의 주소가 아닙니다.", hint: "Sluice가 쓰는 주소로 페이지를 여세요." },
  origin_refused: { message: "다른 사이트에서 온 요청입니다.", hint: "Sluice 페이지에서 사용하세요." },
  token_required: { message: "토큰이 없거나 틀렸습니다.", hint: "올바른 토큰으로 페이지를 다시 여세요." },
  server_busy: { message: "동시에 열린 창이나 업로드가 너무 많습니다.", hint: "잠시 뒤에 다시 시도하세요." },
  still_working: {
    message: "요청이 기다린 시간보다 작업이 오래 걸립니다.",
    hint: "작업은 계속됩니다. 대기열에서 확인하세요.",
  },
  route_unknown: {
    message: "Sluice가 모르는 요청입니다.",
    hint: "페이지를 새로 고치세요. 버전이 다를 수 있습니다.",
  },
  method_refused: {
    message: "Sluice가 받지 않는 요청입니다.",
    hint: "페이지를 새로 고치세요. 버전이 다를 수 있습니다.",
  },
  setting_invalid: {
    message: "설정의 이름이나 값이 잘못되었습니다.",
    hint: "설정을 고치고 다시 시작하세요.",
  },
  setting_locked: {
    message: "여기서는 바꿀 수 없는 설정입니다.",
    hint: "settings.toml이나 앱 창에서 바꾸세요.",
  },
  job_unknown: { message: "이 작업을 찾을 수 없습니다.", hint: "삭제되었을 수 있습니다." },
  job_final: { message: "이미 끝난 작업입니다.", hint: "필요하면 다시 시도하세요." },
  job_live: { message: "아직 끝나지 않은 작업입니다.", hint: "먼저 취소하세요." },
  job_running: {
    message: "진행 중인 작업입니다.",
    hint: "작업을 취소하세요. 뒤의 작업만 막으려면 대기열을 일시 정지하세요.",
  },
  job_duplicate: { message: "똑같은 작업이 이미 대기열에 있습니다.", hint: "그 작업이 끝나기를 기다리세요." },
  no_window: { message: "이 Sluice는 창 없이 실행 중입니다.", hint: "브라우저에서 페이지를 여세요." },
  not_ready: { message: "결과가 아직 없습니다.", hint: "작업이 끝날 때까지 기다리세요." },
  edit_conflict: {
    message: "그사이 다른 곳에서 이 글을 고쳤습니다.",
    hint: "지금 글을 확인하고 다시 고치세요.",
  },
  idempotency_key_reused: { message: "이 키는 다른 요청에 이미 쓰였습니다.", hint: "새 키를 쓰세요." },
  upload_unknown: { message: "보낸 파일이 남아 있지 않습니다.", hint: "다시 보내세요." },
  upload_broken: { message: "파일이 끝까지 전송되지 않았습니다.", hint: "다시 보내세요." },
  source_missing: {
    message: "파일이 없습니다.",
    hint: "파일이 있는 디스크를 연결하거나, 파일을 제자리에 되돌려 놓으세요. iCloud에만 있으면 먼저 다운로드하세요.",
  },
  source_denied: {
    message: "파일을 읽을 권한이 없습니다.",
    hint: "파일과 폴더의 권한을 확인하세요. Mac에서는 시스템 설정 > 개인정보 보호 및 보안 > 파일 및 폴더에서 허용합니다.",
  },
  source_changed: { message: "추가한 뒤에 파일이 바뀌었습니다.", hint: "다시 추가하세요." },
  source_too_large: {
    message: "주소에 있는 파일이 허용된 크기보다 큽니다.",
    hint: "직접 내려받아 추가하거나 fetch.max 설정 값을 늘리세요.",
  },
  url_refused: {
    message: "Sluice가 직접 가져오지 않는 주소입니다.",
    hint: "파일을 직접 내려받아 추가하세요. 내 서버라면 fetch.allow 설정에 그 이름을 넣으세요.",
  },
  url_unreachable: {
    message: "주소의 서버가 응답하지 않습니다.",
    hint: "저절로 다시 시도합니다. 주소와 네트워크 연결을 확인하세요.",
  },
  url_broken: {
    message: "서버가 파일을 제대로 보내지 않습니다.",
    hint: "자동으로 다시 시도합니다. 계속되면 파일을 직접 내려받아 추가하세요.",
  },
  url_failed: {
    message: "서버에 이 파일이 없거나, 누구나 받을 수 있는 파일이 아닙니다.",
    hint: "주소를 확인하세요. 로그인이 필요한 파일은 직접 내려받아 추가하세요.",
  },
  not_a_file: { message: "파일이 아닙니다.", hint: "미디어 파일을 고르세요." },
  not_media: {
    message: "오디오나 비디오 파일이 아닙니다.",
    hint: "mp4, mov, mp3, wav 같은 형식으로 변환하세요.",
  },
  no_audio_track: { message: "파일에 소리가 없습니다.", hint: "소리가 있는 파일을 고르세요." },
  audio_track_unknown: { message: "그 번호의 오디오 트랙이 없습니다.", hint: "파일에 있는 트랙을 고르세요." },
  unsupported_codec: {
    message: "여기서 읽을 수 없는 소리 형식입니다.",
    hint: "소리를 AAC, MP3 또는 PCM으로 변환하세요.",
  },
  file_damaged: { message: "파일이 손상되었습니다.", hint: "다시 복사하거나 내보내세요." },
  file_empty: { message: "파일이 비어 있습니다.", hint: "다시 복사하거나 내보내세요." },
  ffmpeg_missing: {
    message: "ffmpeg가 설치되어 있지 않습니다.",
    hint: "brew install ffmpeg 명령으로 설치하세요.",
  },
  ffmpeg_crashed: { message: "ffmpeg가 멈추거나 비정상 종료했습니다.", hint: "자동으로 다시 시도합니다." },
  model_unknown: { message: "그런 이름의 모델이 없습니다.", hint: "다른 모델을 고르세요." },
  model_missing: {
    message: "모델이 설치되어 있지 않습니다.",
    hint: "‘모델’ 화면에서 내려받으세요. 작업은 이어서 진행됩니다.",
  },
  model_damaged: { message: "모델 파일이 손상되었습니다.", hint: "‘모델’ 화면에서 다시 내려받으세요." },
  model_in_use: {
    message: "작업이 이 모델을 쓰고 있습니다.",
    hint: "작업을 취소하거나 끝나기를 기다리세요.",
  },
  model_too_large: {
    message: "이 기기의 메모리에 들어갈 수 없는 모델입니다.",
    hint: "더 작은 모델을 고르세요.",
  },
  download_failed: {
    message: "모델을 내려받지 못했습니다.",
    hint: "연결을 확인하고 다시 시도하세요. 멈춘 곳부터 이어 받습니다.",
  },
  language_unknown: { message: "Sluice가 모르는 언어입니다.", hint: "다른 언어를 고르세요." },
  memory_short: { message: "지금은 메모리가 부족합니다.", hint: "메모리에 여유가 생기면 저절로 시작합니다." },
  disk_full: { message: "디스크가 가득 찼습니다.", hint: "공간을 비우세요. 잃은 것은 없습니다." },
  engine_busy: {
    message: "다른 Sluice가 음성 엔진을 쓰고 있습니다.",
    hint: "그쪽이 끝나면 저절로 시작합니다.",
  },
  engine_unbuilt: { message: "이 빌드에는 음성 엔진이 없습니다.", hint: "make build 명령으로 빌드하세요." },
  engine_crashed: { message: "음성 엔진이 비정상 종료했습니다.", hint: "멈춘 곳부터 다시 시도합니다." },
  engine_stopped: {
    message: "사용자나 다른 프로그램이 음성 엔진을 종료했습니다.",
    hint: "다시 시도하면 멈춘 곳부터 이어서 합니다.",
  },
  engine_stuck: { message: "음성 엔진이 응답하지 않습니다.", hint: "멈춘 곳부터 다시 시도합니다." },
  engine_out_of_memory: {
    message: "메모리가 바닥나 음성 엔진이 중단되었습니다.",
    hint: "다른 프로그램을 닫거나 더 작은 모델을 고르세요.",
  },
  worker_crashed: {
    message: "이 작업 때문에 Sluice가 여러 번 종료되었습니다.",
    hint: "다른 모델로 해 보거나 이 파일을 알려 주세요.",
  },
  canceled_by_user: { message: "작업이 취소되었습니다.", hint: "다시 하려면 ‘다시 시도’를 누르세요." },
  interrupted: {
    message: "작업 중에 Sluice가 종료되었습니다.",
    hint: "다시 실행하면 하던 곳부터 이어서 합니다.",
  },
  store_locked: {
    message: "다른 Sluice가 데이터 폴더를 쓰고 있습니다.",
    hint: "이미 실행 중인 Sluice를 쓰세요.",
  },
  store_too_new: {
    message: "더 새로운 버전의 Sluice가 저장한 데이터입니다.",
    hint: "Sluice를 업데이트하세요.",
  },
  store_damaged: {
    message: "데이터베이스가 손상되었습니다.",
    hint: "파일을 다른 곳으로 옮기고 다시 시작하세요.",
  },
  server_away: { message: "Sluice가 응답하지 않습니다.", hint: "다시 연결될 때까지 계속 시도합니다." },
  ollama_unreachable: {
    message: "Ollama가 응답하지 않습니다.",
    hint: "Ollama를 열거나 ollama serve 명령으로 시작하세요.",
  },
  ollama_failed: {
    message: "Ollama가 오류로 응답하거나, Ollama가 아닌 프로그램이 응답합니다.",
    hint: "Ollama를 다시 시작하거나 Ollama의 로그를 확인하세요.",
  },
  ollama_busy: {
    message: "Ollama가 다른 일을 하느라 모델을 메모리에 두고 있습니다.",
    hint: "그 일이 끝나기를 기다리거나 ollama stop 이름 명령으로 모델을 내리세요.",
  },
  ollama_missing: {
    message: "Ollama가 설치되어 있지 않습니다.",
    hint: "ollama.com에서 받거나 brew install ollama 명령으로 설치하세요.",
  },
  ollama_crashed: {
    message: "Ollama가 답하는 도중에 종료되었습니다.",
    hint: "멈춘 곳부터 다시 시도합니다.",
  },
  ollama_out_of_memory: {
    message: "Ollama가 이 모델을 돌리기에는 메모리가 부족했습니다.",
    hint: "다른 프로그램을 닫거나 더 작은 모델을 고르세요.",
  },
  ollama_stuck: {
    message: "Ollama가 답을 멈췄습니다.",
    hint: "멈춘 곳부터 다시 시도합니다. 계속 그러면 Ollama를 다시 시작하세요.",
  },
  delivery_unknown: { message: "찾을 수 없는 전송입니다.", hint: "작업과 함께 삭제되었을 수 있습니다." },
  webhook_refused: {
    message: "Sluice가 스스로 결과를 보내지 않는 주소입니다.",
    hint: "직접 운영하는 서버라면 webhook.allow 설정에 적어 두세요.",
  },
  app_misplaced: {
    message: "지금 위치에서는 시스템이 Sluice를 다시 찾지 못합니다.",
    hint: "Sluice를 응용 프로그램 폴더로 옮긴 뒤 거기서 여세요.",
  },
  place_taken: { message: "그 자리에 다른 파일이 있습니다.", hint: "그 파일을 옮긴 뒤 다시 시도하세요." },
  place_denied: {
    message: "그 폴더에 쓸 권한이 없습니다.",
    hint: "폴더의 쓰기 권한을 확인한 뒤 다시 시도하세요.",
  },
} satisfies Record<FaultCode, Fault>;
