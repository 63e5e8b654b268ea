package glia.engine.score;

import glia.engine.LanguageModel;
import glia.engine.pass.Engine;
import glia.engine.sampling.BatchSampler;
import glia.engine.sampling.TokenLogProbability;
import glia.engine.state.ContextFullException;
import glia.engine.state.Sequence;
import glia.model.block.Pass.Outputs;
import glia.model.spec.ModelSpec;
import glia.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;

/// Log-probabilities of the tokens of given texts under a model, `ln p(token t | tokens before it)`. Several texts
/// share a pass. A long text is computed in chunks, between which the scheduler serves its requests.
public final class PromptScorer {
    /// Numbers in the logits of a pass.
    private static final int MAX_LOGITS = 1 << 24;
    private static final int LEAST_ROWS = 16;
    private static final int MOST_ROWS = 256;

    private final LanguageModel model;
    private final Engine engine;
    private final int vocabSize;
    private final int maxRows;

    /// What a model says of a text.
    ///
    /// @param logProbabilities by token; NaN for the first, which nothing predicts
    /// @param alternatives by token: the most probable tokens in its place, best first; empty for the first
    public record Score(float[] logProbabilities, List<List<TokenLogProbability>> alternatives) { }

    /// @throws IllegalArgumentException if the model is no decoder
    public PromptScorer(LanguageModel model) {
        this.model = model;
        engine = model.engine();
        ModelSpec spec = engine.model().spec();
        requireTokens(spec);
        if (spec.encoder().isPresent() || spec.looksAhead()) {
            throw new IllegalArgumentException("the model is no decoder, and only decoders give log-probabilities of "
                    + "a prompt");
        }
        vocabSize = Math.min(model.tokenizer().vocabSize(), engine.model().spec().vocabSize());
        maxRows = Math.clamp(MAX_LOGITS / engine.model().spec().vocabSize(), LEAST_ROWS, MOST_ROWS);
    }

    /// Refuses classifiers, whose heads have no logits of tokens.
    ///
    /// @throws IllegalArgumentException if the model is one
    public static void requireTokens(ModelSpec spec) {
        if (spec.head().classes().isPresent()) {
            throw new IllegalArgumentException("the model is a classifier and gives no probabilities of tokens; use "
                    + "glia classify");
        }
    }

    /// The scores of texts, in their order.
    ///
    /// @param texts token ids, at least one each
    /// @param numAlternatives how many most probable tokens to list, 0 or more
    /// @param goesOn called between passes: false ends the work, and what was not computed stays NaN
    /// @throws IllegalArgumentException if a text has no tokens or one outside of the vocabulary
    /// @throws ContextFullException if a text is longer than the context
    public List<Score> score(List<int[]> texts, int numAlternatives, BooleanSupplier goesOn) {
        return score(texts, numAlternatives, "", goesOn);
    }

    /// The same for one of several callers, who share the model.
    ///
    /// @param key whose texts they are: callers take turns by key
    public List<Score> score(List<int[]> texts, int numAlternatives, String key, BooleanSupplier goesOn) {
        texts.forEach(this::check);
        Run run = new Run(texts, numAlternatives);
        try {
            while (!run.isDone() && goesOn.getAsBoolean()) {
                model.scheduler().inTurn(key, () -> {
                    run.step();
                    return null;
                });
            }
        } finally {
            run.close();
        }
        return run.scores;
    }

    private void check(int[] ids) {
        if (ids.length == 0) {
            throw new IllegalArgumentException("a text without tokens has no log-probabilities");
        }
        if (ids.length > model.contextLength()) {
            throw new ContextFullException(ids.length, model.contextLength());
        }
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] < 0 || ids[i] >= vocabSize) {
                throw new IllegalArgumentException("token " + i + " of the prompt is " + ids[i]
                        + ", which is outside the vocabulary of " + vocabSize);
            }
        }
    }

    /// A piece `[from, to)` of a text in a pass: its inputs, each of which predicts the next token.
    private record Piece(int text, int from, int to) { }

    private final class Run {
        private final List<int[]> texts;
        private final int numAlternatives;
        private final List<Score> scores = new ArrayList<>();
        private final BatchSampler sampler = new BatchSampler(engine.ops().kernels(), vocabSize);
        private final Sequence[] open;
        /// The text that is next, and its first token that is.
        private int text;
        private int at;

        Run(List<int[]> texts, int numAlternatives) {
            this.texts = texts;
            this.numAlternatives = numAlternatives;
            open = new Sequence[texts.size()];
            for (int[] ids : texts) {
                float[] values = new float[ids.length];
                Arrays.fill(values, Float.NaN);
                List<List<TokenLogProbability>> alternatives = new ArrayList<>();
                for (int i = 0; i < ids.length; i++) {
                    alternatives.add(List.of());
                }
                scores.add(new Score(values, alternatives));
            }
            skip();
        }

        boolean isDone() {
            return text == texts.size();
        }

        /// Passes by texts whose inputs are done.
        private void skip() {
            while (text < texts.size() && at >= texts.get(text).length - 1) {
                text++;
                at = 0;
            }
        }

        /// Computes one pass.
        void step() {
            List<Piece> pieces = new ArrayList<>();
            try {
                int rows = 0;
                while (!isDone() && rows < maxRows) {
                    Piece piece = new Piece(text, at, Math.min(texts.get(text).length - 1, at + maxRows - rows));
                    pieces.add(piece);
                    if (open[text] == null) {
                        open[text] = engine.open();
                        open[text].adapter(model.adapter());
                    }
                    engine.add(open[text], texts.get(text), piece.from(), piece.to(), Outputs.ALL);
                    rows += piece.to() - piece.from();
                    at = piece.to();
                    skip();
                }
                read(pieces, engine.run());
            } finally {
                engine.discard();
                for (Piece piece : pieces) {
                    if (piece.text() != text || isDone()) {
                        close(piece.text());
                    }
                }
            }
        }

        private void read(List<Piece> pieces, Tensor logits) {
            sampler.clear();
            int row = 0;
            for (Piece piece : pieces) {
                for (int i = piece.from(); i < piece.to(); i++) {
                    int next = texts.get(piece.text())[i + 1];
                    sampler.add((_, _) -> next, row++, numAlternatives);
                }
            }
            sampler.run(logits);
            row = 0;
            for (Piece piece : pieces) {
                Score score = scores.get(piece.text());
                for (int i = piece.from(); i < piece.to(); i++) {
                    score.logProbabilities()[i + 1] = sampler.logProbability(row);
                    score.alternatives().set(i + 1, sampler.alternatives(row++));
                }
            }
        }

        private void close(int index) {
            if (open[index] != null) {
                open[index].close();
                open[index] = null;
            }
        }

        /// Frees what a failure or an early end has left.
        void close() {
            for (Sequence sequence : open) {
                if (sequence != null) {
                    model.scheduler().whilePaused(() -> {
                        for (int i = 0; i < open.length; i++) {
                            close(i);
                        }
                        return null;
                    });
                    return;
                }
            }
        }
    }
}
