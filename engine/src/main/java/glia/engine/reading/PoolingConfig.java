package glia.engine.reading;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.ModelSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// Which pooling a model was trained with: `1_Pooling/config.json` in folders of sentence encoders says it; other
/// encoders take the mean and decoders the last token.
public final class PoolingConfig {
    private static final Map<String, Pooling> KNOWN = Map.of("pooling_mode_mean_tokens", Pooling.MEAN,
            "pooling_mode_cls_token", Pooling.CLS, "pooling_mode_lasttoken", Pooling.LAST);

    private PoolingConfig() { }

    /// @param path the model's folder or file
    /// @throws CheckpointException if the file asks for a pooling that is not known
    public static Pooling of(Path path, ModelSpec spec) throws CheckpointException {
        Path file = path.resolve("1_Pooling").resolve("config.json");
        if (!Files.isRegularFile(file)) {
            return spec.looksAhead() ? Pooling.MEAN : Pooling.LAST;
        }
        Config config = Config.read(file);
        List<String> wanted = config.keys().stream()
                .filter(key -> key.startsWith("pooling_mode_") && config.value(key).asBoolean(false)).toList();
        if (wanted.size() != 1 || !KNOWN.containsKey(wanted.getFirst())) {
            throw config.error("pooling_mode", "found " + wanted + ", expected one of "
                    + KNOWN.keySet().stream().sorted().toList() + "; choose with --pooling");
        }
        return KNOWN.get(wanted.getFirst());
    }
}
