package glia.lab;

import glia.engine.pass.Engine;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.model.write.ImportanceMatrix;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Weight;
import glia.tensor.ops.expert.ExpertMlp;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;

/// Measures the mean squared input of each column of a model's matrices over a text, as importance for quantization.
/// The embedding and the head have none. An expert that no token chose has none either.
public final class LinearInputs {
    private final Map<Weight, Parameter> parameters = new IdentityHashMap<>();
    private final Map<Parameter, double[]> sums = new HashMap<>();
    private final Map<Parameter, Long> counts = new HashMap<>();

    /// Is called after each window.
    @FunctionalInterface
    public interface Listener {
        void window(int done, int total);
    }

    private LinearInputs(Engine engine) {
        engine.model().weights().all().forEach((p, w) -> {
            if (p.role() != Role.EMBEDDING && p.role() != Role.HEAD) {
                parameters.put(w, p);
            }
        });
    }

    /// Measures over windows of 512 tokens, each a sequence of its own.
    ///
    /// @param tokens the text
    /// @param bos the token that replaces the first of each window, or -1 where the tokenizer adds none
    /// @param limit the most windows, 0 for all
    /// @throws IllegalArgumentException if the text has no tokens, or the model is an encoder-decoder
    public static ImportanceMatrix of(Engine engine, int[] tokens, int bos, int limit, Listener listener) {
        if (tokens.length == 0) {
            throw new IllegalArgumentException("the text has no tokens");
        }
        if (engine.model().spec().encoder().isPresent()) {
            throw new IllegalArgumentException("the importance matrix of an encoder-decoder model is not supported");
        }
        LinearInputs inputs = new LinearInputs(engine);
        int most = Math.min(Perplexity.WINDOW_TOKENS, engine.model().spec().contextLength());
        int whole = Math.ceilDiv(tokens.length, most);
        int total = limit == 0 ? whole : Math.min(limit, whole);
        for (int w = 0; w < total; w++) {
            int from = w * most;
            int[] window = Arrays.copyOfRange(tokens, from, Math.min(tokens.length, from + most));
            if (bos >= 0) {
                window[0] = bos;
            }
            engine.whileOpen(() -> {
                inputs.run(engine, window);
                return null;
            });
            listener.window(w + 1, total);
        }
        return inputs.matrix();
    }

    private void run(Engine engine, int[] window) {
        Compute ops = engine.ops();
        ops.release(0);
        Pass pass = new Pass().add(window, 0, window.length, 0, Pass.Outputs.LAST);
        engine.decoder().hidden(new WatchedOps(ops) {
            @Override
            public Tensor linear(Tensor x, Weight w) {
                add(w, x);
                return super.linear(x, w);
            }

            @Override
            public Tensor apply(Operation operation) {
                Tensor y = super.apply(operation);
                if (operation instanceof ExpertMlp experts) {
                    experts.forEachInput(LinearInputs.this::add);
                }
                return y;
            }
        }, pass, States.NONE);
        ops.release(0);
    }

    private void add(Weight w, Tensor x) {
        Parameter p = parameters.get(w);
        if (p == null) {
            return;
        }
        double[] sum = sums.computeIfAbsent(p, key -> new double[x.cols()]);
        for (int row = 0; row < x.rows(); row++) {
            long at = x.address() + row * x.rowBytes();
            for (int col = 0; col < sum.length; col++) {
                float value = Memory.f32(at + 4L * col);
                sum[col] += (double) value * value;
            }
        }
        counts.merge(p, (long) x.rows(), Long::sum);
    }

    private ImportanceMatrix matrix() {
        Map<Parameter, float[]> means = new HashMap<>();
        sums.forEach((p, sum) -> {
            float[] mean = new float[sum.length];
            for (int col = 0; col < mean.length; col++) {
                mean[col] = (float) (sum[col] / counts.get(p));
            }
            means.put(p, mean);
        });
        return ImportanceMatrix.ofParameters(means);
    }
}
