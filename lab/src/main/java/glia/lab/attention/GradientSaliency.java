package glia.lab.attention;

import glia.engine.Engine;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.ops.Weight;
import java.util.Arrays;

/// How much each token of a text moves what the model says at another one: the norm of the gradient of the best logit
/// there with respect to the embedding here. It goes through all layers, whatever their kind.
///
/// @param norms `[T][T]`: row t has the influence of every token on the best logit of token t
/// @param best the token with the best logit at each token
public record GradientSaliency(double[][] norms, int[] best) {
    /// Tokens in a pass at the most, unless one text is longer: activations are kept for the way back.
    private static final int PASS_TOKENS = 512;

    /// Goes back once for each token. Where no token sees later ones, a text that ends with the token will do.
    ///
    /// @throws IllegalArgumentException if a token does not exist or there is none
    public static GradientSaliency of(Engine engine, int[] ids) {
        boolean whole = engine.model().spec().looksAhead();
        double[][] norms = new double[ids.length][ids.length];
        int[] best = new int[ids.length];
        for (int from = 0, to; from < ids.length; from = to) {
            Pass pass = new Pass();
            to = from;
            do {
                pass.add(ids, 0, whole ? ids.length : to + 1, 0, whole ? Pass.Outputs.ALL : Pass.Outputs.LAST);
                to++;
            } while (to < ids.length && pass.numTokens() + (whole ? ids.length : to + 1) <= PASS_TOKENS);
            run(engine, pass, from, to, whole ? ids.length : 0, norms, best);
        }
        return new GradientSaliency(norms, best);
    }

    /// One pass for the tokens `from` to `to`, each in a run of its own.
    ///
    /// @param stride rows of logits for each run, or 0 where each has one
    private static void run(Engine engine, Pass pass, int from, int to, int stride, double[][] norms, int[] best) {
        try (Gradients gradients = new Gradients();
                Recorder recorder = new Recorder(engine.ops().kernels(), gradients, w -> false)) {
            double[] found = new double[pass.numTokens()];
            WatchedOps watched = new WatchedOps(recorder) {
                private boolean isWatching;

                @Override
                public Tensor embed(Weight table, int[] ids, int count, int frozenRow) {
                    Tensor x = super.embed(table, ids, count, frozenRow);
                    if (!isWatching) {
                        isWatching = true;
                        recorder.watch(x, gradient -> lengths(gradient, found));
                    }
                    return x;
                }
            };
            Tensor logits = engine.decoder().forward(watched, pass, States.NONE);
            for (int t = from; t < to; t++) {
                int row = stride == 0 ? t - from : (t - from) * stride + t;
                best[t] = engine.ops().kernels().argmax(logits, row);
                recorder.gradient(logits).set((long) row * logits.cols() + best[t], 1);
            }
            recorder.backward();
            for (int t = from; t < to; t++) {
                int start = pass.runs().start(t - from);
                double[] own = Arrays.copyOfRange(found, start, pass.runs().end(t - from));
                System.arraycopy(own, 0, norms[t], 0, own.length);
            }
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
}
