package glia.model.spec;

import java.util.List;

/// A short convolution between two gates that depend on the input, in place of attention: `out(c ⊙ conv(b ⊙ u))` with
/// `[b|c|u] = in(x)`. https://arxiv.org/abs/2511.23404
///
/// @param width D, the hidden size, which is the number of channels
/// @param size k, the tokens of the depthwise causal convolution
/// @param bias of both projections and of the convolution
public record GatedConvolution(int width, int size, Bias bias) implements Mixer {
    public GatedConvolution {
        if (width < 1 || size < 1) {
            throw new IllegalArgumentException("a convolution of " + size + " tokens and " + width + " channels");
        }
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        boolean biased = bias != Bias.NONE;
        shapes.linear(Role.INPUT, Role.INPUT_BIAS, biased, 3L * width, hidden);
        shapes.add(Role.CONVOLUTION, width, 1, size);
        if (biased) {
            shapes.add(Role.CONVOLUTION_BIAS, width);
        }
        shapes.linear(Role.OUTPUT, Role.OUTPUT_BIAS, biased, hidden, width);
    }

    /// The convolution's last inputs.
    @Override
    public List<CacheKind> caches() {
        return List.of(new CacheKind.Recurrence(Math.multiplyExact(width, size - 1)));
    }

    @Override
    public String describe() {
        return "gated convolution of " + size + " tokens";
    }
}
