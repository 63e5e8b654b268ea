package glia.jmh.compare;

import glia.model.spec.Attention;
import glia.model.spec.Embedding;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Positions;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import glia.tensor.kernel.RopeTable.Layout;
import glia.tensor.kernel.Scores;
import java.util.Locale;

/// The position encodings of attention that are compared.
enum Encoding {
    /// https://arxiv.org/abs/2104.09864
    ROPE("RoPE"),
    /// https://arxiv.org/abs/2108.12409
    ALIBI("ALiBi"),
    /// A vector for each position, added to the embedding. Those beyond the training length keep their initial values.
    LEARNED("learned"),
    /// Only the causal mask. https://arxiv.org/abs/2305.19466
    NONE("none");

    private static final double THETA = 10_000;
    private static final float ALIBI_EXPONENT = 8;

    private final String label;

    Encoding(String label) {
        this.label = label;
    }

    String label() {
        return label;
    }

    String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// A model with this encoding.
    ///
    /// @param spec with attention
    /// @param positions the longest sequence
    ModelSpec of(ModelSpec spec, int positions) {
        return switch (this) {
            case ROPE -> rope(spec, new RopeScaling.None(), positions);
            case ALIBI -> attention(spec, new Rope.None(), new Scores.Alibi(ALIBI_EXPONENT), positions);
            case LEARNED -> embedded(attention(spec, new Rope.None(), new Scores.Plain(), positions),
                    new Positions.Learned(positions), positions);
            case NONE -> attention(spec, new Rope.None(), new Scores.Plain(), positions);
        };
    }

    /// A model with RoPE that is scaled.
    static ModelSpec rope(ModelSpec spec, RopeScaling scaling, int positions) {
        int size = spec.sublayers().stream().map(s -> s.mixer()).filter(Attention.class::isInstance)
                .mapToInt(m -> ((Attention) m).headSize()).findFirst().orElseThrow();
        return attention(spec, new Rope.Rotary(size, THETA, scaling, Layout.HALF_SPLIT), new Scores.Plain(),
                positions);
    }

    private static ModelSpec attention(ModelSpec spec, Rope rope, Scores scores, int positions) {
        return embedded(spec.mapMixers(m -> m instanceof Attention a ? a.with(rope).with(scores) : m),
                new Positions.None(), positions);
    }

    private static ModelSpec embedded(ModelSpec spec, Positions embeddings, int positions) {
        return new ModelSpec(spec.modelType(), spec.vocabSize(), spec.hiddenSize(), positions,
                new Embedding(embeddings, spec.embedding().scale(), 0, new Norm.None()), spec.sublayers(),
                spec.finalNorm(), spec.head());
    }
}
