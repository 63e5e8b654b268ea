package glia.lab.attention;

import glia.engine.pass.Engine;
import glia.lab.WatchedOps;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Linear;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Gradient saliency ([Simonyan et al.](https://arxiv.org/abs/1312.6034)): `‖∂ best logit at token t / ∂ embedding of
/// token s‖`, for all pairs of tokens of a text and models with layers of any kind.
///
/// @param norms `[T][T]`: row t has the saliency of every token for the best logit of token t; zeros before `first`
/// @param best the token with the best logit at each token; -1 before `first`
/// @param first the first target token
public record GradientSaliency(double[][] norms, int[] best, int first) {
    /// Tokens in a pass at the most, unless one text is longer: activations are kept for the backward pass.
    private static final int PASS_TOKENS = 512;

    /// Is called after each pass.
    @FunctionalInterface
    public interface Listener {
        /// @param done target tokens that are done
        void targets(int done, int total);
    }

    /// Computes it for all tokens, without reports.
    public static GradientSaliency of(Engine engine, int[] ids) {
        return of(engine, ids, ids.length, (_, _) -> { });
    }

    /// Runs one backward pass for each target token; many targets share a pass. Each is the last token of a run of its
    /// own, which ends there unless the model's tokens attend to later ones. Linear layers are computed once for all
    /// runs, since these are prefixes of one text.
    ///
    /// @param numTargets how many of the last tokens are targets
    /// @throws IllegalArgumentException if the text has no tokens or one that does not exist
    public static GradientSaliency of(Engine engine, int[] ids, int numTargets, Listener listener) {
        int firstTarget = Math.max(0, ids.length - numTargets);
        boolean whole = engine.model().spec().looksAhead();
        double[][] norms = new double[ids.length][ids.length];
        int[] best = new int[ids.length];
        Arrays.fill(best, -1);
        try (LinearOutputs outputs = engine.whileOpen(() -> LinearOutputs.of(engine, ids));
                Gradients gradients = new Gradients();
                Recorder recorder = new Recorder(engine.ops().kernels(), gradients, w -> false)) {
            for (int from = firstTarget; from < ids.length;) {
                int first = from;
                int length = whole ? ids.length : first + 1;
                int end = first + 1;
                for (int tokens = length; end < ids.length; end++) {
                    tokens += whole ? ids.length : end + 1;
                    if (tokens > PASS_TOKENS) {
                        break;
                    }
                }
                int to = end;
                engine.whileOpen(() -> {
                    run(engine, recorder, outputs, ids, first, to, norms, best);
                    return null;
                });
                listener.targets(to - firstTarget, ids.length - firstTarget);
                from = to;
            }
        }
        return new GradientSaliency(norms, best, firstTarget);
    }

    /// One pass for the targets `from` to `to`.
    private static void run(Engine engine, Recorder recorder, LinearOutputs outputs, int[] ids, int from, int to,
            double[][] norms, int[] best) {
        boolean whole = engine.model().spec().looksAhead();
        Pass pass = new Pass();
        for (int t = from; t < to; t++) {
            pass.add(ids, 0, whole ? ids.length : t + 1, 0, whole ? Pass.Outputs.ALL : Pass.Outputs.LAST);
        }
        double[] found = new double[pass.numTokens()];
        WatchedOps watched = new WatchedOps(outputs.sharedBy(recorder, pass)) {
            private boolean isWatching;

            @Override
            public Tensor embed(Weight table, int[] tokens, int count, int frozenRow) {
                Tensor x = super.embed(table, tokens, count, frozenRow);
                if (!isWatching) {
                    isWatching = true;
                    recorder.watch(x, gradient -> lengths(gradient, found));
                }
                return x;
            }
        };
        try {
            Tensor logits = engine.decoder().forward(watched, pass, States.NONE);
            for (int t = from; t < to; t++) {
                int row = whole ? (t - from) * ids.length + t : t - from;
                best[t] = engine.ops().kernels().argmax(logits, row);
                recorder.gradient(logits).set((long) row * logits.cols() + best[t], 1);
            }
            recorder.backward();
        } finally {
            recorder.clear();
        }
        for (int t = from; t < to; t++) {
            int start = pass.runs().start(t - from);
            double[] own = Arrays.copyOfRange(found, start, pass.runs().end(t - from));
            System.arraycopy(own, 0, norms[t], 0, own.length);
        }
    }

    /// The norm of each row.
    private static void lengths(Tensor x, double[] norms) {
        for (int n = 0; n < norms.length; n++) {
            double sum = 0;
            for (int i = 0; i < x.cols(); i++) {
                double d = x.get((long) n * x.cols() + i);
                sum += d * d;
            }
            norms[n] = Math.sqrt(sum);
        }
    }

    /// The outputs of all linear layers in a pass over one text, for passes whose runs are prefixes of it: their rows
    /// are copied instead of computed.
    static final class LinearOutputs implements AutoCloseable {
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
}
