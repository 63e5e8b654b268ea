package glia.model.spec;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// The input embedding: `norm(scale · E[token] + P[position] + S[segment])`, with a factorized embedding
/// `A · norm(…) + a`, or `norm(scale · A E[token] + P[position] + S[segment])`.
///
/// @param numSegments the number of segment (token type) embeddings, such as 2 for sentence pairs; 0 if there is no S.
///     https://arxiv.org/abs/1810.04805
/// @param padding the padding token, whose row of E gets no gradient from lookups, only from a tied head.
///     https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html
/// @param perLayer per-layer embeddings, if there are any
/// @param factors of a factorized embedding; empty if E has the hidden size
/// @param features the rows of a tower's input, which `W f + b` maps to the width of E; empty where rows are embeddings
/// @param unusedRows rows of E beyond the vocabulary
public record Embedding(Positions positions, float scale, int numSegments, Norm norm, OptionalInt padding,
        Optional<PerLayerEmbeddings> perLayer, Optional<Factors> factors, Optional<Features> features,
        int unusedRows) {
    /// A factorized embedding. https://arxiv.org/abs/1909.11942
    ///
    /// @param size the width of E, which A `[D, size]` maps to the hidden size
    /// @param onlyTokens whether only rows of E are mapped, without an a; else P, S and the norm have the width of E
    public record Factors(int size, boolean onlyTokens) {
        public Factors {
            NumberRange.SIZE.require("embedding size", size);
        }
    }

    /// The features of a tower, `after(W · before(f) + b)`.
    ///
    /// @param channels of a pixel, such as 3; what is no picture has its width here and 1 frame and pixel
    /// @param frames the successive frames of a film that a feature covers
    /// @param patch the side of the square of pixels that a feature covers
    /// @param biased whether there is a b
    /// @param isInterleaved whether a patch has the channels of pixel after pixel, not the pixels of channel after
    ///     channel
    /// @param stages what is computed in the place of that, over all features of an input; empty for that
    public record Features(int channels, int frames, int patch, boolean biased, Norm before, Norm after,
            boolean isInterleaved, List<Stage> stages) {
        public Features {
            NumberRange.SIZE.require("channels of a pixel", channels);
            NumberRange.SIZE.require("frames of a patch", frames);
            NumberRange.SIZE.require("side of a patch", patch);
            NumberRange.SIZE.require("size of a patch", (double) channels * frames * patch * patch);
            stages = List.copyOf(stages);
        }

        /// Patches with norms.
        public Features(int channels, int frames, int patch, boolean biased, Norm before, Norm after,
                boolean isInterleaved) {
            this(channels, frames, patch, biased, before, after, isInterleaved, List.of());
        }

        /// Frames or samples of a sound, of a width.
        public static Features signal(int width, List<Stage> stages) {
            return new Features(width, 1, 1, false, new Norm.None(), new Norm.None(), false, stages);
        }

        /// Patches without norms.
        public Features(int channels, int frames, int patch, boolean biased) {
            this(channels, frames, patch, biased, new Norm.None(), new Norm.None(), false, List.of());
        }

        /// The width of a feature.
        public int size() {
            return channels * frames * patch * patch;
        }

        /// The fewest features of which stages make a row.
        public int fewest() {
            int count = 1;
            while (numRows(count) < 1) {
                count++;
            }
            return count;
        }

        /// The number of rows that stages make of `count` features; 0 if there are too few.
        public int numRows(int count) {
            int rows = count;
            for (Stage stage : stages) {
                rows = stage.numRows(rows);
            }
            return rows;
        }
    }

    /// The token's row alone.
    public static final Embedding PLAIN = scaled(1);

    public Embedding {
        NumberRange.FACTOR.require("embedding scale", scale);
        NumberRange.COUNT.require("number of segments", numSegments);
    }

    /// An embedding without a padding token.
    public Embedding(Positions positions, float scale, int numSegments, Norm norm) {
        this(positions, scale, numSegments, norm, OptionalInt.empty(), Optional.empty(), Optional.empty(),
                Optional.empty(), 0);
    }

    /// A copy with rows beyond the vocabulary.
    public Embedding withUnusedRows(int rows) {
        return new Embedding(positions, scale, numSegments, norm, padding, perLayer, factors, features, rows);
    }

    /// A copy with a padding token.
    public Embedding withPadding(int token) {
        return new Embedding(positions, scale, numSegments, norm, OptionalInt.of(token), perLayer, factors,
                features, unusedRows);
    }

    /// A copy with per-layer embeddings.
    public Embedding with(PerLayerEmbeddings more) {
        return new Embedding(positions, scale, numSegments, norm, padding, Optional.of(more), factors, features,
                unusedRows);
    }

    /// A copy that is factorized.
    public Embedding with(Factors other) {
        return new Embedding(positions, scale, numSegments, norm, padding, perLayer, Optional.of(other),
                features, unusedRows);
    }

    /// A copy for a tower.
    public Embedding with(Features of) {
        return new Embedding(positions, scale, numSegments, norm, padding, perLayer, factors, Optional.of(of),
                unusedRows);
    }

    /// `scale · E[token]`.
    public static Embedding scaled(double scale) {
        return new Embedding(new Positions.None(), (float) scale, 0, new Norm.None());
    }

    /// Adds the parameters; E is `[V, D]`, which a model of sounds alone lacks.
    void parameters(Shapes shapes, int vocabSize, int hidden) {
        int width = factors.filter(f -> !f.onlyTokens).map(Factors::size).orElse(hidden);
        if (vocabSize > 0 && features.filter(f -> !f.stages.isEmpty()).isEmpty()) {
            shapes.add(Role.EMBEDDING, (long) vocabSize + unusedRows, tokenSize(hidden));
        }
        features(shapes, width);
        positions(shapes, Role.POSITIONS, width);
        if (numSegments > 0) {
            shapes.add(Role.SEGMENTS, numSegments, width);
        }
        perLayer.ifPresent(inputs -> inputs.parameters(shapes, hidden));
        shapes.norm(norm, Role.EMBEDDING_NORM_WEIGHT, Role.EMBEDDING_NORM_BIAS, width);
        factors.ifPresent(f -> shapes.linear(Role.EMBEDDING_PROJECTION, Role.EMBEDDING_PROJECTION_BIAS, !f.onlyTokens,
                hidden, f.size));
    }

    /// The width of E.
    public int tokenSize(int hidden) {
        return factors.map(Factors::size).orElse(hidden);
    }

    /// Adds the parameters of an encoder beside a decoder, which has E.
    void encoderParameters(Shapes shapes, int hidden) {
        features(shapes, hidden);
        shapes.at(Place.WHOLE);
        positions(shapes, Role.ENCODER_POSITIONS, hidden);
        shapes.norm(norm, Role.ENCODER_EMBEDDING_NORM_WEIGHT, Role.ENCODER_EMBEDDING_NORM_BIAS, hidden);
    }

    private void features(Shapes shapes, int width) {
        if (features.isEmpty()) {
            return;
        }
        Features f = features.get();
        if (f.stages.isEmpty()) {
            shapes.norm(f.before, Role.FEATURES_BEFORE_WEIGHT, Role.FEATURES_BEFORE_BIAS, f.size());
            shapes.linear(Role.FEATURES, Role.FEATURES_BIAS, f.biased, width, f.size());
            shapes.norm(f.after, Role.FEATURES_AFTER_WEIGHT, Role.FEATURES_AFTER_BIAS, width);
        }
        int size = f.size();
        for (int i = 0; i < f.stages.size(); i++) {
            shapes.at(new Place(-1, 1 + i));
            size = f.stages.get(i).parameters(shapes, size);
        }
        shapes.at(Place.WHOLE);
    }

    private void positions(Shapes shapes, Role role, int width) {
        switch (positions) {
            case Positions.None _, Positions.Sinusoids _ -> { }
            case Positions.Learned learned -> shapes.add(role, learned.first() + learned.count(), width);
            case Positions.Grid grid -> shapes.add(role, grid.count(), width);
            case Positions.Axes axes -> shapes.add(role, 2L * axes.count(), width);
            case Positions.Counted counted -> shapes.add(role, counted.padding() + 1 + counted.count(), width);
        }
    }
}
