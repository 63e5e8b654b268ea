package glia.serve.openai;

import static glia.serve.http.Json.object;

import glia.engine.embedding.Embedder;
import glia.io.CheckpointException;
import glia.serve.http.Exchange;
import glia.serve.http.Route.Endpoint;
import glia.serve.pool.ModelPool;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/// `POST /v1/embeddings` (https://platform.openai.com/docs/api-reference/embeddings). With `dimensions` a vector keeps
/// its first values and is scaled to length 1 ([Matryoshka](https://arxiv.org/abs/2205.13147) embeddings).
public final class Embeddings implements Endpoint {
    private static final int MOST_INPUTS = 2048;
    private static final String EXPECTED = "a string, strings, token ids, or lists of token ids";

    private final ModelPool models;

    public Embeddings(ModelPool models) {
        this.models = models;
    }

    @Override
    public void answer(Exchange exchange) throws CheckpointException {
        answer(exchange, exchange.body(), "input");
    }

    /// `POST /embedding` of llama-server: `content`, or `input` in the form of OpenAI.
    void answerContent(Exchange exchange) throws CheckpointException {
        Fields body = exchange.body();
        answer(exchange, body, body.has("content") ? "content" : "input");
    }

    private void answer(Exchange exchange, Fields body, String key) throws CheckpointException {
        try (ModelPool.Lease lease = models.lease(body.text("model").orElse(""))) {
            Embedder embedder = Embedder.of(lease.served().model());
            List<Embedder.Input> inputs = inputs(body, key, embedder, lease.served().model().tokenizer().vocabSize());
            boolean isBase64 = body.word("encoding_format")
                    .filter("base64"::equals).isPresent();
            int size = embedder.size();
            OptionalInt dimensions = body.integer("dimensions", 1, size);
            body.end();
            float[][] vectors = embedder.embed(inputs, exchange.caller().name(), exchange::goesOn);
            if (!exchange.isConnected()) {
                return;
            }
            List<Object> data = new ArrayList<>();
            for (int i = 0; i < vectors.length; i++) {
                float[] vector = dimensions.isPresent()
                        ? Embedder.shortened(vectors[i], dimensions.getAsInt()) : vectors[i];
                data.add(object("object", "embedding", "index", i, "embedding",
                        isBase64 ? base64(vector) : vector));
            }
            if (key.equals("content")) {
                exchange.json(IntStream.range(0, vectors.length).mapToObj(i -> object("index", i, "embedding",
                        List.of(vectors[i]))).toList());
                return;
            }
            int tokens = inputs.stream().mapToInt(input -> input.ids().length).sum();
            exchange.json(object("object", "list", "data", data, "model", lease.served().name(), "usage",
                    object("prompt_tokens", tokens, "total_tokens", tokens)));
        }
    }

    private static List<Embedder.Input> inputs(Fields body, String key, Embedder embedder,
            int vocabSize) {
        Object value = body.value(key);
        List<?> list = value instanceof List<?> several ? several : List.of();
        if (value instanceof String text) {
            return List.of(text(key, text, embedder));
        }
        if (list.isEmpty() || list.size() > MOST_INPUTS && !(list.getFirst() instanceof Number)) {
            throw Fields.wrong(key, value, EXPECTED + "; at most " + MOST_INPUTS);
        }
        if (list.getFirst() instanceof Number) {
            return List.of(tokens(key, list, embedder, vocabSize));
        }
        List<Embedder.Input> inputs = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            String name = key + "[" + i + "]";
            inputs.add(switch (list.get(i)) {
                case String text -> text(name, text, embedder);
                case List<?> ids -> tokens(name, ids, embedder, vocabSize);
                case null, default -> throw Fields.wrong(name, list.get(i), "a string or token ids");
            });
        }
        return inputs;
    }

    private static Embedder.Input text(String name, String text, Embedder embedder) {
        Embedder.Input input = embedder.encode(text);
        if (input.ids().length == 0) {
            throw ServeException.badField(name, "found no tokens, expected at least one");
        }
        if (input.isTruncated()) {
            throw ServeException.badField(name, "found a text of more than " + embedder.maxTokens()
                    + " tokens, expected at most as many; divide it");
        }
        return input;
    }

    private static Embedder.Input tokens(String name, List<?> list, Embedder embedder, int vocabSize) {
        int[] ids = CompletionPrompts.tokens(name, list, vocabSize);
        if (ids.length > embedder.maxTokens()) {
            throw ServeException.badField(name, "found " + ids.length + " tokens, expected at most "
                    + embedder.maxTokens());
        }
        return Embedder.Input.of(ids);
    }

    /// F32 values, little endian.
    private static String base64(float[] vector) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * vector.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(vector);
        return Base64.getEncoder().encodeToString(bytes.array());
    }
}
