package glia.tensor.kernel.vector;

import static glia.tensor.Memory.ALL;
import static glia.tensor.kernel.vector.Simd.ADDRESS;
import static glia.tensor.kernel.vector.Simd.BYTES;
import static glia.tensor.kernel.vector.Simd.F;
import static glia.tensor.kernel.vector.Simd.LANES;
import static glia.tensor.kernel.vector.Simd.ORDER;
import static glia.tensor.kernel.vector.Simd.broadcast;
import static glia.tensor.kernel.vector.Simd.load;
import static glia.tensor.kernel.vector.Simd.store;
import static glia.tensor.kernel.vector.Simd.sum;
import static glia.tensor.kernel.vector.Simd.zero;

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
                scores(partial, shape.scale(), end - p, scores);
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
            FloatVector s0 = zero();
            FloatVector s1 = zero();
            FloatVector s2 = zero();
            FloatVector s3 = zero();
            for (int e = 0; e < whole; e += LANES) {
                FloatVector v = load(q + 4L * e);
                s0 = v.fma(load(keys + j * step + 4L * e), s0);
                s1 = v.fma(load(keys + j1 * step + 4L * e), s1);
                s2 = v.fma(load(keys + j2 * step + 4L * e), s2);
                s3 = v.fma(load(keys + j3 * step + 4L * e), s3);
            }
            store(to + (long) j * BYTES, s0);
            store(to + (long) j1 * BYTES, s1);
            store(to + (long) j2 * BYTES, s2);
            store(to + (long) j3 * BYTES, s3);
        }
        for (int e = whole; e < size; e++) {
            for (int j = 0; j < count; j++) {
                long lane = to + (long) j * BYTES;
                float v = Memory.f32(q + 4L * e) * Memory.f32(keys + j * step + 4L * e);
                Memory.f32(lane, Memory.f32(lane) + v);
            }
        }
    }

    /// `scale · q·k` from the partial sums.
    private static void scores(long partial, float scale, int count, long to) {
        for (int j = 0; j < count; j++) {
            Memory.f32(to + 4L * j, scale * sum(load(partial + (long) j * BYTES)));
        }
    }

    /// Turns scores into `exp(score - largest)` and adds them to the denominator; gives the factor for earlier sums.
    /// C2 may inline it into `run`, and then calls small methods of ours where it has enough nodes, which would put
    /// vectors on the heap: so it calls the Vector API, which is always inlined.
    ///
    /// @param total memory of a vector
    private static float weights(long scores, int count, long largestAt, long denominatorAt, long total) {
        int padded = (count + LANES - 1) / LANES * LANES;
        for (int j = count; j < padded; j++) {
            Memory.f32(scores + 4L * j, Float.NEGATIVE_INFINITY);
        }
        float before = Memory.f32(largestAt);
        FloatVector top = FloatVector.broadcast(F, before);
        for (int j = 0; j < padded; j += LANES) {
            FloatVector s = FloatVector.fromMemorySegment(F, ALL, (scores + 4L * j) & ADDRESS, ORDER);
            top = top.blend(s, s.compare(VectorOperators.GT, top));
        }
        float largest = top.reduceLanes(VectorOperators.MAX);
        FloatVector sum = FloatVector.zero(F);
        for (int j = 0; j < padded; j += LANES) {
            long at = (scores + 4L * j) & ADDRESS;
            FloatVector w = Simd.exp(FloatVector.fromMemorySegment(F, ALL, at, ORDER).sub(largest));
            sum = sum.add(w);
            w.intoMemorySegment(ALL, at, ORDER);
        }
        sum.intoMemorySegment(ALL, total & ADDRESS, ORDER);
        float decay = (float) Math.exp(before - largest);
        float denominator = Memory.f32(denominatorAt) * decay;
        for (int i = 0; i < LANES; i++) {
            denominator += Memory.f32(total + 4L * i);
        }
        Memory.f32(largestAt, largest);
        Memory.f32(denominatorAt, denominator);
        return decay;
    }

    /// `sums = decay · sums + Σ_j weight_j · value_j`, four vectors of columns at a time.
    private static void accumulate(long sums, int size, float decay, long weights, long values, long step, int count) {
        int e = 0;
        for (; e <= size - 4 * LANES; e += 4 * LANES) {
            long at = sums + 4L * e;
            FloatVector s0 = load(at).mul(decay);
            FloatVector s1 = load(at + 4 * LANES).mul(decay);
            FloatVector s2 = load(at + 8 * LANES).mul(decay);
            FloatVector s3 = load(at + 12 * LANES).mul(decay);
            long v = values + 4L * e;
            for (int j = 0; j < count; j++) {
                FloatVector w = broadcast(weights + 4L * j);
                s0 = w.fma(load(v), s0);
                s1 = w.fma(load(v + 4 * LANES), s1);
                s2 = w.fma(load(v + 8 * LANES), s2);
                s3 = w.fma(load(v + 12 * LANES), s3);
                v += step;
            }
            store(at, s0);
            store(at + 4 * LANES, s1);
            store(at + 8 * LANES, s2);
            store(at + 12 * LANES, s3);
        }
        for (; e < size; e += LANES) {
            long at = sums + 4L * e;
            long v = values + 4L * e;
            if (e + LANES <= size) {
                FloatVector s0 = load(at).mul(decay);
                for (int j = 0; j < count; j++) {
                    s0 = broadcast(weights + 4L * j).fma(load(v + j * step), s0);
                }
                store(at, s0);
            } else {
                accumulateTail(at, size - e, decay, weights, v, step, count);
            }
        }
    }

    private static void accumulateTail(
            long sums, int size, float decay, long weights, long values, long step, int count) {
        for (int e = 0; e < size; e++) {
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
