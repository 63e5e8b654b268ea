package glia.serve.ollama;

import static glia.serve.http.Json.object;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.inspect.ModelSummary;
import glia.engine.sampling.SamplingOptions;
import glia.io.gguf.GgufCheckpoint;
import glia.io.hub.ContentHash;
import glia.serve.http.Exchange;
import glia.serve.pool.ModelCatalogue.ServedModel;
import glia.serve.pool.ModelPool;
import glia.serve.request.Fields;
import glia.text.template.ChatTemplate;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Models as Ollama lists them: `GET /api/tags`, `GET /api/ps`, `POST /api/show`.
final class OllamaModels {
    /// The expiry of a model that stays.
    private static final Instant NEVER = Instant.parse("9999-12-31T00:00:00Z");

    private final ModelPool models;

    OllamaModels(ModelPool models) {
        this.models = models;
    }

    /// All models, loaded or not.
    void tags(Exchange exchange) {
        exchange.json(object("models", models.entries().stream().map(entry -> {
            Map<String, Object> model = head(entry);
            model.put("modified_at", entry.served().map(ServedModel::since).orElse(Instant.EPOCH).toString());
            return model;
        }).toList()));
    }

    /// The loaded models.
    void loaded(Exchange exchange) {
        exchange.json(object("models", models.entries().stream().filter(entry -> entry.served().isPresent())
                .map(entry -> {
                    Map<String, Object> model = head(entry);
                    model.put("expires_at", entry.expires().orElse(NEVER).toString());
                    model.put("size_vram", 0);
                    model.put("context_length", entry.served().get().model().contextLength());
                    return model;
                }).toList()));
    }

    /// The digest stands for the name and the size: files are not hashed.
    private static Map<String, Object> head(ModelPool.Entry entry) {
        String identity = entry.name() + " " + entry.weightBytes();
        return object("name", entry.name(), "model", entry.name(), "size", entry.weightBytes(), "digest",
                ContentHash.sha256(identity.getBytes(StandardCharsets.UTF_8)), "details",
                entry.served().map(served -> details(served.model())).orElseGet(OllamaModels::unknown));
    }

    private static Map<String, Object> unknown() {
        return object("parent_model", "", "format", "", "family", "", "families", List.of(), "parameter_size", "",
                "quantization_level", "");
    }

    private static Map<String, Object> details(LanguageModel model) {
        ModelSummary summary = ModelSummary.of(model.model());
        String format = summary.dtypes().entrySet().stream().max(Comparator.comparingLong(Map.Entry::getValue))
                .map(Map.Entry::getKey).orElse("");
        return object("parent_model", "", "format",
                model.model().checkpoint() instanceof GgufCheckpoint ? "gguf" : "safetensors", "family",
                summary.family(), "families", List.of(summary.family()), "parameter_size",
                size(summary.parameters().total()), "quantization_level", format);
    }

    private static String size(long parameters) {
        return parameters >= 1_000_000_000 ? String.format(Locale.ROOT, "%.1fB", parameters / 1e9)
                : String.format(Locale.ROOT, "%.2fM", parameters / 1e6);
    }

    /// One model, which is loaded if it is not.
    void show(Exchange exchange) {
        Fields body = exchange.body();
        body.flag("verbose");
        try (OllamaModel shown = OllamaModel.lease(models, body)) {
            body.end();
            LanguageModel model = shown.model();
            ModelSummary summary = ModelSummary.of(model.model());
            String family = summary.family();
            exchange.json(object("license", "", "system", model.system().orElse(""), "modelfile",
                    "FROM " + shown.name() + "\n", "parameters", parameters(model.options()),
                    "template", model.template().map(ChatTemplate::source).orElse(""),
                    "details", details(model), "model_info", object("general.architecture", family,
                            "general.parameter_count", summary.parameters().total(),
                            family + ".context_length", model.contextLength(),
                            family + ".embedding_length", summary.hiddenSize(),
                            family + ".block_count", summary.numLayers(),
                            family + ".vocab_size", summary.vocabSize()),
                    "capabilities", capabilities(model), "modified_at",
                    shown.lease().served().since().toString()));
        }
    }

    private static String parameters(GenerationOptions options) {
        SamplingOptions s = options.sampling();
        return "temperature " + s.temperature() + "\ntop_k " + s.topK() + "\ntop_p " + s.topP() + "\nmin_p " + s.minP()
                + "\nrepeat_penalty " + s.repetitionPenalty() + "\nrepeat_last_n " + s.penaltyWindow();
    }

    private static List<String> capabilities(LanguageModel model) {
        List<String> all = new ArrayList<>();
        boolean looksAhead = model.model().spec().looksAhead() && model.diffusion().isEmpty();
        all.add(looksAhead ? "embedding" : "completion");
        if (model.tools().isPresent()) {
            all.add("tools");
        }
        if (model.pictures().areRead()) {
            all.add("vision");
        }
        if (model.thinking().format().isPresent()) {
            all.add("thinking");
        }
        return all;
    }
}
