package glia.model.spec;

import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Span;
import java.util.List;

/// Mixers of conformer layers, which read whole sequences. https://arxiv.org/abs/2005.08100
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
}
