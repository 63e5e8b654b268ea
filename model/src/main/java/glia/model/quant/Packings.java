package glia.model.quant;

import glia.io.CheckpointException;
import glia.io.Config;
import java.util.Optional;

/// Reads the layout of quantized weights from a config.
public final class Packings {
    private static final String KEY = "quantization_config";
    private static final String OTHER_KEY = "compression_config";
    private static final String KNOWN = "fp8, mxfp4, gptq, awq and compressed-tensors";

    private Packings() { }

    /// The layout; empty if the checkpoint is not quantized.
    static Optional<Packing> of(Config config) throws CheckpointException {
        Config text = config.isObject("text_config") ? config.child("text_config") : config;
        for (Config holder : new Config[] {config, text}) {
            if (holder.has(KEY)) {
                return Optional.of(of(holder, holder.child(KEY)));
            }
            if (holder.has(OTHER_KEY)) {
                return Optional.of(new CompressedTensors(CompressedScheme.read(holder.child(OTHER_KEY))));
            }
        }
        return Optional.empty();
    }

    /// A copy of a config without its quantization keys.
    public static Config without(Config config) {
        return config.without(KEY).without(OTHER_KEY).without("text_config", KEY).without("text_config", OTHER_KEY);
    }

    private static Packing of(Config holder, Config q) throws CheckpointException {
        if (!q.has("quant_method") && (q.flag("load_in_8bit", false) || q.flag("load_in_4bit", false))) {
            throw refused(holder, "bitsandbytes");
        }
        String method = q.text("quant_method");
        return switch (method) {
            case "fp8" -> Fp8.of(q);
            case "mxfp4" -> new Mxfp4();
            case "gptq" -> Gptq.of(q);
            case "awq" -> Awq.of(q);
            case "compressed-tensors", "compressed_tensors" -> new CompressedTensors(CompressedScheme.read(q));
            default -> throw refused(holder, method);
        };
    }

    private static CheckpointException refused(Config holder, String method) {
        return holder.error(KEY, "the weights are quantized with " + method + ", which is not supported; known are "
                + KNOWN + ". Get the unquantized weights, one of these forms, or a GGUF file of the model");
    }
}
