package glia.serve.embedding;

import glia.engine.LanguageModel;
import glia.engine.embedding.Embedder;
import glia.engine.embedding.EmbeddingConfig;
import glia.io.CheckpointException;
import glia.serve.request.CpuPool;
import glia.serve.request.ServeException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/// Embeddings of a served model, computed in small passes between the steps of its scheduler. Decoders compute long
/// texts in pieces, so they delay others as little as short ones.
public final class TextEmbeddings {
    /// Tokens of a pass: enough to reuse each weight, few enough to delay others little.
    private static final int PASS_TOKENS = 1024;
    /// Tokens of a piece of a long text. Others generate one token each between two pieces.
    private static final int PIECE_TOKENS = 256;

    /// What the files of loaded models say, which are read once for each.
    private static final Map<LanguageModel, EmbeddingConfig> CONFIGS = Collections.synchronizedMap(new WeakHashMap<>());

    private final LanguageModel model;
    private final Embedder embedder;

    /// @throws ServeException if the model has no embeddings
    /// @throws CheckpointException if the model's files of sentence-transformers cannot be used
    public TextEmbeddings(LanguageModel model) throws CheckpointException {
        if (model.model().spec().encoder().isPresent()) {
            throw ServeException.badField("model", "an encoder-decoder has no hidden states of a text alone; embed "
                    + "with an encoder or a decoder");
        }
        if (model.adapter() > 0) {
            throw ServeException.badField("model", "embeddings with an adapter of requests are not supported; serve "
                    + "the merged model (`glia merge`)");
        }
        this.model = model;
        this.embedder = new Embedder(model, config(model));
    }

    private static EmbeddingConfig config(LanguageModel model) throws CheckpointException {
        EmbeddingConfig known = CONFIGS.get(model);
        if (known == null) {
            known = EmbeddingConfig.of(model.path(), model.model());
            CONFIGS.put(model, known);
        }
        return known;
    }

    /// The most tokens of a text, special tokens included.
    public int maxTokens() {
        return embedder.maxTokens();
    }

    /// The tokens of a text, with the model's prompt before it and truncated to what it reads.
    public Embedder.Input encode(String text) {
        return CpuPool.run(text.length(), () -> embedder.encode(text));
    }

    /// The vectors of texts, in their order.
    ///
    /// @param goesOn called between passes: false ends the work
    /// @return null for texts that were not computed
    /// @throws IllegalArgumentException if a text has no tokens or too many
    public float[][] embed(List<Embedder.Input> texts, BooleanSupplier goesOn) {
        float[][] vectors = new float[texts.size()][];
        List<Integer> order = IntStream.range(0, texts.size()).boxed()
                .sorted(Comparator.comparingInt(i -> texts.get(i).ids().length)).toList();
        for (int from = 0; from < order.size() && goesOn.getAsBoolean();) {
            int to = from;
            int tokens = 0;
            List<Embedder.Input> batch = new ArrayList<>();
            while (to < order.size()
                    && (to == from || tokens + texts.get(order.get(to)).ids().length <= PASS_TOKENS)) {
                tokens += texts.get(order.get(to)).ids().length;
                batch.add(texts.get(order.get(to++)));
            }
            if (tokens > PASS_TOKENS && embedder.hasPieces()) {
                vectors[order.get(from)] = inPieces(batch.getFirst(), goesOn);
                from = to;
                continue;
            }
            float[][] some = model.scheduler().whilePaused(() -> embedder.embed(batch));
            for (int i = 0; i < some.length; i++) {
                vectors[order.get(from + i)] = some[i];
            }
            from = to;
        }
        return vectors;
    }

    /// @return null if the work was ended
    private float[] inPieces(Embedder.Input input, BooleanSupplier goesOn) {
        Embedder.LongText text = embedder.begin(input, PIECE_TOKENS);
        try {
            while (!text.isDone() && goesOn.getAsBoolean()) {
                paused(text::step);
            }
            return text.isDone() ? text.result() : null;
        } finally {
            paused(text::close);
        }
    }

    private void paused(Runnable work) {
        model.scheduler().whilePaused(() -> {
            work.run();
            return null;
        });
    }

    /// The first values of a vector, scaled to length 1: a shorter
    /// [Matryoshka](https://arxiv.org/abs/2205.13147) embedding.
    public static float[] shortened(float[] vector, int size) {
        float[] first = Arrays.copyOf(vector, size);
        double square = 0;
        for (float x : first) {
            square += (double) x * x;
        }
        for (int i = 0; i < size && square > 0; i++) {
            first[i] /= (float) Math.sqrt(square);
        }
        return first;
    }
}
