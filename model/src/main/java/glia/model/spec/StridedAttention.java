package glia.model.spec;

import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Span;
import java.util.List;

/// Sparse attention with a fixed strided pattern (https://arxiv.org/abs/1904.10509): a token attends to the last
/// `window` positions, including its own, and before those to every multiple of `stride`, 0 included. The cost of T
/// tokens is O(T · (window + T / stride)).
///
/// @param attention heads, scale and RoPE
public record StridedAttention(Attention attention, int window, int stride) implements Mixer {
    public StridedAttention {
        if (window < 1 || stride < 1) {
            throw new IllegalArgumentException("a window of " + window + " and every " + stride + "th position");
        }
        if (!(attention.span() instanceof Span.Causal) || !(attention.scores() instanceof Scores.Plain)) {
            throw new IllegalArgumentException("a pattern goes with plain scores and a full span, not with "
                    + attention.describe());
        }
    }

    /// The number of positions that a token at `position` attends to.
    public int count(int position) {
        int local = Math.min(window, position + 1);
        return local + Math.ceilDiv(position + 1 - local, stride);
    }

    /// The `i`-th of these positions, ascending.
    public int seen(int position, int i) {
        int local = Math.min(window, position + 1);
        int distant = count(position) - local;
        return i < distant ? i * stride : position + 1 - local + i - distant;
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        attention.parameters(shapes, hidden);
    }

    @Override
    public List<CacheKind> caches() {
        return attention.caches();
    }

    @Override
    public String describe() {
        return attention.describe() + ", sparse, the last " + window + " positions and every " + stride
                + "th before them";
    }
}
