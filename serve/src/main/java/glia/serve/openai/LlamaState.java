package glia.serve.openai;

import static glia.serve.http.Json.object;

import glia.engine.LanguageModel;
import glia.engine.schedule.SchedulerOptions;
import glia.serve.http.Exchange;
import glia.serve.pool.ModelPool;
import glia.text.template.ChatTemplate;
import java.util.List;
import java.util.stream.IntStream;

/// `GET /props` and `GET /slots` of llama-server. This server has no slots: a sequence that runs is one.
final class LlamaState {
    private static final int SLOTS = SchedulerOptions.defaults().maxSequences();

    private final ModelPool models;

    LlamaState(ModelPool models) {
        this.models = models;
    }

    /// The first model, or the query's `model`.
    void props(Exchange exchange) {
        try (ModelPool.Lease lease = models.lease(exchange.query("model").orElse(""))) {
            LanguageModel model = lease.served().model();
            exchange.json(object("default_generation_settings", object("id", 0, "n_ctx", model.contextLength(),
                            "is_processing", false, "params", LlamaCompletions.settings(model, model.options())),
                    "total_slots", SLOTS, "model_alias", lease.served().name(), "model_path", lease.served().name(),
                    "chat_template", model.template().map(ChatTemplate::source).orElse(""),
                    "bos_token", TokenRoutes.piece(model.tokenizer(), model.tokenizer().bos()),
                    "eos_token", TokenRoutes.piece(model.tokenizer(), model.tokenizer().eos()),
                    "modalities", object("vision", false, "audio", false), "build_info", "glia"));
        }
    }

    /// The sequences of the first model, or of the query's `model`.
    void slots(Exchange exchange) {
        try (ModelPool.Lease lease = models.lease(exchange.query("model").orElse(""))) {
            LanguageModel model = lease.served().model();
            int running = model.scheduler().load().numRunning();
            List<Object> slots = IntStream.range(0, Math.max(SLOTS, running)).<Object>mapToObj(i -> object("id", i,
                    "n_ctx", model.contextLength(), "speculative", false, "is_processing", i < running)).toList();
            exchange.json(slots);
        }
    }
}
