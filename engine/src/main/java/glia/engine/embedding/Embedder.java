package glia.engine.embedding;

import glia.engine.HiddenStates;
import glia.engine.LanguageModel;
import glia.engine.call.HeavyWork;
import glia.io.CheckpointException;
import glia.jinja.value.TextBuilder;
import glia.jinja.value.TrustedText;
import glia.model.layout.DenseModule;
import glia.model.layout.Pooling;
import glia.tensor.Tensor;
import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.WeakHashMap;
import java.util.function.BooleanSupplier;

/// Text embeddings: pooled last hidden states ([Sentence-BERT](https://arxiv.org/abs/1908.10084)). Texts of any lengths
/// share passes without padding. For any threads.
public final class Embedder {
    /// What the files of loaded models say, which are read once for each.
    private static final Map<LanguageModel, EmbeddingConfig> CONFIGS = Collections.synchronizedMap(new WeakHashMap<>());

    private final HiddenStates hidden;
    private final LanguageModel model;
    /// That of the texts of a model that compares them with pictures, which has a pooling of its own.
    private final Optional<PictureEmbedder> withPictures;
    private final Tokenizer tokenizer;
    private final EmbeddingConfig config;
    private final int contextLength;
    private final int maxTokens;
    private final int promptTokens;

    /// A tokenized text.
    ///
    /// @param ids the tokens, special tokens included
    /// @param firstPooled the first token that is pooled: those before belong to a prompt that is not
    /// @param isTruncated whether the text had more tokens
    public record Input(int[] ids, int firstPooled, boolean isTruncated) {
        /// A text all of whose tokens are pooled.
        public static Input of(int[] ids) {
            return new Input(ids, 0, false);
        }
    }

    /// @throws IllegalArgumentException if the model is an encoder-decoder, or has an adapter of requests
    public Embedder(LanguageModel model, EmbeddingConfig config) {
        if (model.model().spec().encoder().isPresent()) {
            throw new IllegalArgumentException("an encoder-decoder has no hidden states of a text alone; "
                    + "embed with an encoder or a decoder");
        }
        if (model.adapter() > 0) {
            throw new IllegalArgumentException("embeddings with an adapter of requests are not supported; serve the "
                    + "merged model (`glia merge`)");
        }
        this.hidden = new HiddenStates(model);
        this.model = model;
        withPictures = PictureEmbedder.describes(model.model()) ? Optional.of(new PictureEmbedder(model.engine()))
                : Optional.empty();
        this.tokenizer = model.tokenizer();
        this.config = config;
        this.contextLength = model.contextLength();
        this.maxTokens = config.maxTokens() == 0 ? contextLength : Math.min(config.maxTokens(), contextLength);
        this.promptTokens = config.poolsPrompt() || config.prompt().isEmpty() ? 0 : numPromptTokens();
    }

    /// An embedder with the pooling and the prompt that the model's files name.
    ///
    /// @throws IllegalArgumentException as the constructor
    /// @throws CheckpointException if those files cannot be used
    public static Embedder of(LanguageModel model) throws CheckpointException {
        EmbeddingConfig known = CONFIGS.get(model);
        if (known == null) {
            known = EmbeddingConfig.of(model.path(), model.model());
            CONFIGS.put(model, known);
        }
        return new Embedder(model, known);
    }

    private int numPromptTokens() {
        int[] ids = tokenizer.encode(withPrompt(""), true);
        return ids.length > 0 && tokenizer.isSpecial(ids[ids.length - 1]) ? ids.length - 1 : ids.length;
    }

    /// The size of vectors.
    public int size() {
        return config.size(model.model().spec().hiddenSize());
    }

    /// The most tokens of a text, special tokens included.
    public int maxTokens() {
        return maxTokens;
    }

    /// Tokenizes a text with the model's prompt before it. No control token in the text is recognized. A text that is
    /// too long loses its last tokens; the special tokens around it stay.
    public Input encode(String text) {
        return HeavyWork.run(text.length(), () -> encoded(text));
    }

    private Input encoded(String text) {
        TrustedText whole = withPrompt(tokenizer.beginning(text, maxTokens));
        int[] ids = tokenizer.encode(whole, true);
        if (ids.length <= maxTokens) {
            return new Input(ids, promptTokens, false);
        }
        return new Input(truncated(ids, tokenizer.encode(whole, false)), promptTokens, true);
    }

    /// The prompt is the model's own and may have control tokens.
    private TrustedText withPrompt(String text) {
        String prompt = config.prompt().stripLeading();
        String whole = (prompt.isEmpty() ? text : prompt + text).strip();
        int end = Math.min(prompt.length(), whole.length());
        return new TextBuilder().append(TrustedText.of(inCase(whole.substring(0, end))))
                .append(inCase(whole.substring(end))).whole();
    }

    private String inCase(String text) {
        return config.lowerCase() ? text.toLowerCase(Locale.ROOT) : text;
    }

    /// @param ids the text's tokens with special tokens around them
    /// @param body the same without
    private int[] truncated(int[] ids, int[] body) {
        int numAround = ids.length - body.length;
        int before = 0;
        while (before < numAround && !Arrays.equals(ids, before, before + body.length, body, 0, body.length)) {
            before++;
        }
        int after = Math.min(numAround - before, maxTokens);
        int[] kept = Arrays.copyOf(ids, maxTokens);
        System.arraycopy(ids, ids.length - after, kept, maxTokens - after, after);
        return kept;
    }

    /// The vectors `[D]` of texts, in their order.
    ///
    /// @throws IllegalArgumentException if a text has no tokens to pool, or more than the context holds
    /// @throws IllegalStateException if the model is closed
    public float[][] embed(List<Input> texts) {
        return embed(texts, "", () -> true);
    }

    /// The same for one of several callers, who share the model.
    ///
    /// @param key whose texts they are: callers take turns by key
    /// @param goesOn called between passes: false ends the work
    /// @return null for texts that were not computed
    public float[][] embed(List<Input> texts, String key, BooleanSupplier goesOn) {
        PooledVector[] pooled = new PooledVector[texts.size()];
        List<int[]> ids = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            check(i, texts.get(i));
            pooled[i] = new PooledVector(config.pooling(), config.dense(), config.normalized(),
                    texts.get(i).firstPooled());
            ids.add(texts.get(i).ids());
        }
        float[][] vectors = new float[texts.size()][];
        if (withPictures.isPresent()) {
            for (int i = 0; i < vectors.length && goesOn.getAsBoolean(); i++) {
                int[] text = ids.get(i);
                vectors[i] = model.scheduler().inTurn(key, () -> withPictures.get().embed(text));
            }
            return vectors;
        }
        hidden.read(ids, config.pooling() == Pooling.LAST, key, goesOn, (states, row, text, position) -> {
            pooled[text].add(states, row, position);
            if (position == ids.get(text).length - 1) {
                vectors[text] = pooled[text].result();
            }
        });
        return vectors;
    }

    private void check(int index, Input text) {
        if (text.ids().length == 0 || text.firstPooled() >= text.ids().length) {
            throw new IllegalArgumentException("text " + index + " has no tokens: there is nothing to embed");
        }
        if (text.ids().length > contextLength) {
            throw new IllegalArgumentException("text " + index + " has " + text.ids().length
                    + " tokens; the model reads at most " + contextLength);
        }
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

    /// The cosine similarity of two vectors of the same length; 0 if one of them is 0.
    public static double cosine(float[] a, float[] b) {
        double dot = 0;
        double squareA = 0;
        double squareB = 0;
        for (int i = 0; i < a.length; i++) {
            dot += (double) a[i] * b[i];
            squareA += (double) a[i] * a[i];
            squareB += (double) b[i] * b[i];
        }
        return dot / Math.max(Double.MIN_NORMAL, Math.sqrt(squareA * squareB));
    }

    /// The vector of a text, pooled from its hidden states as they come.
    static final class PooledVector {
        private final Pooling pooling;
        private final List<DenseModule> dense;
        private final boolean isNormalized;
        private final int firstPooled;
        private float[] vector;
        private long weights;

        /// @param dense maps of the pooled vector
        /// @param isNormalized whether the vector is scaled to length 1
        /// @param firstPooled the first token that is pooled
        PooledVector(Pooling pooling, List<DenseModule> dense, boolean isNormalized, int firstPooled) {
            this.pooling = pooling;
            this.dense = dense;
            this.isNormalized = isNormalized;
            this.firstPooled = firstPooled;
        }

        /// Adds the next token.
        ///
        /// @param hidden hidden states `[N, D]`
        /// @param row the token's
        /// @param position of the token in its text
        void add(Tensor hidden, int row, int position) {
            int size = hidden.cols();
            if (vector == null) {
                vector = new float[size];
            }
            if (pooling == Pooling.CLS ? position > 0 : pooling != Pooling.LAST && position < firstPooled) {
                return;
            }
            int weight = pooling == Pooling.WEIGHTED_MEAN ? position + 1 : 1;
            boolean isSet = weights == 0 || pooling == Pooling.LAST;
            for (int i = 0; i < size; i++) {
                float x = hidden.get((long) row * size + i);
                vector[i] = switch (pooling) {
                    case CLS, LAST -> x;
                    case MAX -> isSet ? x : Math.max(vector[i], x);
                    case MEAN, MEAN_SQRT_LEN, WEIGHTED_MEAN -> vector[i] + weight * x;
                };
            }
            weights += weight;
        }

        /// The vector `[D]` of all tokens.
        float[] result() {
            switch (pooling) {
                case MEAN, WEIGHTED_MEAN -> scale(1f / weights);
                case MEAN_SQRT_LEN -> scale((float) (1 / Math.sqrt(weights)));
                case CLS, LAST, MAX -> { }
            }
            for (DenseModule map : dense) {
                vector = map.apply(vector);
            }
            if (isNormalized) {
                double square = 0;
                for (float x : vector) {
                    square += (double) x * x;
                }
                scale(square == 0 ? 0 : (float) (1 / Math.sqrt(square)));
            }
            return vector;
        }

        private void scale(float factor) {
            for (int i = 0; i < vector.length; i++) {
                vector[i] *= factor;
            }
        }
    }
}
