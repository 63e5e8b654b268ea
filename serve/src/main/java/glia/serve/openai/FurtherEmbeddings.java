package glia.serve.openai;

import static glia.serve.http.Json.object;

import glia.engine.embedding.Embedder;
import glia.engine.embedding.SparseEmbedder.TokenWeight;
import glia.engine.embedding.TokenEmbedder;
import glia.io.CheckpointException;
import glia.serve.embedding.SparseEmbeddings;
import glia.serve.embedding.TokenEmbeddings;
import glia.serve.http.Exchange;
import glia.serve.pool.ModelPool;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// Embeddings that are not one dense vector of a text: sparse vectors
/// ([SPLADE](https://arxiv.org/abs/2109.10086)), and a vector for each token
/// ([ColBERT](https://arxiv.org/abs/2004.12832)).
public final class FurtherEmbeddings {
    private static final int MOST_INPUTS = 2048;

    private final ModelPool models;

    public FurtherEmbeddings(ModelPool models) {
        this.models = models;
    }

    /// `POST /embed_sparse` of [Text Embeddings Inference](https://huggingface.co/docs/text-embeddings-inference):
    /// `[[{"index": token, "value": weight}]]`.
    void answerSparse(Exchange exchange) throws CheckpointException {
        Fields body = exchange.body();
        try (ModelPool.Lease lease = models.lease(body.text("model").orElse(""))) {
            boolean truncates = body.flag("truncate");
            List<String> texts = texts(body, "inputs");
            body.end();
            SparseEmbeddings embeddings = new SparseEmbeddings(lease.served().model());
            List<Embedder.Input> inputs = new ArrayList<>();
            for (int i = 0; i < texts.size(); i++) {
                Embedder.Input input = embeddings.encode(texts.get(i));
                if (input.isTruncated() && !truncates) {
                    throw ServeException.badField("inputs[" + i + "]", "found a text of more than "
                            + embeddings.maxTokens() + " tokens, expected at most as many; divide it, or set truncate");
                }
                inputs.add(input);
            }
            List<List<TokenWeight>> vectors = embeddings.embed(inputs, exchange.caller().name(), exchange::goesOn);
            if (exchange.isConnected()) {
                exchange.json(vectors.stream().map(vector -> vector.stream().map(weight ->
                        object("index", weight.token(), "value", weight.weight())).toList()).toList());
            }
        }
    }

    /// `POST /v1/multi-vector` of [Jina](https://jina.ai/embeddings): the vectors of each text's tokens.
    void answerTokens(Exchange exchange) throws CheckpointException {
        answer(exchange, "embeddings", "embeddings");
    }

    /// `POST /pooling` of [vLLM](https://docs.vllm.ai): the same in another form.
    void answerPooling(Exchange exchange) throws CheckpointException {
        answer(exchange, "pooling", "data");
    }

    private void answer(Exchange exchange, String object, String key) throws CheckpointException {
        Fields body = exchange.body();
        try (ModelPool.Lease lease = models.lease(body.text("model").orElse(""))) {
            boolean isQuery = body.word("input_type").filter("query"::equals).isPresent();
            body.word("embedding_type");
            List<String> texts = texts(body, "input");
            body.end();
            TokenEmbeddings embeddings = new TokenEmbeddings(lease.served().model());
            List<TokenEmbedder.Input> inputs = texts.stream().map(text -> embeddings.encode(text, isQuery)).toList();
            List<float[][]> vectors = embeddings.embed(inputs, exchange.caller().name(), exchange::goesOn);
            if (!exchange.isConnected()) {
                return;
            }
            int tokens = inputs.stream().mapToInt(input -> input.ids().length).sum();
            exchange.json(object("object", "list", "model", lease.served().name(), "data",
                    IntStream.range(0, vectors.size()).mapToObj(i -> object("object", object, "index", i, key,
                            List.of(vectors.get(i)))).toList(),
                    "usage", object("prompt_tokens", tokens, "total_tokens", tokens)));
        }
    }

    /// A text or several, as strings or objects with `text`.
    private static List<String> texts(Fields body, String key) {
        Object value = body.value(key);
        List<?> list = value instanceof List<?> several ? several : value instanceof String text ? List.of(text)
                : List.of();
        if (list.isEmpty() || list.size() > MOST_INPUTS) {
            throw Fields.wrong(key, value, "a string or strings, at most " + MOST_INPUTS);
        }
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            String name = key + "[" + i + "]";
            switch (list.get(i)) {
                case String text -> texts.add(text);
                case Map<?, ?> map -> {
                    Fields one = Fields.of(name, map);
                    texts.add(one.requiredText("text"));
                    one.end();
                }
                case null, default -> throw Fields.wrong(name, list.get(i), "a string, or an object with text");
            }
        }
        return texts;
    }
}
