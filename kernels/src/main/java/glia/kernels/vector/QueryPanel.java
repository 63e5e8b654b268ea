package glia.kernels.vector;

import static glia.tensor.Memory.ALL;
import static glia.kernels.vector.Simd.*;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// The online softmax for a panel of queries (see `Tiles.weigh`), a vector of columns at a time.
final class QueryPanel {
    private QueryPanel() { }

    /// Masks positions invisible to a query, in a vector of columns.
    static void mask(long scores, int count, int from, long firsts, long lasts) {
        FloatVector first = FloatVector.fromMemorySegment(F, ALL, firsts & ADDRESS, ORDER);
        FloatVector last = FloatVector.fromMemorySegment(F, ALL, lasts & ADDRESS, ORDER);
        for (int j = 0; j < count; j++) {
            float position = from + j;
            VectorMask<Float> hidden = first.compare(GT, position).or(last.compare(LT, position));
            long at = scores + (long) j * PANEL_BYTES & ADDRESS;
            FloatVector.fromMemorySegment(F, ALL, at, ORDER).blend(Float.NEGATIVE_INFINITY, hidden)
                    .intoMemorySegment(ALL, at, ORDER);
        }
    }

    /// Converts a vector of columns of scores to weights `exp(score - largest)`, adds them to the denominators and
    /// scales down earlier sums by the growth of the largest score. For this the old largest scores pass through `exp`
    /// in a row of their own behind the scores.
    static void weigh(long scores, int count, long largests, long denominators, long sums, int valueSize) {
        raise(scores, count, largests);
        Exponential.apply(scores, count + 1, PANEL_BYTES, largests, scores);
        FloatVector total = FloatVector.zero(F);
        for (int j = 0; j < count; j++) {
            long at = scores + (long) j * PANEL_BYTES & ADDRESS;
            total = total.add(FloatVector.fromMemorySegment(F, ALL, at, ORDER));
        }
        long behind = scores + (long) count * PANEL_BYTES & ADDRESS;
        FloatVector decay = FloatVector.fromMemorySegment(F, ALL, behind, ORDER);
        FloatVector.fromMemorySegment(F, ALL, denominators & ADDRESS, ORDER).fma(decay, total)
                .intoMemorySegment(ALL, denominators & ADDRESS, ORDER);
        for (int e = 0; e < valueSize; e++) {
            long at = sums + (long) e * PANEL_BYTES & ADDRESS;
            FloatVector.fromMemorySegment(F, ALL, at, ORDER).mul(decay).intoMemorySegment(ALL, at, ORDER);
        }
    }

    /// Stores the largest scores so far behind the scores and the new largest in their place.
    private static void raise(long scores, int count, long largests) {
        FloatVector largest = FloatVector.fromMemorySegment(F, ALL, largests & ADDRESS, ORDER);
        largest.intoMemorySegment(ALL, scores + (long) count * PANEL_BYTES & ADDRESS, ORDER);
        for (int j = 0; j < count; j++) {
            long at = scores + (long) j * PANEL_BYTES & ADDRESS;
            FloatVector s = FloatVector.fromMemorySegment(F, ALL, at, ORDER);
            largest = largest.blend(s, s.compare(GT, largest));
        }
        largest.intoMemorySegment(ALL, largests & ADDRESS, ORDER);
    }
}
