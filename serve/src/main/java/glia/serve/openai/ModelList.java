package glia.serve.openai;

import static glia.serve.http.Json.object;

import glia.serve.http.Exchange;
import glia.serve.pool.ModelPool;
import glia.serve.pool.ServedModel;
import java.util.List;
import java.util.Map;

/// `GET /v1/models` and `GET /v1/models/{model}` (https://platform.openai.com/docs/api-reference/models).
public final class ModelList {
    private final ModelPool models;

    public ModelList(ModelPool models) {
        this.models = models;
    }

    /// All models.
    public void list(Exchange exchange) {
        exchange.json(object("object", "list", "data", models.all().stream().map(ModelList::entry).toList()));
    }

    /// One model.
    public void one(Exchange exchange) {
        try (ModelPool.Lease lease = models.lease(exchange.pathPart("model"))) {
            exchange.json(entry(lease.served()));
        }
    }

    private static Map<String, Object> entry(ServedModel served) {
        return object("id", served.name(), "object", "model", "created", served.since().getEpochSecond(), "owned_by",
                "glia", "max_model_len", served.model().contextLength(), "input_modalities", List.of("text"));
    }
}
