package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Vectors;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;
import glia.tensor.ops.Weight;
import java.util.List;

/// The operations of `Ops` that select rows.
public final class Gathers {
    private Gathers() { }

    /// `y[n] = table[ids[n]]`: see `Ops.embed`.
    public record Embed(Weight table, int[] ids, int count, int frozenRow) implements Operation {
        @Override
        public Tensor forward(Compute ops) {
            return ops.embed(table, ids, count, frozenRow);
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.weights(table);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            tape.products().addRowGradients(tape, table, tape.gradient(y), ids, count, frozenRow);
        }
    }

    /// `y[n] = table[ids[n]]` of a table in parts, each but the last with as many rows as the first.
    public record EmbedParts(List<Weight> parts, int[] ids) implements Operation.ReadsNothing {
        /// Receives the places in `ids` of a part, and the part's rows there.
        private interface OfPart {
            void run(Weight part, int[] places, int[] rows);
        }

        private void forParts(OfPart work) {
            int size = parts.getFirst().rows();
            int[] counts = new int[parts.size()];
            for (int id : ids) {
                counts[id / size]++;
            }
            for (int part = 0; part < counts.length; part++) {
                int[] places = new int[counts[part]];
                int[] rows = new int[counts[part]];
                for (int i = 0, at = 0; at < places.length; i++) {
                    if (ids[i] / size == part) {
                        rows[at] = ids[i] % size;
                        places[at++] = i;
                    }
                }
                work.run(parts.get(part), places, rows);
            }
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(ids.length, parts.getFirst().cols());
            forParts((part, places, rows) -> {
                int mark = ops.mark();
                if (rows.length > 0) {
                    Tensor found = ops.embed(part, rows, rows.length, -1);
                    for (int i = 0; i < places.length; i++) {
                        y.rows(places[i], places[i] + 1).copyFrom(found.rows(i, i + 1));
                    }
                }
                ops.release(mark);
            });
            return y;
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.weights(parts);
        }

        @Override
        public Operation owned() {
            return new EmbedParts(parts, ids.clone());
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dy = tape.gradient(y);
            forParts((part, places, rows) -> {
                Tensor d = tape.scratch(Math.max(1, rows.length), dy.cols());
                for (int i = 0; i < places.length; i++) {
                    d.rows(i, i + 1).copyFrom(dy.rows(places[i], places[i] + 1));
                }
                tape.products().addRowGradients(tape, part, d.rows(0, rows.length), rows, rows.length, -1);
            });
        }
    }

    /// `y[n] = x[rows[n]]`: see `Ops.select`.
    public record Select(Tensor x, int[] rows, int count) implements UnaryOperation {
        @Override
        public Tensor forward(Compute ops) {
            return ops.select(x, rows, count);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            tape.kernels().gradients().scatterAdd(tape.gradient(x), tape.gradient(y), rows, count, -1);
        }
    }

    /// Places rows among rows of zeros: `y[rows[i]] = x[i]`, `[M, D]` to `[N, D]`.
    public record SpreadRows(Tensor x, int[] rows, int numRows) implements UnaryOperation, Operation.ReadsNothing {
        public SpreadRows {
            Compute.require(rows.length == x.rows(), "spread rows", x, rows.length);
            for (int row : rows) {
                Compute.require(row >= 0 && row < numRows, "spread rows", x, row);
            }
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(numRows, x.cols());
            y.zero();
            for (int i = 0; i < rows.length; i++) {
                y.rows(rows[i], rows[i] + 1).copyFrom(x.rows(i, i + 1));
            }
            return y;
        }

        @Override
        public Operation owned() {
            return new SpreadRows(x, rows.clone(), numRows);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            for (int i = 0; i < rows.length; i++) {
                Vectors.addScaled(dx.address() + i * dx.rowBytes(), dy.address() + rows[i] * dy.rowBytes(), 1,
                        x.cols());
            }
        }
    }

    /// Appends rows to the KV cache that a later pass needs, although this pass does not attend to them through the
    /// cache. The result is the rows as later passes read them: unchanged, or rounded to the cache's type.
    public record CacheAppend(Tensor rows, KeyValueState state, Runs runs) implements Operation {
        @Override
        public Tensor forward(Compute ops) {
            KeyValues[] sequences = state.append(rows, rows, runs);
            if (runs.count() == 0 || sequences[0].type() == KeyValueType.F32) {
                return rows;
            }
            Tensor read = ops.allocate(rows.rows(), rows.cols());
            for (int run = 0; run < runs.count(); run++) {
                ops.kernels().loadKeys(read.rows(runs.start(run), runs.end(run)), sequences[run], runs.position(run));
            }
            return read;
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(rows);
        }

        /// Recorded passes have no KV cache, so the result is the input and there is nothing to record.
        @Override
        public void backward(Tape tape, Tensor y) {
            throw new IllegalStateException("gradients need an F32 KV cache or none: record without a cache");
        }
    }
}
