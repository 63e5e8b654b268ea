package glia.plan.predict;

import glia.plan.data.Device;
import java.util.List;
import java.util.Locale;

/// What a model runs on, and how.
///
/// @param device of the machine
/// @param devices their number
/// @param split whether all devices compute a layer together or one after the other
/// @param engine the program, such as `llama.cpp`
/// @param bits of a stored weight; 16 for BF16 and F16
/// @param threads of a CPU; 0 for all cores
public record Setup(Device device, int devices, Split split, String engine, double bits, int threads) {
    private static final List<String> SERVERS = List.of("vllm", "sglang", "tensorrt", "trt", "lmdeploy", "deepspeed",
            "tgi", "text generation inference");

    /// How devices share a model.
    public enum Split {
        /// Each device holds a part of each layer (tensor parallel).
        TENSOR,
        /// Each device holds some layers.
        LAYERS
    }

    /// The devices that work at the same time for one sequence.
    double together() {
        return split == Split.TENSOR ? devices : 1;
    }

    String kind() {
        return device.kind().word();
    }

    /// The class of formats that kernels treat alike.
    String format() {
        return bits > 12 ? "16 bits" : bits > 7 ? "8 bits" : bits > 3 ? "4 bits" : "2 bits";
    }

    /// The engine's family: its name without version and variants.
    String family() {
        String name = engine.toLowerCase(Locale.ROOT).replaceAll("\\(.*?\\)|[^a-z0-9. ]", " ")
                .replaceAll("( v?\\d[\\w.]*)+", "").strip();
        return name.startsWith("exllama") ? "exllama" : name.startsWith("mlc") ? "mlc"
                : name.startsWith("tensorrt") ? "tensorrt" : name;
    }

    /// Whether the engine is made for servers, with kernels for each generation of GPUs.
    boolean isServer() {
        return SERVERS.stream().anyMatch(family()::contains);
    }

    String linked() {
        return device.link() > 100e9 ? "linked" : "pcie";
    }
}
