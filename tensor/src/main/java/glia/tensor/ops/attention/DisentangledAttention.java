package glia.tensor.ops.attention;

import glia.tensor.Tensor;
import glia.tensor.kernel.Scores.RelativeRows;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import java.util.Arrays;
import java.util.Optional;

/// Disentangled attention over whole sequences ([DeBERTa](https://arxiv.org/abs/2006.03654)): `softmax_j(scale · (q_i ·
/// k_j + p_i · K_r + k_j · Q_r)) · v_j` for each head, where K and Q are keys and queries of relative positions and r
/// is the row of the distance `i - j`. Either of them may be absent. The p are the q, or others, as in
/// [Transformer-XL](https://arxiv.org/abs/1901.02860).
public final class DisentangledAttention implements Operation {
    private final Tensor q;
    private final Tensor k;
    private final Tensor v;
    private final Optional<Tensor> located;
    private final Optional<Tensor> positionKeys;
    private final Optional<Tensor> positionQueries;
    private final Runs runs;
    private final RelativeRows rows;
    private final int headSize;
    private final float scale;
    private final Near near;

    /// Which keys queries attend to, and a bound of scores: `cap · tanh(s / cap)`.
    ///
    /// @param past tokens before
    /// @param future tokens after
    /// @param cap 0 for none
    public record Near(int past, int future, float cap) {
        private static final Near ALL = new Near(Integer.MAX_VALUE, Integer.MAX_VALUE, 0);
    }

    /// @param q `[N, H·headSize]`, like k and v
    /// @param located p, if they are not q
    /// @param positionKeys K `[2·rows.size, H·headSize]`
    /// @param positionQueries Q of the same shape
    /// @param runs whole sequences
    public DisentangledAttention(Tensor q, Tensor k, Tensor v, Optional<Tensor> located,
            Optional<Tensor> positionKeys, Optional<Tensor> positionQueries, Runs runs, RelativeRows rows,
            int headSize, float scale) {
        this(q, k, v, located, positionKeys, positionQueries, runs, rows, headSize, scale, Near.ALL);
    }

    /// The same with bounds.
    public DisentangledAttention(Tensor q, Tensor k, Tensor v, Optional<Tensor> located,
            Optional<Tensor> positionKeys, Optional<Tensor> positionQueries, Runs runs, RelativeRows rows,
            int headSize, float scale, Near near) {
        Compute.require(q.cols() % headSize == 0 && q.rows() == runs.numTokens(), "attention", q, headSize);
        Compute.require(k.rows() == q.rows() && k.cols() == q.cols() && v.rows() == q.rows()
                && v.cols() == q.cols(), "attention", k, v);
        located.ifPresent(t -> Compute.require(t.rows() == q.rows() && t.cols() == q.cols(), "attention", t, q));
        positionKeys.ifPresent(t -> Compute.require(t.rows() == 2 * rows.size() && t.cols() == q.cols(),
                "attention", t, rows));
        positionQueries.ifPresent(t -> Compute.require(t.rows() == 2 * rows.size() && t.cols() == q.cols(),
                "attention", t, rows));
        this.q = q;
        this.k = k;
        this.v = v;
        this.located = located;
        this.positionKeys = positionKeys;
        this.positionQueries = positionQueries;
        this.runs = runs;
        this.rows = rows;
        this.headSize = headSize;
        this.scale = scale;
        this.near = near;
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(q.rows(), q.cols());
        int heads = q.cols() / headSize;
        ops.kernels().workers().run((chunk, worker) -> new Head(chunk / heads, chunk % heads).forward(y),
                runs.count() * heads);
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(q, k, v);
        located.ifPresent(inputs::activations);
        positionKeys.ifPresent(inputs::activations);
        positionQueries.ifPresent(inputs::activations);
    }

    @Override
    public Operation owned() {
        return new DisentangledAttention(q, k, v, located, positionKeys, positionQueries, runs.frozen(), rows, headSize,
                scale, near);
    }

    /// Recomputes the probabilities. A thread has a head of all sequences, which add to the same K and Q.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dy = tape.gradient(y);
        Tensor dq = tape.gradient(q);
        Tensor dk = tape.gradient(k);
        Tensor dv = tape.gradient(v);
        Optional<Tensor> dLocated = located.map(tape::gradient);
        Optional<Tensor> dKeys = positionKeys.map(tape::gradient);
        Optional<Tensor> dQueries = positionQueries.map(tape::gradient);
        tape.kernels().workers().run((head, worker) -> {
            for (int run = 0; run < runs.count(); run++) {
                new Head(run, head).backward(dy, dq, dk, dv, dLocated, dKeys, dQueries);
            }
        }, q.cols() / headSize);
    }

    /// One head of one sequence of T tokens. Matrices are F32 arrays, row after row; loops run along rows, which the
    /// compiler vectorizes.
    private final class Head {
        private final int first;
        private final int count;
        private final int column;
        /// The rows of the table that the distances `-(T-1)` to `T-1` have, from the lowest.
        private final int[] rowOf;
        private final int lowest;
        private final int numRows;
        private final float[] keys;
        private final float[] keysByColumn;
        private final float[] values;
        private final float[] queries;
        /// What meets keys of positions.
        private final float[] locating;
        private final float[] positionKeysByColumn;
        /// `k_j · Q_r`, `[T, rows]`.
        private final float[] keyBiases;
        private final float[] scores;
        /// What scores grow by where a product grows by 1.
        private final float[] slopes;
        private final float[] queryBiases;
        /// The keys that the query of the last [#attend] sees, `from ≤ j < to`.
        private int from;
        private int to;

        Head(int run, int head) {
            first = runs.start(run);
            count = runs.end(run) - first;
            column = head * headSize;
            rowOf = new int[Math.max(0, 2 * count - 1)];
            for (int i = 0; i < rowOf.length; i++) {
                rowOf[i] = rows.of(i - count + 1);
            }
            lowest = rowOf.length == 0 ? 0 : rowOf[0];
            numRows = rowOf.length == 0 ? 0 : rowOf[rowOf.length - 1] - lowest + 1;
            queries = read(q, first, count);
            locating = located.map(t -> read(t, first, count)).orElse(queries);
            keys = read(k, first, count);
            keysByColumn = transposed(keys, count);
            values = read(v, first, count);
            positionKeysByColumn = positionKeys.map(t -> transposed(read(t, lowest, numRows), numRows))
                    .orElse(new float[0]);
            keyBiases = new float[positionQueries.isPresent() ? count * numRows : 0];
            if (positionQueries.isPresent()) {
                float[] byColumn = transposed(read(positionQueries.get(), lowest, numRows), numRows);
                for (int j = 0; j < count; j++) {
                    multiply(keys, j * headSize, byColumn, keyBiases, j * numRows, numRows);
                }
            }
            scores = new float[count];
            slopes = new float[count];
            queryBiases = new float[numRows];
        }

        private float[] read(Tensor t, int from, int number) {
            float[] head = new float[number * headSize];
            for (int i = 0; i < number; i++) {
                for (int c = 0; c < headSize; c++) {
                    head[i * headSize + c] = t.get((long) (from + i) * t.cols() + column + c);
                }
            }
            return head;
        }

        private float[] transposed(float[] matrix, int number) {
            float[] byColumn = new float[matrix.length];
            for (int i = 0; i < number; i++) {
                for (int c = 0; c < headSize; c++) {
                    byColumn[c * number + i] = matrix[i * headSize + c];
                }
            }
            return byColumn;
        }

        /// `to ← to + x · M` for a vector x and a matrix of `width` columns.
        private void multiply(float[] x, int at, float[] byColumn, float[] to, int toAt, int width) {
            for (int c = 0; c < headSize; c++) {
                addScaled(to, toAt, byColumn, c * width, x[at + c], width);
            }
        }

        /// The products of a vector with the columns of what the query sees.
        private void products(float[] x, int at, float[] byColumn, float[] products) {
            Arrays.fill(products, from, to, 0);
            for (int c = 0; c < headSize; c++) {
                addScaled(products, from, byColumn, c * count + from, x[at + c], to - from);
            }
        }

        private static void addScaled(float[] to, int toAt, float[] from, int fromAt, float factor, int number) {
            for (int i = 0; i < number; i++) {
                to[toAt + i] += factor * from[fromAt + i];
            }
        }

        /// The row, from the lowest, of the distance `i - j`.
        private int row(int i, int j) {
            return rowOf[i - j + count - 1] - lowest;
        }

        /// The probabilities of query i for the keys that it sees, in `scores`.
        private void attend(int i) {
            from = Math.max(0, i - near.past);
            to = (int) Math.min(count, i + 1L + near.future);
            products(queries, i * headSize, keysByColumn, scores);
            if (positionKeys.isPresent()) {
                Arrays.fill(queryBiases, 0);
                multiply(locating, i * headSize, positionKeysByColumn, queryBiases, 0, numRows);
            }
            float largest = Float.NEGATIVE_INFINITY;
            for (int j = from; j < to; j++) {
                int row = row(i, j);
                float bias = positionKeys.isPresent() ? queryBiases[row] : 0;
                bias += positionQueries.isPresent() ? keyBiases[j * numRows + row] : 0;
                scores[j] = scale * (scores[j] + bias);
                slopes[j] = scale;
                if (near.cap > 0) {
                    double t = Math.tanh(scores[j] / near.cap);
                    slopes[j] = (float) (scale * (1 - t * t));
                    scores[j] = (float) (near.cap * t);
                }
                largest = Math.max(largest, scores[j]);
            }
            double sum = 0;
            for (int j = from; j < to; j++) {
                scores[j] = (float) Math.exp(scores[j] - largest);
                sum += scores[j];
            }
            for (int j = from; j < to; j++) {
                scores[j] /= (float) sum;
            }
        }

        void forward(Tensor y) {
            float[] out = new float[queries.length];
            for (int i = 0; i < count; i++) {
                attend(i);
                for (int j = from; j < to; j++) {
                    addScaled(out, i * headSize, values, j * headSize, scores[j], headSize);
                }
            }
            for (int i = 0; i < count; i++) {
                for (int c = 0; c < headSize; c++) {
                    y.set((long) (first + i) * y.cols() + column + c, out[i * headSize + c]);
                }
            }
        }

        void backward(Tensor dy, Tensor dq, Tensor dk, Tensor dv, Optional<Tensor> dLocated, Optional<Tensor> dKeys,
                Optional<Tensor> dQueries) {
            float[] dOut = read(dy, first, count);
            float[] valuesByColumn = transposed(values, count);
            float[] ofQueries = new float[queries.length];
            float[] ofLocating = dLocated.isPresent() ? new float[queries.length] : ofQueries;
            float[] ofKeys = new float[queries.length];
            float[] ofValues = new float[queries.length];
            float[] ofPositionKeys = new float[numRows * headSize];
            float[] ofKeyBiases = new float[keyBiases.length];
            float[] positions = positionKeys.map(t -> read(t, lowest, numRows)).orElse(new float[0]);
            float[] dScores = new float[count];
            float[] dBiases = new float[numRows];
            for (int i = 0; i < count; i++) {
                attend(i);
                int at = i * headSize;
                Arrays.fill(dBiases, 0);
                products(dOut, at, valuesByColumn, dScores);
                double along = 0;
                for (int j = from; j < to; j++) {
                    along += (double) scores[j] * dScores[j];
                }
                for (int j = from; j < to; j++) {
                    float ds = (float) (scores[j] * (dScores[j] - along) * slopes[j]);
                    addScaled(ofValues, j * headSize, dOut, at, scores[j], headSize);
                    addScaled(ofQueries, at, keys, j * headSize, ds, headSize);
                    addScaled(ofKeys, j * headSize, queries, at, ds, headSize);
                    dBiases[row(i, j)] += ds;
                    if (positionQueries.isPresent()) {
                        ofKeyBiases[j * numRows + row(i, j)] += ds;
                    }
                }
                for (int r = 0; r < numRows && positionKeys.isPresent(); r++) {
                    addScaled(ofLocating, at, positions, r * headSize, dBiases[r], headSize);
                    addScaled(ofPositionKeys, r * headSize, locating, at, dBiases[r], headSize);
                }
            }
            dQueries.ifPresent(d -> addPositionQueries(d, ofKeyBiases, ofKeys));
            dKeys.ifPresent(d -> add(d, lowest, ofPositionKeys));
            dLocated.ifPresent(d -> add(d, first, ofLocating));
            add(dq, first, ofQueries);
            add(dk, first, ofKeys);
            add(dv, first, ofValues);
        }

        private void addPositionQueries(Tensor d, float[] ofKeyBiases, float[] ofKeys) {
            float[] positions = read(positionQueries.orElseThrow(), lowest, numRows);
            float[] ofPositions = new float[positions.length];
            for (int j = 0; j < count; j++) {
                for (int r = 0; r < numRows; r++) {
                    float ds = ofKeyBiases[j * numRows + r];
                    addScaled(ofKeys, j * headSize, positions, r * headSize, ds, headSize);
                    addScaled(ofPositions, r * headSize, keys, j * headSize, ds, headSize);
                }
            }
            add(d, lowest, ofPositions);
        }

        private void add(Tensor to, int from, float[] head) {
            for (int i = 0; i < head.length; i++) {
                long at = (long) (from + i / headSize) * to.cols() + column + i % headSize;
                to.set(at, to.get(at) + head[i]);
            }
        }
    }
}
