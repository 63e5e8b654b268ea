package glia.model.spec;

import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Span;
import java.util.List;

/// Sparse attention by a fixed pattern: a token sees the last `window` positions, its own included, and of those before
/// every one that `stride` divides, the first among them (https://arxiv.org/abs/1904.10509). The cost of T tokens is
/// O(T · (window + T / stride)).
///
/// @param attention all but which positions are seen
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

    /// How many positions a token at this one sees.
    public int count(int position) {
        int local = Math.min(window, position + 1);
        return local + Math.ceilDiv(position + 1 - local, stride);
    }

    /// Position `i` of those that a token at `position` sees, ascending.
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
