package glia.engine.embedding;

import glia.engine.Engine;
import glia.engine.LanguageModel;
import glia.engine.state.Sequence;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.model.layout.Pooling;
import glia.tensor.Tensor;
import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/// Text embeddings: pooled last hidden states ([Sentence-BERT](https://arxiv.org/abs/1908.10084)). Texts of any lengths
/// go through the model in one batch without padding. For one thread.
public final class Embedder {
    /// Tokens of one pass: enough to reuse each weight.
    private static final int PASS_TOKENS = 2048;

    private final Engine engine;
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

    /// @throws IllegalArgumentException if the model is an encoder-decoder
    public Embedder(LanguageModel model, EmbeddingConfig config) {
        if (model.model().spec().encoder().isPresent()) {
            throw new IllegalArgumentException("an encoder-decoder has no hidden states of a text alone; "
                    + "embed with an encoder or a decoder");
        }
        this.engine = model.engine();
        this.tokenizer = model.tokenizer();
        this.config = config;
        this.contextLength = model.contextLength();
        this.maxTokens = config.maxTokens() == 0 ? contextLength : Math.min(config.maxTokens(), contextLength);
        this.promptTokens = config.poolsPrompt() || config.prompt().isEmpty() ? 0 : numPromptTokens();
    }

    private int numPromptTokens() {
        int[] ids = tokenizer.encode(normalized(config.prompt()), true);
        return ids.length > 0 && tokenizer.isSpecial(ids[ids.length - 1]) ? ids.length - 1 : ids.length;
    }

    /// The most tokens of a text, special tokens included.
    public int maxTokens() {
        return maxTokens;
    }

    /// Tokenizes a text with the model's prompt before it. A text that is too long loses its last tokens; the special
    /// tokens around it stay.
    public Input encode(String text) {
        String whole = normalized(config.prompt() + text);
        int[] ids = tokenizer.encode(whole, true);
        if (ids.length <= maxTokens) {
            return new Input(ids, promptTokens, false);
        }
        return new Input(truncated(ids, tokenizer.encode(whole, false)), promptTokens, true);
    }

    private String normalized(String text) {
        return config.lowerCase() ? text.strip().toLowerCase(Locale.ROOT) : text.strip();
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
        for (int i = 0; i < texts.size(); i++) {
            check(i, texts.get(i));
        }
        float[][] vectors = new float[texts.size()][];
        List<Integer> order = IntStream.range(0, texts.size()).boxed()
                .sorted(Comparator.comparingInt(i -> texts.get(i).ids().length)).toList();
        List<Integer> batch = new ArrayList<>();
        int tokens = 0;
        for (int i : order) {
            int length = texts.get(i).ids().length;
            if (tokens + length > PASS_TOKENS && tokens > 0) {
                run(batch, texts, vectors);
                batch.clear();
                tokens = 0;
            }
            batch.add(i);
            tokens += length;
        }
        if (tokens > 0) {
            run(batch, texts, vectors);
        }
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

    private void run(List<Integer> batch, List<Input> texts, float[][] vectors) {
        engine.whileOpen(() -> {
            runOpen(batch, texts, vectors);
            return null;
        });
    }

    private void runOpen(List<Integer> batch, List<Input> texts, float[][] vectors) {
        Pass pass = new Pass();
        for (int i : batch) {
            int[] ids = texts.get(i).ids();
            pass.add(ids, 0, ids.length, 0, config.pooling() == Pooling.LAST ? Outputs.LAST : Outputs.ALL);
        }
        Tensor hidden = engine.hidden(pass);
        for (int run = 0; run < batch.size(); run++) {
            Input text = texts.get(batch.get(run));
            PooledVector vector = vector(text);
            if (config.pooling() == Pooling.LAST) {
                vector.add(hidden, run, text.ids().length - 1);
            } else {
                for (int n = 0; n < text.ids().length; n++) {
                    vector.add(hidden, pass.runs().start(run) + n, n);
                }
            }
            vectors[batch.get(run)] = vector.result();
        }
    }

    private PooledVector vector(Input text) {
        return new PooledVector(config.pooling(), config.normalized(), text.firstPooled());
    }

    /// Whether a text can be computed in pieces: by decoders, whose tokens do not depend on later ones.
    public boolean hasPieces() {
        return !engine.model().spec().looksAhead();
    }

    /// Begins a long text, whose vector is computed in pieces. Others may use the model between two pieces.
    ///
    /// @param pieceTokens the most tokens of a piece
    /// @throws IllegalArgumentException if the text has no tokens to pool, or more than the context holds
    public LongText begin(Input text, int pieceTokens) {
        check(0, text);
        return new LongText(text, pieceTokens);
    }

    /// A text whose vector is computed in pieces, with a KV cache. Close it in the same way as its pieces are computed.
    public final class LongText implements AutoCloseable {
        private final Input text;
        private final int pieceTokens;
        private final PooledVector vector;
        private Sequence sequence;
        private int at;

        private LongText(Input text, int pieceTokens) {
            this.text = text;
            this.pieceTokens = pieceTokens;
            this.vector = vector(text);
        }

        /// Whether all pieces are computed.
        public boolean isDone() {
            return at == text.ids().length;
        }

        /// Computes the next piece.
        public void step() {
            if (sequence == null) {
                sequence = engine.open();
            }
            int to = Math.min(text.ids().length, at + pieceTokens);
            boolean isLastWanted = config.pooling() == Pooling.LAST;
            try {
                engine.add(sequence, text.ids(), at, to, isLastWanted ? Outputs.LAST : Outputs.ALL);
                Tensor hidden = engine.runHidden();
                for (int n = isLastWanted ? to - 1 : at; n < to; n++) {
                    vector.add(hidden, isLastWanted ? 0 : n - at, n);
                }
                at = to;
            } finally {
                engine.discard();
            }
        }

        /// The vector `[D]` of the text.
        public float[] result() {
            return vector.result();
        }

        @Override
        public void close() {
            if (sequence != null) {
                sequence.close();
                sequence = null;
            }
        }
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
}
