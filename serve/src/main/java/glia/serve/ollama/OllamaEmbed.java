package glia.serve.ollama;

import static glia.serve.http.Json.object;

import glia.engine.embedding.Embedder;
import glia.io.CheckpointException;
import glia.serve.embedding.TextEmbeddings;
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
            TextEmbeddings embeddings = new TextEmbeddings(model.model());
            List<Embedder.Input> inputs = texts.stream().map(embeddings::encode).toList();
            for (int i = 0; i < inputs.size() && !truncates; i++) {
                if (inputs.get(i).isTruncated()) {
                    throw ServeException.badField("input", "text " + i + " has more than the " + embeddings.maxTokens()
                            + " tokens that the model reads; shorten it, or leave out truncate");
                }
            }
            float[][] vectors = embeddings.embed(inputs, exchange.caller().name(), exchange::goesOn);
            if (exchange.isConnected()) {
                for (int i = 0; i < vectors.length && dimensions.isPresent(); i++) {
                    vectors[i] = TextEmbeddings.shortened(vectors[i], dimensions.getAsInt());
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
            TextEmbeddings embeddings = new TextEmbeddings(model.model());
            float[][] vectors = embeddings.embed(List.of(embeddings.encode(text)), exchange.caller().name(),
                    exchange::goesOn);
            if (exchange.isConnected()) {
                exchange.json(object("embedding", vectors[0]));
            }
        }
    }
}
