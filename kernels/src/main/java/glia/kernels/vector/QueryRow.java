package glia.kernels.vector;

import static glia.tensor.Memory.ALL;
import static glia.kernels.vector.Simd.*;

import glia.tensor.Memory;
import glia.kernels.tiled.Tiles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Attention of one query: scores, weights and the weighted sum of values (see `Tiles`).
final class QueryRow {
    private QueryRow() { }

    /// Computes a vector of partial sums of `q·k` for each of `count` keys. Four keys at a time share the loads of the
    /// query; the last keys are recomputed if they are fewer than four. Values that fill no vector are added to the
    /// first lane.
    static void dots(long q, int size, long keys, long step, int count, long to) {
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

    /// Converts scores to `exp(score - largest)` and updates the state (see `Tiles.weights`).
    ///
    /// @param vector memory for one vector
    static void weights(long scores, int count, long state, long vector) {
        int vectors = Math.ceilDiv(count, LANES);
        for (int j = count; j < vectors * LANES; j++) {
            Memory.f32(scores + 4L * j, Float.NEGATIVE_INFINITY);
        }
        float before = Memory.f32(state);
        float largest = largest(scores, vectors, before, vector);
        Exponential.apply(scores, vectors, BYTES, vector, scores);
        float decay = (float) Math.exp(before - largest);
        Memory.f32(state, largest);
        long denominator = state + Tiles.DENOMINATOR;
        Memory.f32(denominator, Memory.f32(denominator) * decay + total(scores, vectors, vector));
        Memory.f32(state + Tiles.DECAY, decay);
    }

    /// The largest of the scores and of `largest`, also broadcast to a vector in memory.
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

    /// Computes `sums = decay · sums + Σ_j weight_j · value_j`, four vectors of columns at a time.
    static void accumulate(long sums, int size, float decay, long weights, long values, long step, int count) {
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
}
