package glia.model.layout;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.tensor.Tensor;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;

/// A map of pooled vectors, `y = f(W x + b)`: a module `Dense` of
/// [sentence-transformers](https://sbert.net/docs/package_reference/sentence_transformer/models.html).
///
/// @param inputs the size of x
/// @param outputs the size of y
/// @param columns W, column after column
/// @param bias b; zeros if there is none
/// @param function f
public record DenseModule(int inputs, int outputs, float[] columns, float[] bias, Function function) {
    private static final String ACTIVATION = "activation_function";

    /// The functions of PyTorch that modules name.
    public enum Function {
        IDENTITY,
        TANH,
        RELU,
        SIGMOID;

        private static Function of(Config config) throws CheckpointException {
            String name = config.text(ACTIVATION, "torch.nn.modules.activation.Tanh");
            return switch (name.substring(name.lastIndexOf('.') + 1)) {
                case "Identity" -> IDENTITY;
                case "Tanh" -> TANH;
                case "ReLU" -> RELU;
                case "Sigmoid" -> SIGMOID;
                default -> throw config.error(ACTIVATION, "found " + name + ", expected Identity, Tanh, ReLU or "
                        + "Sigmoid of torch.nn.modules");
            };
        }

        private float of(float x) {
            return switch (this) {
                case IDENTITY -> x;
                case TANH -> (float) Math.tanh(x);
                case RELU -> Math.max(0, x);
                case SIGMOID -> (float) (1 / (1 + Math.exp(-x)));
            };
        }
    }

    /// Reads a module.
    ///
    /// @param config `config.json` of its folder
    /// @param tensors `linear.weight` and, if the config says so, `linear.bias`
    /// @throws CheckpointException if they do not fit
    public static DenseModule of(Config config, Checkpoint tensors) throws CheckpointException {
        int inputs = config.positive("in_features");
        int outputs = config.positive("out_features");
        DenseModule module = of(tensors, "linear.weight", Function.of(config));
        if (module.inputs != inputs || module.outputs != outputs) {
            throw config.error("in_features", "found a map of " + inputs + " to " + outputs
                    + " numbers, but linear.weight maps " + module.inputs + " to " + module.outputs);
        }
        if (config.flag("bias", true)) {
            Tensor b = f32(tensors, "linear.bias");
            if (b.size() != outputs) {
                throw config.error("bias", "found linear.bias of " + b.size() + " numbers, expected " + outputs);
            }
            for (int i = 0; i < outputs; i++) {
                module.bias[i] = b.get(i);
            }
        }
        return module;
    }

    /// A map without a bias.
    ///
    /// @param name that of W in the checkpoint
    public static DenseModule of(Checkpoint tensors, String name, Function function) throws CheckpointException {
        Tensor w = f32(tensors, name);
        int outputs = w.rows();
        int inputs = w.cols();
        float[] columns = new float[Math.multiplyExact(inputs, outputs)];
        for (int o = 0; o < outputs; o++) {
            for (int i = 0; i < inputs; i++) {
                columns[i * outputs + o] = w.get((long) o * inputs + i);
            }
        }
        return new DenseModule(inputs, outputs, columns, new float[outputs], function);
    }

    private static Tensor f32(Checkpoint tensors, String name) throws CheckpointException {
        return new Weight.Stored(tensors.tensor(name)).toF32(Arena.ofAuto());
    }

    /// W, `[outputs, inputs]`.
    public Tensor tensor(Arena arena) {
        float[] rows = new float[columns.length];
        for (int i = 0; i < inputs; i++) {
            for (int o = 0; o < outputs; o++) {
                rows[o * inputs + i] = columns[i * outputs + o];
            }
        }
        return Tensor.of(arena, rows, outputs, inputs);
    }

    /// Whether it is a matrix alone.
    public boolean isMatrix() {
        for (float b : bias) {
            if (b != 0) {
                return false;
            }
        }
        return function == Function.IDENTITY;
    }

    /// The vector of x.
    public float[] apply(float[] x) {
        float[] y = bias.clone();
        for (int i = 0; i < inputs; i++) {
            float factor = x[i];
            int from = i * outputs;
            for (int o = 0; o < outputs; o++) {
                y[o] += factor * columns[from + o];
            }
        }
        for (int o = 0; o < outputs; o++) {
            y[o] = function.of(y[o]);
        }
        return y;
    }
}
