package glia.engine.packed;

import glia.io.safetensors.SafetensorsCheckpoint;
import glia.io.safetensors.SafetensorsWriter;
import glia.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/// Writes two checkpoints from one: quantised, and with the numbers that the codes stand for.
final class PackedModels {
    private PackedModels() { }

    /// Changes tensors before they are written.
    interface Change {
        void apply(Arena arena, Map<String, Tensor> tensors);
    }

    /// Quantises some tensors.
    interface Quantisation {
        /// Puts the parts of a tensor into `codes` and gives the numbers that they stand for, or nothing.
        Optional<float[]> apply(Arena arena, String name, Tensor tensor, Map<String, Tensor> codes, Random random);
    }

    /// Quantises all projections.
    ///
    /// @param config the text of the config without quantisation
    static void write(Path source, String config, HubLayout layout, Path packed, Path dense) throws IOException {
        write(source, config, config(config, layout.config()), packed, dense, (arena, name, t, codes, random) -> {
            String module = name.replace(".weight", "");
            return module.endsWith("_proj") && t.rank() == 2 && !layout.ignores(module)
                    ? Optional.of(layout.quantise(arena, module, t, codes, random)) : Optional.empty();
        });
    }

    static void write(Path source, String config, String packedConfig, Path packed, Path dense,
            Quantisation quantisation) throws IOException {
        Map<String, Tensor> codes = new LinkedHashMap<>();
        Map<String, Tensor> numbers = new LinkedHashMap<>();
        try (SafetensorsCheckpoint file = SafetensorsCheckpoint.open(source.resolve("model.safetensors"));
                Arena arena = Arena.ofConfined()) {
            Random random = new Random(5);
            for (String name : file.names()) {
                Tensor t = file.tensor(name);
                Optional<float[]> values = quantisation.apply(arena, name, t, codes, random);
                if (values.isEmpty()) {
                    codes.put(name, t);
                }
                numbers.put(name, values.isEmpty() ? t : Tensor.of(arena, values.get(), t.shape()));
            }
            SafetensorsWriter.write(Files.createDirectories(packed).resolve("model.safetensors"), codes,
                    Map.of("format", "pt"));
            SafetensorsWriter.write(Files.createDirectories(dense).resolve("model.safetensors"), numbers, Map.of());
        }
        Files.writeString(dense.resolve("config.json"), config);
        Files.writeString(packed.resolve("config.json"), packedConfig);
    }

    /// A config with what it says of quantisation.
    static String config(String config, String quantisation) {
        return config.substring(0, config.lastIndexOf('}')) + ", \"quantization_config\": " + quantisation + "}";
    }
}
