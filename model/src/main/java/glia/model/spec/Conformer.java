package glia.model.spec;

import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Span;
import java.util.List;

/// Mixers of conformer layers, and others whose maps have clamps, which read whole sequences.
/// https://arxiv.org/abs/2005.08100
public final class Conformer {
    private Conformer() { }

    /// Bidirectional multi-head attention with relative positions:
    /// `softmax_j(((q_i + u) · k_j + (q_i + v) · R(i - j)) / √E)`, where `R(d) = W [sin(d ω_0), cos(d ω_0), …]` with
    /// `ω_c = 10000^(-2c/D)`. https://arxiv.org/abs/1901.02860
    ///
    /// @param biased whether queries, keys, values and the output have biases
    public record PositionedAttention(int numHeads, int headSize, boolean biased) implements Mixer {
        public PositionedAttention {
            Heads.check(numHeads, numHeads, headSize);
        }

        public int size() {
            return Math.multiplyExact(numHeads, headSize);
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            shapes.linear(Role.QUERY, Role.QUERY_BIAS, biased, size(), hidden);
            shapes.linear(Role.KEY, Role.KEY_BIAS, biased, size(), hidden);
            shapes.linear(Role.VALUE, Role.VALUE_BIAS, biased, size(), hidden);
            shapes.add(Role.POSITION_KEY, size(), hidden);
            shapes.add(Role.CONTENT_BIAS, size());
            shapes.add(Role.DISTANCE_BIAS, size());
            shapes.linear(Role.OUTPUT, Role.OUTPUT_BIAS, biased, hidden, size());
        }

        @Override
        public List<CacheKind> caches() {
            return List.of(new CacheKind.KeyValues(size(), size(), new Span.Bidirectional()));
        }

        @Override
        public String describe() {
            return "multi-head attention, " + numHeads + " heads, size " + headSize + ", relative positions";
        }
    }

    /// `out(f(norm(conv(a ⊙ σ(g)))))` with `[a|g] = in(x)`, a depthwise convolution of as many tokens before as after,
    /// and batch normalization by stored means and variances, which training leaves as they are.
    ///
    /// @param kernel the tokens of the convolution, an odd number
    /// @param biased whether maps and the convolution have biases
    /// @param eps epsilon of the norm
    public record LightConvolution(int width, int kernel, Activation activation, boolean biased, float eps)
            implements Mixer {
        public LightConvolution {
            NumberRange.SIZE.require("convolution", kernel);
            NumberRange.EPSILON.require("epsilon of a norm", eps);
            if (kernel % 2 == 0) {
                throw new IllegalArgumentException("a convolution of " + kernel + " tokens, expected an odd number");
            }
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            shapes.linear(Role.INPUT, Role.INPUT_BIAS, biased, 2L * width, hidden);
            shapes.add(Role.CONVOLUTION, width, 1, kernel);
            if (biased) {
                shapes.add(Role.CONVOLUTION_BIAS, width);
            }
            shapes.add(Role.GATED_NORM, width);
            shapes.add(Role.GATED_NORM_BIAS, width);
            shapes.add(Role.GATED_NORM_MEAN, width);
            shapes.add(Role.GATED_NORM_VARIANCE, width);
            shapes.linear(Role.OUTPUT, Role.OUTPUT_BIAS, biased, hidden, width);
        }

        @Override
        public String describe() {
            return "gated convolution of " + kernel + " tokens around each, batch norm";
        }
    }

    /// A linear map between clamps, `clamp(W · clamp(x, a, b), c, d)`, with stored a, b, c and d where it is clipped.
    ///
    /// @param number of the map in its mixer
    private static void clipped(Shapes shapes, boolean isClipped, int number) {
        for (int i = 0; isClipped && i < 4; i++) {
            shapes.addExpert(4 * number + i, Role.CLIP, 1);
        }
    }

    /// Attention to what is near, with relative positions:
    /// `softmax_j(cap · tanh((q_i · k_j + q_i · R(i - j)) / cap))` over `i - past ≤ j ≤ i + future`, where
    /// `q = W x ⊙ softplus(s) / (√E ln 2)` with one s for all heads, `k = W x · ln(1 + e) / ln 2` and
    /// `R(d) = W [sin(t ω_0), …, cos(t ω_0), …]` with `t = d + shift` and `ω_c = 10000^(-c / (D/2 - 1))`, 0 where
    /// t < 0.
    ///
    /// @param clipped whether maps have clamps
    public record LocalAttention(int numHeads, int headSize, int past, int future, int shift, float cap,
            boolean clipped) implements Mixer {
        public LocalAttention {
            Heads.check(numHeads, numHeads, headSize);
            NumberRange.COUNT.require("tokens before", past);
            NumberRange.COUNT.require("tokens after", future);
            NumberRange.CAP.require("cap of scores", cap);
        }

        public int size() {
            return Math.multiplyExact(numHeads, headSize);
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            shapes.add(Role.QUERY, size(), hidden);
            shapes.add(Role.KEY, size(), hidden);
            shapes.add(Role.VALUE, size(), hidden);
            shapes.add(Role.POSITION_KEY, size(), hidden);
            shapes.add(Role.QUERY_SCALE, headSize);
            shapes.add(Role.OUTPUT, hidden, size());
            for (int i = 0; i < 4; i++) {
                Conformer.clipped(shapes, clipped, i);
            }
        }

        @Override
        public List<CacheKind> caches() {
            return List.of(new CacheKind.KeyValues(size(), size(), new Span.Bidirectional()));
        }

        @Override
        public String describe() {
            return "multi-head attention, " + numHeads + " heads, size " + headSize + ", to " + past + " before and "
                    + future + " after, relative positions";
        }
    }

    /// `out(f(norm(conv(a ⊙ σ(g)))))` with `[a|g] = in(x)` and a causal depthwise convolution.
    ///
    /// @param clipped whether maps have clamps
    public record ClippedConvolution(int width, int kernel, Activation activation, float eps, boolean clipped)
            implements Mixer {
        public ClippedConvolution {
            NumberRange.SIZE.require("convolution", kernel);
            NumberRange.EPSILON.require("epsilon of a norm", eps);
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            shapes.add(Role.INPUT, 2L * width, hidden);
            shapes.add(Role.CONVOLUTION, width, 1, kernel);
            shapes.add(Role.GATED_NORM, width);
            shapes.add(Role.OUTPUT, hidden, width);
            Conformer.clipped(shapes, clipped, 0);
            Conformer.clipped(shapes, clipped, 1);
        }

        @Override
        public String describe() {
            return "gated convolution of " + kernel + " tokens";
        }
    }

    /// `f(conv(e))` of the embeddings e of the tokens, whatever the stream is, with a convolution of as many tokens
    /// before as after, in groups of consecutive columns. https://arxiv.org/abs/2006.03654
    ///
    /// @param kernel the tokens of the convolution, an odd number
    public record EmbeddingConvolution(int kernel, int groups, Activation activation) implements Mixer {
        public EmbeddingConvolution {
            NumberRange.SIZE.require("convolution", kernel);
            NumberRange.SIZE.require("groups of a convolution", groups);
            if (kernel % 2 == 0) {
                throw new IllegalArgumentException("a convolution of " + kernel + " tokens, expected an odd number");
            }
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            if (hidden % groups != 0) {
                throw new IllegalArgumentException(groups + " groups of " + hidden + " columns, expected a divisor");
            }
            shapes.linear(Role.CONVOLUTION, Role.CONVOLUTION_BIAS, true, hidden, (long) hidden / groups * kernel);
        }

        @Override
        public String describe() {
            return "convolution of " + kernel + " embeddings around each";
        }
    }

    /// A mixer, with clamps where a model has them.
    public static Mixer clipped(Mixer mixer, boolean isClipped) {
        return isClipped ? new Clipped(mixer) : mixer;
    }

    /// Attention with normed heads, or a gated MLP, without biases, whose maps have clamps.
    public record Clipped(Mixer mixer) implements Mixer {
        public Clipped {
            if (!(mixer instanceof NormedAttention a && a.bias() == Bias.NONE
                    || mixer instanceof GatedMlp m && m.bias() == Bias.NONE)) {
                throw new IllegalArgumentException("clamps need attention with normed heads or a gated MLP, not "
                        + mixer.describe());
            }
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            mixer.parameters(shapes, hidden);
            for (int i = 0; i < (mixer instanceof NormedAttention ? 4 : 3); i++) {
                Conformer.clipped(shapes, true, i);
            }
        }

        @Override
        public List<CacheKind> caches() {
            return mixer.caches();
        }

        @Override
        public String describe() {
            return mixer.describe() + ", clipped";
        }
    }

    /// `down(f(up(x)))` without biases.
    ///
    /// @param clipped whether maps have clamps
    public record ClippedMlp(int intermediateSize, Activation activation, boolean clipped) implements Mixer {
        public ClippedMlp {
            NumberRange.SIZE.require("MLP width", intermediateSize);
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            shapes.add(Role.UP, intermediateSize, hidden);
            shapes.add(Role.DOWN, hidden, intermediateSize);
            Conformer.clipped(shapes, clipped, 0);
            Conformer.clipped(shapes, clipped, 1);
        }

        @Override
        public String describe() {
            return "MLP, " + intermediateSize + " wide, " + Labels.of(activation) + (clipped ? ", clipped" : "");
        }
    }
}
