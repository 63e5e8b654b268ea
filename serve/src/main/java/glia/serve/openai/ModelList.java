package glia.serve.openai;

import static glia.serve.http.Json.object;

import glia.engine.ModelScope;
import glia.serve.http.Exchange;
import glia.serve.http.Json;
import glia.serve.pool.ModelPool;
import glia.serve.pool.ServedModel;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// `GET /v1/models` and `GET /v1/models/{model}` (https://platform.openai.com/docs/api-reference/models).
public final class ModelList {
    private final ModelPool models;

    public ModelList(ModelPool models) {
        this.models = models;
    }

    /// All models, also those that are not loaded.
    public void list(Exchange exchange) {
        exchange.json(object("object", "list", "data", models.entries().stream().map(ModelList::entry).toList()));
    }

    /// One model.
    public void one(Exchange exchange) {
        exchange.json(entry(models.entry(exchange.pathPart("model"))));
    }

    private static Map<String, Object> entry(ModelPool.Entry entry) {
        Optional<ServedModel> served = entry.served();
        return object("id", entry.name(), "object", "model", "created",
                served.map(model -> model.since().getEpochSecond()).orElse(0L), "owned_by", "glia", "max_model_len",
                served.<Object>map(model -> model.model().contextLength()).orElse(Json.ABSENT),
                "input_modalities", List.of("text"), "description", served.flatMap(model -> model.model().scope())
                        .<Object>map(ModelScope::summary).orElse(Json.ABSENT));
    }
}
