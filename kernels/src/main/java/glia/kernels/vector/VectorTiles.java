package glia.kernels.vector;

import static glia.kernels.vector.RowProduct.Rows.B;
import static glia.kernels.vector.RowProduct.Rows.S;
import static glia.kernels.vector.Simd.*;
import static glia.tensor.Memory.ALL;
import static glia.tensor.Memory.I16;
import static jdk.incubator.vector.VectorOperators.*;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;

import glia.kernels.tiled.Prefetch;
import glia.kernels.tiled.Tiles;
import glia.kernels.vector.RowProduct.Rows;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.QuantizedMatrix;
import glia.tensor.format.MatrixReader;
import glia.tensor.kernel.Workers;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// The inner loops of GEMM and attention on the Vector API.
final class VectorTiles implements Tiles {
    private final PanelDecoder[] decoders;
    private final MatrixReader[] readers;

    VectorTiles(Workers workers) {
        readers = MatrixReader.each(workers.count());
        decoders = new PanelDecoder[workers.count()];
        for (int i = 0; i < decoders.length; i++) {
            decoders[i] = new PanelDecoder();
        }
    }

    @Override
    public int rows() {
        return Tile.ROWS;
    }

    @Override
    public int cols() {
        return PANEL;
    }

    /// Tiles are always whole: their accumulators are named locals.
    @Override
    public int minRows(int rows) {
        return Tile.ROWS;
    }

    /// Always a whole panel.
    @Override
    public int minCols(int cols) {
        return PANEL;
    }

    @Override
    public void multiply(int rows, int cols, long c, long cRow, long a, long aRow, long aStep, long b, int depth) {
        Tile.multiply(c, cRow, a, aRow, aStep, b, PANEL_BYTES, depth);
    }

    @Override
    public void clear(long at, int count) {
        zero(at, count);
    }

    /// Sets `count` values to 0.
    static void zero(long at, int count) {
        int i = 0;
        for (; i <= count - Simd.LANES; i += Simd.LANES) {
            FloatVector.zero(Simd.F).intoMemorySegment(Memory.ALL, at + 4L * i & Simd.ADDRESS, Simd.ORDER);
        }
        for (; i < count; i++) {
            Memory.f32(at + 4L * i, 0);
        }
    }

    @Override
    public void decode(QuantizedMatrix w, int row, int rows, int col, int count, long to, int worker) {
        for (int r = 0; r < rows; r++) {
            readers[worker].read(w, row + r, col, count, to + 4L * r * count);
        }
    }

    @Override
    public void decode(DType type, long from, long rowBytes, int rows, int count, long to, int worker) {
        if (Rows.AVAILABLE && type == DType.BF16) {
            RowDecoder.bf16(from, rowBytes, rows, count, to);
        } else if (Rows.AVAILABLE && type == DType.Q8_0) {
            RowDecoder.q8p0(from, rowBytes, rows, count, to);
        } else {
            decoders[worker].decodeRows(type, from, rowBytes, rows, count, to);
        }
    }

    @Override
    public void transpose(DType type, long from, long rowBytes, int rows, int count, long panel, int worker) {
        decoders[worker].decode(type, from, rowBytes, rows, count, panel);
    }

    @Override
    public void straight(
            DType type, long from, long rowBytes, int rows, int count, long panels, long partBytes, int worker) {
        if (type == DType.F32 && count <= PANEL) {
            Stage.straight(from, rowBytes, rows, count, panels);
        } else {
            decoders[worker].decodeStraight(type, from, rowBytes, rows, count, panels, partBytes);
        }
    }

    @Override
    public void weigh(long scores, int count, int position, boolean masked, long state, long sums, int size) {
        for (int side = 0; side < PANEL_BYTES; side += BYTES) {
            long largests = state + side;
            if (masked) {
                QueryPanel.mask(scores + side, count, position, largests + 2 * PANEL_BYTES, largests + 3 * PANEL_BYTES);
            }
            QueryPanel.weigh(scores + side, count, largests, largests + PANEL_BYTES, sums + side, size);
        }
    }

    @Override
    public void cap(long x, int count, float cap) {
        HyperbolicTangent.apply(x, 4L * count, 1 / cap, cap, x);
    }

    @Override
    public void scores(long q, int heads, int size, long keys, long step, int count, float scale, long scores,
            long scoresRow, Prefetch ahead, long scratch) {
        for (int h = 0; h < heads; h++) {
            QueryRow.dots(q + 4L * h * size, size, keys, step, count, scratch);
            Rows.reduce(scratch, count, scale, scores + h * scoresRow);
        }
    }

    @Override
    public void weights(long scores, long scoresRow, int heads, int count, long state, long scratch) {
        for (int h = 0; h < heads; h++) {
            QueryRow.weights(scores + h * scoresRow, count, state + h * STATE_BYTES, scratch);
        }
    }

    @Override
    public void accumulate(long sums, int heads, int size, long state, long weights, long weightsRow, long values,
            long step, int count, Prefetch ahead, long scratch) {
        for (int h = 0; h < heads; h++) {
            float decay = Memory.f32(state + h * STATE_BYTES + DECAY);
            QueryRow.accumulate(sums + 4L * h * size, size, decay, weights + h * weightsRow, values, step, count);
        }
    }

    /// The online softmax for a panel of queries (see `Tiles.weigh`), a vector of columns at a time.
    static final class QueryPanel {
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
        /// scales down earlier sums by the growth of the largest score. For this the old largest scores pass through
        /// `exp` in a row of their own behind the scores.
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

    /// Decodes rows of the KV cache's types to consecutive F32 rows, with the bits of `Decode`. Requires
    /// `Rows.AVAILABLE`.
    static final class RowDecoder {
        private static final int BLOCK = 32;
        private static final int BLOCK_BYTES = 34;

        private RowDecoder() { }

        static void bf16(long from, long rowBytes, int rows, int count, long to) {
            int whole = count / LANES * LANES;
            for (int r = 0; r < rows; r++) {
                long row = from + r * rowBytes;
                long y = to + 4L * r * count;
                for (int k = 0; k < whole; k += LANES) {
                    IntVector v = (IntVector) ShortVector.fromMemorySegment(S, ALL, row + 2L * k & ADDRESS, ORDER)
                            .convertShape(ZERO_EXTEND_S2I, I, 0);
                    v.lanewise(LSHL, 16).reinterpretAsFloats().intoMemorySegment(ALL, y + 4L * k & ADDRESS, ORDER);
                }
                for (int k = whole; k < count; k++) {
                    Memory.f32(y + 4L * k, Float.intBitsToFloat(ALL.get(I16, row + 2L * k) << 16));
                }
            }
        }

        /// @param count a multiple of 32
        static void q8p0(long from, long rowBytes, int rows, int count, long to) {
            for (int r = 0; r < rows; r++) {
                long block = from + r * rowBytes;
                long y = to + 4L * r * count;
                for (int k = 0; k < count; k += BLOCK, block += BLOCK_BYTES) {
                    FloatVector scale = FloatVector.broadcast(F, Float.float16ToFloat(ALL.get(I16, block & ADDRESS)));
                    for (int j = 0; j < BLOCK; j += LANES) {
                        FloatVector v = (FloatVector) ByteVector
                                .fromMemorySegment(B, ALL, block + 2 + j & ADDRESS, ORDER).convertShape(B2F, F, 0);
                        v.mul(scale).intoMemorySegment(ALL, y + 4L * (k + j) & ADDRESS, ORDER);
                    }
                }
            }
        }
    }

    /// Attention of one query: scores, weights and the weighted sum of values (see `Tiles`).
    static final class QueryRow {
        private QueryRow() { }

        /// Computes a vector of partial sums of `q·k` for each of `count` keys. Four keys at a time share the loads of
        /// the query; the last keys are recomputed if they are fewer than four. Values that fill no vector are added to
        /// the first lane.
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
}
