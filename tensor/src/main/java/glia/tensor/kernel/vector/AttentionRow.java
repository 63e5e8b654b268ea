package glia.tensor.kernel.vector;

import static glia.tensor.Memory.ALL;
import static glia.tensor.kernel.vector.Simd.ADDRESS;
import static glia.tensor.kernel.vector.Simd.BYTES;
import static glia.tensor.kernel.vector.Simd.F;
import static glia.tensor.kernel.vector.Simd.LANES;
import static glia.tensor.kernel.vector.Simd.ORDER;

import glia.tensor.Memory;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValues;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Attention of one token's query heads that share their keys, over a range of positions. Blocks of keys and values are
/// read from memory for the first head and from the cache for the others. Scores are turned into weights as soon as a
/// block is done; when it brings a new largest score, what was summed before is scaled down
/// (https://arxiv.org/abs/1805.02867).
final class AttentionRow {
    private static final int BLOCK = 64;

    private final Scratch scratch = new Scratch();
    private int valueSize;
    private long sums;
    private long largests;
    private long denominators;

    /// @param query the first head's query
    /// @param last the last position, inclusive; below `first` where the range is empty
    void run(long query, KeyValues kv, int kvHead, AttentionShape shape, int first, int last) {
        int heads = shape.groupSize();
        valueSize = shape.valueSize();
        long scores = scratch.reserve(4L * (BLOCK + heads * (valueSize + 2L)) + BLOCK * BYTES);
        long partial = scores + 4 * BLOCK;
        sums = partial + BLOCK * BYTES;
        largests = sums + 4L * heads * valueSize;
        denominators = largests + 4L * heads;
        for (int g = 0; g < heads; g++) {
            Memory.f32(largests + 4L * g, -Float.MAX_VALUE);
            Memory.f32(denominators + 4L * g, 0);
            scaled(sums(g), 0, valueSize, sums(g));
        }
        long keyStep = 4L * kv.keyCols();
        long valueStep = 4L * kv.valueCols();
        for (int p = first, end; p <= last; p = end) {
            end = Math.min(last + 1, Math.min(p + BLOCK, (p / kv.pageTokens() + 1) * kv.pageTokens()));
            long keys = kv.keyAddress(p) + 4L * kvHead * shape.keySize();
            long values = kv.valueAddress(p) + 4L * kvHead * valueSize;
            for (int g = 0; g < heads; g++) {
                long head = query + 4L * g * shape.keySize();
                dots(head, shape.keySize(), keys, keyStep, end - p, partial);
                Rows.reduce(partial, end - p, shape.scale(), scores);
                float decay = weights(scores, end - p, largests + 4L * g, denominators + 4L * g, partial);
                accumulate(sums(g), valueSize, decay, scores, values, valueStep, end - p);
            }
        }
    }

    float largest(int g) {
        return Memory.f32(largests + 4L * g);
    }

    float denominator(int g) {
        return Memory.f32(denominators + 4L * g);
    }

    /// The address of head g's weighted sum of values.
    long sums(int g) {
        return sums + 4L * g * valueSize;
    }

    /// The vector of partial sums of `q·k` for each of `count` keys. Four keys at a time share the loads of the query;
    /// the last ones are done again where they are not four. Numbers that fill no vector are added to the first lane.
    private static void dots(long q, int size, long keys, long step, int count, long to) {
        int whole = size / LANES * LANES;
        for (int j = 0; j < count; j += 4) {
            int j1 = Math.min(j + 1, count - 1);
            int j2 = Math.min(j + 2, count - 1);
            int j3 = Math.min(j + 3, count - 1);
            FloatVector s0 = FloatVector.zero(F);
            FloatVector s1 = FloatVector.zero(F);
            FloatVector s2 = FloatVector.zero(F);
            FloatVector s3 = FloatVector.zero(F);
            for (int e = 0; e < whole; e += LANES) {
                long key = keys + 4L * e;
                FloatVector v = FloatVector.fromMemorySegment(F, ALL, q + 4L * e & ADDRESS, ORDER);
                s0 = v.fma(FloatVector.fromMemorySegment(F, ALL, key + j * step & ADDRESS, ORDER), s0);
                s1 = v.fma(FloatVector.fromMemorySegment(F, ALL, key + j1 * step & ADDRESS, ORDER), s1);
                s2 = v.fma(FloatVector.fromMemorySegment(F, ALL, key + j2 * step & ADDRESS, ORDER), s2);
                s3 = v.fma(FloatVector.fromMemorySegment(F, ALL, key + j3 * step & ADDRESS, ORDER), s3);
            }
            s0.intoMemorySegment(ALL, to + (long) j * BYTES & ADDRESS, ORDER);
            s1.intoMemorySegment(ALL, to + (long) j1 * BYTES & ADDRESS, ORDER);
            s2.intoMemorySegment(ALL, to + (long) j2 * BYTES & ADDRESS, ORDER);
            s3.intoMemorySegment(ALL, to + (long) j3 * BYTES & ADDRESS, ORDER);
        }
        for (int e = whole; e < size; e++) {
            for (int j = 0; j < count; j++) {
                long lane = to + (long) j * BYTES;
                float v = Memory.f32(q + 4L * e) * Memory.f32(keys + j * step + 4L * e);
                Memory.f32(lane, Memory.f32(lane) + v);
            }
        }
    }

    /// Turns scores into `exp(score - largest)` and adds them to the denominator; gives the factor for earlier sums.
    ///
    /// @param vector memory for one vector
    private static float weights(long scores, int count, long largestAt, long denominatorAt, long vector) {
        int vectors = Math.ceilDiv(count, LANES);
        for (int j = count; j < vectors * LANES; j++) {
            Memory.f32(scores + 4L * j, Float.NEGATIVE_INFINITY);
        }
        float before = Memory.f32(largestAt);
        float largest = largest(scores, vectors, before, vector);
        Exponential.apply(scores, vectors, BYTES, vector, scores);
        float decay = (float) Math.exp(before - largest);
        Memory.f32(largestAt, largest);
        Memory.f32(denominatorAt, Memory.f32(denominatorAt) * decay + total(scores, vectors, vector));
        return decay;
    }

    /// The largest of the scores and of `largest`, also in all lanes of a vector in memory.
    private static float largest(long scores, int vectors, float largest, long vector) {
        FloatVector top = FloatVector.broadcast(F, largest);
        for (int j = 0; j < vectors; j++) {
            FloatVector s = FloatVector.fromMemorySegment(F, ALL, scores + (long) j * BYTES & ADDRESS, ORDER);
            top = top.blend(s, s.compare(VectorOperators.GT, top));
        }
        float found = top.reduceLanes(VectorOperators.MAX);
        FloatVector.broadcast(F, found).intoMemorySegment(ALL, vector & ADDRESS, ORDER);
        return found;
    }

    private static float total(long weights, int vectors, long vector) {
        FloatVector total = FloatVector.zero(F);
        for (int j = 0; j < vectors; j++) {
            total = total.add(FloatVector.fromMemorySegment(F, ALL, weights + (long) j * BYTES & ADDRESS, ORDER));
        }
        total.intoMemorySegment(ALL, vector & ADDRESS, ORDER);
        return Simd.sum(vector);
    }

    /// `sums = decay · sums + Σ_j weight_j · value_j`, four vectors of columns at a time.
    private static void accumulate(long sums, int size, float decay, long weights, long values, long step, int count) {
        int e = 0;
        for (; e <= size - 4 * LANES; e += 4 * LANES) {
            long at = sums + 4L * e & ADDRESS;
            FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, at, ORDER).mul(decay);
            FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, at + BYTES, ORDER).mul(decay);
            FloatVector s2 = FloatVector.fromMemorySegment(F, ALL, at + 2 * BYTES, ORDER).mul(decay);
            FloatVector s3 = FloatVector.fromMemorySegment(F, ALL, at + 3 * BYTES, ORDER).mul(decay);
            for (int j = 0; j < count; j++) {
                long v = values + 4L * e + j * step & ADDRESS;
                FloatVector w = FloatVector.broadcast(F, ALL.get(Memory.F32, weights + 4L * j & ADDRESS));
                s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, v, ORDER), s0);
                s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, v + BYTES, ORDER), s1);
                s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, v + 2 * BYTES, ORDER), s2);
                s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, v + 3 * BYTES, ORDER), s3);
            }
            s0.intoMemorySegment(ALL, at, ORDER);
            s1.intoMemorySegment(ALL, at + BYTES, ORDER);
            s2.intoMemorySegment(ALL, at + 2 * BYTES, ORDER);
            s3.intoMemorySegment(ALL, at + 3 * BYTES, ORDER);
        }
        accumulateRest(sums, e, size, decay, weights, values, step, count);
    }

    /// Columns from `e` on: a vector at a time, then one by one.
    private static void accumulateRest(
            long sums, int e, int size, float decay, long weights, long values, long step, int count) {
        for (; e <= size - LANES; e += LANES) {
            long at = sums + 4L * e & ADDRESS;
            FloatVector s = FloatVector.fromMemorySegment(F, ALL, at, ORDER).mul(decay);
            for (int j = 0; j < count; j++) {
                FloatVector w = FloatVector.broadcast(F, ALL.get(Memory.F32, weights + 4L * j & ADDRESS));
                long v = values + 4L * e + j * step & ADDRESS;
                s = w.fma(FloatVector.fromMemorySegment(F, ALL, v, ORDER), s);
            }
            s.intoMemorySegment(ALL, at, ORDER);
        }
        for (; e < size; e++) {
            float s = Memory.f32(sums + 4L * e) * decay;
            for (int j = 0; j < count; j++) {
                s = Math.fma(Memory.f32(weights + 4L * j), Memory.f32(values + j * step + 4L * e), s);
            }
            Memory.f32(sums + 4L * e, s);
        }
    }

    /// `to = factor · from`, where factor 0 gives 0 whatever was there.
    static void scaled(long from, float factor, int count, long to) {
        for (int e = 0; e < count; e++) {
            Memory.f32(to + 4L * e, factor == 0 ? 0 : factor * Memory.f32(from + 4L * e));
        }
    }
}
