package glia.lab.lens;

import glia.engine.inspect.LayerStates;
import glia.engine.pass.Engine;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// The logit lens (https://www.lesswrong.com/posts/AcKRB8wDpdaN6v6ru/interpreting-gpt-the-logit-lens): what a model
/// would predict after each layer, if its final norm and head read the residual stream there.
public final class LogitLens {
    /// What a layer predicts after each token.
    ///
    /// @param layer as the checkpoint counts; -1 for the embeddings
    public record Layer(int layer, List<Prediction> tokens) { }

    /// What a layer predicts after a token.
    ///
    /// @param top the most probable tokens, descending
    /// @param probabilities theirs
    /// @param entropy of the distribution, in nats
    /// @param divergence `KL(final ‖ layer)`, in nats, 0 after the last layer
    /// @param ofFinal the probability of the token that the last layer finds most probable
    public record Prediction(int[] top, double[] probabilities, double entropy, double divergence, double ofFinal) { }

    private LogitLens() { }

    /// Reads all layers of a text.
    ///
    /// @param numTop tokens of a prediction
    /// @throws IllegalArgumentException if the text has no tokens or one that does not exist, or the model has no head
    ///     or reads a source
    public static List<Layer> of(Engine engine, int[] ids, int numTop) {
        if (engine.decoder().classes().isPresent()) {
            throw new IllegalArgumentException("a classifier predicts no tokens");
        }
        float[][] last = engine.read(new Pass().add(ids, 0, ids.length, 0, Pass.Outputs.ALL), LogitLens::rows);
        Arrays.stream(last).parallel().forEach(LogitLens::logSoftmax);
        List<Layer> layers = new ArrayList<>();
        LayerStates.read(engine, ids, (layer, hidden, pass) -> {
            float[][] rows = logits(engine, hidden, pass);
            layers.add(new Layer(layer, IntStream.range(0, ids.length).parallel()
                    .mapToObj(n -> prediction(rows[n], last[n], numTop)).toList()));
        });
        return layers;
    }

    /// The logits that the final norm and the head make of hidden states, `[N][V]`. They are released.
    ///
    /// @param hidden `[N, D]`, of one residual stream
    static float[][] logits(Engine engine, Tensor hidden, Pass pass) {
        Compute ops = engine.ops();
        int mark = ops.mark();
        Tensor normalized = engine.decoder().normalized(ops, hidden, pass, States.NONE);
        float[][] rows = rows(engine.decoder().logits(ops, normalized, pass, States.NONE));
        ops.release(mark);
        return rows;
    }

    private static float[][] rows(Tensor logits) {
        return IntStream.range(0, logits.rows()).mapToObj(n -> logits.rows(n, n + 1).toArray())
                .toArray(float[][]::new);
    }

    private static void logSoftmax(float[] logits) {
        double most = Double.NEGATIVE_INFINITY;
        for (float x : logits) {
            most = Math.max(most, x);
        }
        double sum = 0;
        for (float x : logits) {
            sum += Math.exp(x - most);
        }
        double all = most + Math.log(sum);
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) (logits[i] - all);
        }
    }

    /// @param last log-probabilities of the last layer
    private static Prediction prediction(float[] logits, float[] last, int numTop) {
        logSoftmax(logits);
        double entropy = 0;
        double divergence = 0;
        for (int i = 0; i < logits.length; i++) {
            entropy -= product(Math.exp(logits[i]), logits[i]);
            divergence += product(Math.exp(last[i]), last[i] - (double) logits[i]);
        }
        int[] top = top(logits, Math.min(numTop, logits.length));
        return new Prediction(top, Arrays.stream(top).mapToDouble(i -> Math.exp(logits[i])).toArray(), entropy,
                Math.max(0, divergence), Math.exp(logits[top(last, 1)[0]]));
    }

    private static double product(double p, double x) {
        return p == 0 ? 0 : p * x;
    }

    /// The places of the largest values, descending.
    static int[] top(float[] values, int count) {
        int[] top = new int[count];
        int found = 0;
        for (int i = 0; i < values.length; i++) {
            int at = Math.min(found, count);
            while (at > 0 && values[i] > values[top[at - 1]]) {
                at--;
            }
            if (at < count) {
                found = Math.min(found + 1, count);
                System.arraycopy(top, at, top, at + 1, found - at - 1);
                top[at] = i;
            }
        }
        return top;
    }
}
