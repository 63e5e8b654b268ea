package glia.model.spec;

import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Span;
import java.util.List;

/// Multi-head attention with relative position biases in buckets and unscaled scores, as in T5:
/// `softmax(q · k + table[bucket(k - q)])`. All layers of a stack share one table. https://arxiv.org/abs/1910.10683
///
/// @param tableOwner the sublayer that holds the table `[buckets, H]`: this one or an earlier one
public record RelativeAttention(int numHeads, int headSize, Span span, Scores.RelativeBias buckets, int tableOwner)
        implements Mixer {
    public RelativeAttention {
        Heads.check(numHeads, numHeads, headSize);
    }

    public int size() {
        return Math.multiplyExact(numHeads, headSize);
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        shapes.add(Role.QUERY, size(), hidden);
        shapes.add(Role.KEY, size(), hidden);
        shapes.add(Role.VALUE, size(), hidden);
        if (shapes.place().sublayer() == tableOwner) {
            shapes.add(Role.DISTANCES, buckets.numBuckets(), numHeads);
        }
        shapes.add(Role.OUTPUT, hidden, size());
    }

    @Override
    public List<CacheKind> caches() {
        return List.of(new CacheKind.KeyValues(size(), size(), span));
    }

    @Override
    public String describe() {
        return "multi-head attention, " + numHeads + " heads, size " + headSize + ", " + Labels.of(span) + ", "
                + buckets.numBuckets() + " relative position buckets up to distance " + buckets.maxDistance();
    }
}
