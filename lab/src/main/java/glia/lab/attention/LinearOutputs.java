package glia.lab.attention;

import glia.engine.pass.Engine;
import glia.lab.WatchedOps;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Linear;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/// The outputs of all linear layers in a pass over one text, for passes whose runs are prefixes of it: their rows are
/// copied instead of computed.
final class LinearOutputs implements AutoCloseable {
    private final Arena arena = Arena.ofConfined();
    /// In the order of the pass.
    private final List<Tensor> outputs = new ArrayList<>();

    private LinearOutputs() { }

    static LinearOutputs of(Engine engine, int[] ids) {
        LinearOutputs all = new LinearOutputs();
        Compute ops = engine.ops();
        ops.release(0);
        try {
            engine.decoder().forward(new WatchedOps(ops) {
                @Override
                public Tensor linear(Tensor x, Weight w) {
                    Tensor y = super.linear(x, w);
                    Tensor copy = Tensor.allocate(all.arena, DType.F32, y.rows(), y.cols());
                    copy.copyFrom(y);
                    all.outputs.add(copy);
                    return y;
                }
            }, new Pass().add(ids, 0, ids.length, 0, Pass.Outputs.ALL), States.NONE);
            return all;
        } catch (RuntimeException | Error e) {
            all.close();
            throw e;
        } finally {
            ops.release(0);
        }
    }

    /// Ops that copy these outputs in a pass whose runs begin with the text's first tokens.
    Ops sharedBy(Ops inner, Pass pass) {
        int[] positions = new int[pass.numTokens()];
        int numRuns = pass.runs().count();
        int[] last = new int[numRuns];
        for (int run = 0; run < numRuns; run++) {
            int start = pass.runs().start(run);
            for (int n = start; n < pass.runs().end(run); n++) {
                positions[n] = n - start;
            }
            last[run] = pass.runs().end(run) - 1 - start;
        }
        return new WatchedOps(inner) {
            private int next;

            @Override
            public Tensor linear(Tensor x, Weight w) {
                Tensor output = outputs.get(next++);
                int[] rows = x.rows() == positions.length ? positions : last;
                if (rows.length != x.rows() || output.cols() != w.rows()) {
                    throw new IllegalStateException("a linear layer has " + x.rows() + " rows and " + w.rows()
                            + " outputs, expected " + positions.length + " or " + last.length + " rows and "
                            + output.cols() + " outputs");
                }
                return apply(new Copied(new Linear(x, w), output, rows));
            }
        };
    }

    /// A linear layer whose result is known.
    private record Copied(Linear linear, Tensor output, int[] rows) implements Operation {
        @Override
        public Tensor forward(Compute ops) {
            return ops.select(output, rows, rows.length);
        }

        @Override
        public void inputs(Inputs inputs) {
            linear.inputs(inputs);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            linear.backward(tape, y);
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
