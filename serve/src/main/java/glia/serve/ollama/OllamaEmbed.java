package glia.serve.ollama;

import static glia.serve.http.Json.object;

import glia.engine.embedding.Embedder;
import glia.io.CheckpointException;
import glia.serve.http.Exchange;
import glia.serve.pool.ModelPool;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import java.util.List;
import java.util.OptionalInt;

/// `POST /api/embed` and the older `POST /api/embeddings`
/// (https://github.com/ollama/ollama/blob/main/docs/api.md#generate-embeddings).
final class OllamaEmbed {
    private final ModelPool models;

    OllamaEmbed(ModelPool models) {
        this.models = models;
    }

    /// Embeds texts.
    void embed(Exchange exchange) throws CheckpointException {
        Fields body = exchange.body();
        try (OllamaModel model = OllamaModel.lease(models, body)) {
            List<String> texts = body.texts("input");
            if (!body.has("input")) {
                throw ServeException.badField("input", "missing; expected a string or strings");
            }
            boolean truncates = body.flag("truncate");
            OptionalInt dimensions = body.integer("dimensions", 1, model.model().model().spec().hiddenSize());
            OllamaOptions.read(body, model.model(), exchange);
            body.end();
            Embedder embedder = Embedder.of(model.model());
            List<Embedder.Input> inputs = texts.stream().map(embedder::encode).toList();
            for (int i = 0; i < inputs.size() && !truncates; i++) {
                if (inputs.get(i).isTruncated()) {
                    throw ServeException.badField("input", "text " + i + " has more than the " + embedder.maxTokens()
                            + " tokens that the model reads; shorten it, or leave out truncate");
                }
            }
            float[][] vectors = embedder.embed(inputs, exchange.caller().name(), exchange::goesOn);
            if (exchange.isConnected()) {
                for (int i = 0; i < vectors.length && dimensions.isPresent(); i++) {
                    vectors[i] = Embedder.shortened(vectors[i], dimensions.getAsInt());
                }
                var answer = object("model", model.name(), "embeddings", vectors);
                answer.putAll(model.times().end(inputs.stream().mapToInt(input -> input.ids().length).sum()));
                exchange.json(answer);
            }
        }
    }

    /// Embeds one text.
    void embedOne(Exchange exchange) throws CheckpointException {
        Fields body = exchange.body();
        try (OllamaModel model = OllamaModel.lease(models, body)) {
            String text = body.requiredText("prompt");
            OllamaOptions.read(body, model.model(), exchange);
            body.end();
            Embedder embedder = Embedder.of(model.model());
            float[][] vectors = embedder.embed(List.of(embedder.encode(text)), exchange.caller().name(),
                    exchange::goesOn);
            if (exchange.isConnected()) {
                exchange.json(object("embedding", vectors[0]));
            }
        }
    }
}
