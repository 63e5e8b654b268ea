package glia.train.interpret;

import glia.tensor.DType;
import glia.tensor.Hash;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Weight;
import glia.train.optim.AdamW;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroup;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.IntPredicate;

/// A sparse autoencoder of hidden states with k active features a token (TopK, https://arxiv.org/abs/2406.04093):
///
/// ```
/// z = TopK(ReLU(Wₑ (x - c) + b))        x̂ = Wᵈᵀ z + c
/// ```
/// The loss is the mean of `‖x - x̂‖²`, divided by the variance of x. Rows of Wᵈ, the directions of features, have
/// length 1; Wₑ begins as Wᵈ, c as the mean. A feature that has not been active for a while learns from the error that
/// the active ones leave (auxiliary loss, the same paper), so that few are dead. The gradient is written out: only
/// active features have one.
public final class SparseAutoencoder implements AutoCloseable {
    /// Steps after which a feature counts as dead in training.
    private static final int DEAD_STEPS = 50;
    private static final float AUXILIARY = 1 / 32f;

    /// The active features of a state.
    ///
    /// @param features by their activations, descending
    public record Code(int[] features, float[] activations) { }

    private final Kernels kernels;
    private final Arena arena = Arena.ofShared();
    private final Gradients gradients = new Gradients();
    private final Optimizer optimizer;
    private final int size;
    private final int numFeatures;
    private final int numActive;
    private final Weight.Stored encoder;
    private final Weight.Stored bias;
    private final Weight.Stored decoder;
    private final Weight.Stored center;
    private final double variance;
    private final int[] lastActive;
    private int steps;

    /// @param states hidden states, `[N][D]`, whose mean and variance it takes
    /// @param numFeatures F, the number of features
    /// @param numActive k, active features of a state at the most
    /// @throws IllegalArgumentException if there are fewer features than active ones, or the states do not vary
    public SparseAutoencoder(Kernels kernels, float[][] states, int numFeatures, int numActive, long seed) {
        if (numActive < 1 || numFeatures < numActive || states.length < 2) {
            throw new IllegalArgumentException(numFeatures + " features, " + numActive + " of them active, of "
                    + states.length + " hidden states; expected at least as many features as active ones, and two "
                    + "states");
        }
        this.kernels = kernels;
        this.size = states[0].length;
        this.numFeatures = numFeatures;
        this.numActive = numActive;
        float[] mean = new float[size];
        for (float[] x : states) {
            for (int i = 0; i < size; i++) {
                mean[i] += x[i] / states.length;
            }
        }
        double sum = 0;
        for (float[] x : states) {
            for (int i = 0; i < size; i++) {
                sum += (x[i] - mean[i]) * (double) (x[i] - mean[i]) / states.length;
            }
        }
        variance = sum;
        if (!(variance > 0)) {
            throw new IllegalArgumentException("the hidden states are all the same");
        }
        SplittableRandom random = new SplittableRandom(Hash.of(seed));
        float[] initial = new float[numFeatures * size];
        for (int i = 0; i < initial.length; i++) {
            initial[i] = (float) random.nextGaussian();
        }
        unitRows(initial, size);
        encoder = weight(initial, numFeatures, size);
        decoder = weight(initial, numFeatures, size);
        bias = weight(new float[numFeatures], numFeatures);
        center = weight(mean, size);
        lastActive = new int[numFeatures];
        Map<String, Weight.Stored> all = new LinkedHashMap<>();
        all.put("encoder", encoder);
        all.put("bias", bias);
        all.put("decoder", decoder);
        all.put("center", center);
        optimizer = new Optimizer(kernels, List.of(new ParameterGroup(all, new AdamW(), 0, 1)));
    }

    private Weight.Stored weight(float[] values, long... shape) {
        return new Weight.Stored(Tensor.of(arena, values, shape));
    }

    private static void unitRows(float[] rows, int size) {
        for (int at = 0; at < rows.length; at += size) {
            double squares = 0;
            for (int i = at; i < at + size; i++) {
                squares += (double) rows[i] * rows[i];
            }
            for (int i = at; i < at + size; i++) {
                rows[i] = (float) (rows[i] / Math.sqrt(squares));
            }
        }
    }

    /// Features.
    public int numFeatures() {
        return numFeatures;
    }

    /// The direction of a feature, of length 1.
    public float[] direction(int feature) {
        return decoder.tensor().rows(feature, feature + 1).toArray();
    }

    /// The features of states.
    public Code[] encode(float[][] states) {
        float[] scores = scores(states);
        Code[] codes = new Code[states.length];
        for (int n = 0; n < codes.length; n++) {
            codes[n] = top(scores, n * numFeatures, numActive, _ -> true);
        }
        return codes;
    }

    /// `Wₑ (x - c) + b`
    private float[] scores(float[][] states) {
        float[] c = center.tensor().toArray();
        float[] x = new float[states.length * size];
        for (int n = 0; n < states.length; n++) {
            for (int i = 0; i < size; i++) {
                x[n * size + i] = states[n][i] - c[i];
            }
        }
        try (Arena memory = Arena.ofShared()) {
            Tensor y = Tensor.allocate(memory, DType.F32, states.length, numFeatures);
            kernels.linear(y, Tensor.of(memory, x, states.length, size), encoder.tensor());
            kernels.addRow(y, y, bias.tensor());
            return y.toArray();
        }
    }

    /// The `count` largest positive scores of the features from `from` on.
    private Code top(float[] scores, int from, int count, IntPredicate allowed) {
        int[] top = new int[count];
        int found = 0;
        for (int f = 0; f < numFeatures; f++) {
            float score = scores[from + f];
            if (score <= 0 || found == count && score <= scores[from + top[count - 1]] || !allowed.test(f)) {
                continue;
            }
            int at = Math.min(found, count - 1);
            while (at > 0 && score > scores[from + top[at - 1]]) {
                top[at] = top[at - 1];
                at--;
            }
            top[at] = f;
            found = Math.min(found + 1, count);
        }
        int[] chosen = Arrays.copyOf(top, found);
        float[] values = new float[found];
        for (int i = 0; i < found; i++) {
            values[i] = scores[from + chosen[i]];
        }
        return new Code(chosen, values);
    }

    /// The reconstruction of a state.
    public float[] decode(Code code) {
        float[] x = center.tensor().toArray();
        float[] d = decoder.tensor().toArray();
        add(x, code, d);
        return x;
    }

    private void add(float[] x, Code code, float[] directions) {
        for (int j = 0; j < code.features.length; j++) {
            int at = code.features[j] * size;
            for (int i = 0; i < size; i++) {
                x[i] += code.activations[j] * directions[at + i];
            }
        }
    }

    /// The share of the variance of states that their reconstruction explains.
    public double explained(float[][] states) {
        Code[] codes = encode(states);
        float[] c = center.tensor().toArray();
        float[] d = decoder.tensor().toArray();
        double error = 0;
        for (int n = 0; n < states.length; n++) {
            float[] y = c.clone();
            add(y, codes[n], d);
            for (int i = 0; i < size; i++) {
                error += (states[n][i] - y[i]) * (double) (states[n][i] - y[i]);
            }
        }
        return 1 - error / states.length / variance;
    }

    /// A step of Adam on a batch.
    ///
    /// @return the loss before it
    public double step(float[][] batch, double rate) {
        gradients.zero(kernels);
        double loss = gradient(batch);
        optimizer.step(gradients, rate, 1);
        decoder.update(t -> {
            float[] rows = t.toArray();
            unitRows(rows, size);
            copy(rows, t);
        });
        steps++;
        return loss;
    }

    /// Computes the loss of a batch and sets its gradient.
    double gradient(float[][] batch) {
        float[] scores = scores(batch);
        float[] c = center.tensor().toArray();
        float[] d = decoder.tensor().toArray();
        float[] e = encoder.tensor().toArray();
        float[] dd = new float[d.length];
        float[] de = new float[e.length];
        float[] db = new float[numFeatures];
        float[] dc = new float[size];
        double loss = 0;
        float factor = (float) (2 / variance / batch.length);
        for (int n = 0; n < batch.length; n++) {
            float[] x = batch[n].clone();
            float[] error = new float[size];
            for (int i = 0; i < size; i++) {
                x[i] -= c[i];
                error[i] = -x[i];
            }
            Code code = top(scores, n * numFeatures, numActive, _ -> true);
            add(error, code, d);
            for (int f : code.features) {
                lastActive[f] = steps;
            }
            for (int i = 0; i < size; i++) {
                loss += (double) error[i] * error[i] / variance / batch.length;
                // Of the center in x̂; what it does in the encoder is added below.
                dc[i] += factor * error[i];
            }
            backward(code, error, x, factor, d, e, dd, de, db, dc);
            // Dead features reconstruct what is left; no gradient flows to the rest.
            Code dead = top(scores, n * numFeatures, numActive, f -> steps - lastActive[f] > DEAD_STEPS);
            if (dead.features.length > 0) {
                float[] left = error.clone();
                add(left, dead, d);
                backward(dead, left, x, AUXILIARY * factor, d, e, dd, de, db, new float[size]);
            }
        }
        copy(dd, gradients.of(decoder));
        copy(de, gradients.of(encoder));
        copy(db, gradients.of(bias));
        copy(dc, gradients.of(center));
        return loss;
    }

    /// @param error `x̂ - x`
    private void backward(Code code, float[] error, float[] x, float factor, float[] d, float[] e, float[] dd,
            float[] de, float[] db, float[] dc) {
        for (int j = 0; j < code.features.length; j++) {
            int at = code.features[j] * size;
            float z = code.activations[j];
            float dz = 0;
            for (int i = 0; i < size; i++) {
                dz += error[i] * d[at + i];
                dd[at + i] += factor * z * error[i];
            }
            dz *= factor;
            db[code.features[j]] += dz;
            for (int i = 0; i < size; i++) {
                de[at + i] += dz * x[i];
                dc[i] -= dz * e[at + i];
            }
        }
    }

    private static void copy(float[] values, Tensor to) {
        MemorySegment.copy(values, 0, to.memory(), ValueLayout.JAVA_FLOAT, 0, values.length);
    }

    /// The weights and their gradients by name, for tests.
    Map<String, Tensor[]> parameters() {
        Map<String, Tensor[]> all = new LinkedHashMap<>();
        all.put("encoder", new Tensor[] {encoder.tensor(), gradients.of(encoder)});
        all.put("bias", new Tensor[] {bias.tensor(), gradients.of(bias)});
        all.put("decoder", new Tensor[] {decoder.tensor(), gradients.of(decoder)});
        all.put("center", new Tensor[] {center.tensor(), gradients.of(center)});
        return all;
    }

    @Override
    public void close() {
        optimizer.close();
        gradients.close();
        arena.close();
    }
}
