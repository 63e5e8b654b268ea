package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Bias;
import glia.model.spec.Mixer.Mlp;
import glia.tensor.kernel.Activation;

/// Activation functions by their names in configs.
public final class Activations {
    private Activations() { }

    public static Activation read(Config config, String key, String otherwise) throws CheckpointException {
        return of(config, key, config.text(key, otherwise));
    }

    /// An MLP without a gate, whose activation may be `quick_gelu`.
    public static Mlp mlp(Config config, int width, String key, String otherwise) throws CheckpointException {
        return config.text(key, otherwise).equals("quick_gelu") ? new Mlp(width, Activation.SILU, Bias.ALL, 1.702f)
                : new Mlp(width, read(config, key, otherwise), Bias.ALL);
    }

    /// The activation of a name.
    static Activation of(Config config, String key, String name) throws CheckpointException {
        return switch (name) {
            case "silu", "swish" -> Activation.SILU;
            case "gelu", "gelu_python" -> Activation.GELU;
            case "gelu_new", "gelu_pytorch_tanh", "gelu_python_tanh", "gelu_accurate", "gelu_fast" ->
                    Activation.GELU_TANH;
            case "relu" -> Activation.RELU;
            case "relu2" -> Activation.RELU_SQUARED;
            case "tanh" -> Activation.TANH;
            default -> throw config.error(key, "activation '" + name
                    + "' is not supported; known are silu, gelu, gelu_new, gelu_pytorch_tanh, relu, relu2, tanh");
        };
    }
}
