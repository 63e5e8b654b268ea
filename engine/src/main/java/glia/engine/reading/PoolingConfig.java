package glia.engine.reading;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufMetadata;
import glia.model.Model;
import glia.model.spec.ModelSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Which pooling a model was trained with: `1_Pooling/config.json` in folders of sentence encoders says it, and
/// `pooling_type` in their GGUF files; other encoders take the mean and decoders the last token.
public final class PoolingConfig {
    private static final Map<String, Pooling> KNOWN = Map.of("pooling_mode_mean_tokens", Pooling.MEAN,
            "pooling_mode_cls_token", Pooling.CLS, "pooling_mode_lasttoken", Pooling.LAST);

    /// Their numbers in GGUF files. https://github.com/ggml-org/llama.cpp/blob/master/include/llama.h
    private static final Map<Long, Pooling> NUMBERED = Map.of(1L, Pooling.MEAN, 2L, Pooling.CLS, 3L, Pooling.LAST);
    /// The number for hidden states as they are.
    private static final long NONE = 0;

    private PoolingConfig() { }

    /// @param path the model's folder or file
    /// @throws CheckpointException if the file asks for a pooling that is not known
    public static Pooling of(Path path, Model model) throws CheckpointException {
        if (model.checkpoint() instanceof GgufCheckpoint gguf) {
            return of(gguf.metadata(), model.spec());
        }
        Path file = path.resolve("1_Pooling").resolve("config.json");
        return Files.isRegularFile(file) ? of(file) : usual(model.spec());
    }

    private static Pooling usual(ModelSpec spec) {
        return spec.looksAhead() ? Pooling.MEAN : Pooling.LAST;
    }

    private static Pooling of(GgufMetadata metadata, ModelSpec spec) throws CheckpointException {
        String key = metadata.string("general.architecture") + ".pooling_type";
        if (!metadata.has(key) || metadata.integer(key) == NONE) {
            return usual(spec);
        }
        Pooling found = NUMBERED.get(metadata.integer(key));
        if (found == null) {
            throw new CheckpointException(metadata.origin(), "metadata key " + key, "found " + metadata.integer(key)
                    + ", expected 1 (mean), 2 (first token) or 3 (last token); choose with --pooling");
        }
        return found;
    }

    private static Pooling of(Path file) throws CheckpointException {
        Config config = Config.read(file);
        List<String> wanted = new ArrayList<>();
        for (String key : config.keys()) {
            if (key.startsWith("pooling_mode_") && config.isFlag(key) && config.flag(key)) {
                wanted.add(key);
            }
        }
        if (wanted.size() != 1 || !KNOWN.containsKey(wanted.getFirst())) {
            throw config.error("pooling_mode", "found " + wanted + ", expected one of "
                    + KNOWN.keySet().stream().sorted().toList() + "; choose with --pooling");
        }
        return KNOWN.get(wanted.getFirst());
    }
}
