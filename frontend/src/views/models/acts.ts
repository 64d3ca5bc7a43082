// What people do to models. A refusal is told.
import { answer, api } from "../../lib/api/client";
import type { LanguageModel, Model } from "../../lib/api/types";
import { told } from "../../lib/steering";
import { toasts } from "../../lib/ui/toasts.svelte";
import { t } from "../../lib/words/words.svelte";

const by = (m: Model) => ({ params: { path: { name: m.name } } });

/** download lets a model come, from where it is. */
export async function download(m: Model): Promise<void> {
  await told(() => answer(api.POST("/api/v1/models", { body: { name: m.name } })));
}

/** cancel stops a download and keeps what has arrived; of one that failed it forgets why. */
export async function cancel(m: Model): Promise<void> {
  await told(() => api.DELETE("/api/v1/models/{name}/download", by(m)));
}

/** remove deletes a model, or what has arrived of it. */
export async function remove(m: Model): Promise<void> {
  await told(async () => {
    // Why it stopped is over with what is left of it.
    if (m.download) await api.DELETE("/api/v1/models/{name}/download", by(m));
    await api.DELETE("/api/v1/models/{name}", by(m));
    toasts.say(t.catalog.deleted(m.name));
  });
}

/** pull lets Ollama download a model, from where it is. A refusal is thrown: who asked says it. */
export async function pull(name: string): Promise<LanguageModel> {
  return answer(api.POST("/api/v1/ollama/models", { body: { name } }));
}

/** cancelPull stops such a download, or forgets why it failed. */
export async function cancelPull(m: LanguageModel): Promise<void> {
  await told(() =>
    api.DELETE("/api/v1/ollama/models/{name}/download", { params: { path: { name: m.name } } }),
  );
}
