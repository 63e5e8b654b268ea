package glia.io.hub;

import glia.io.hub.HubException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The model that is shipped with Glia: stories260K, a Llama with 260,000 parameters that Andrej Karpathy trained on
/// TinyStories.
///
/// @see <a href="https://huggingface.co/karpathy/tinyllamas">tinyllamas</a>
final class BundledModel {
    static final String NAME = "stories260K";
    private static final List<String> FILES =
        List.of("NOTICE", "config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors");
    /// The number changes with the files, so that an older copy is not used.
    private static final String FOLDER = NAME + "-1";

    private BundledModel() { }

    /// The model's folder in Glia's cache; unpacks it the first time.
    static Path unpack(GliaCache cache, Progress progress) throws HubException {
        return cache.make(GliaCache.Kind.BUNDLED, FOLDER, progress, folder -> {
            for (String file : FILES) {
                try (InputStream in = BundledModel.class.getResourceAsStream(NAME + "/" + file)) {
                    copy(in, file, folder);
                }
            }
        });
    }

    private static void copy(InputStream in, String file, Path folder) throws IOException {
        if (in == null) {
            throw new HubException(Kind.CORRUPT, "This copy of Glia lacks " + NAME + "/" + file + "; build it again.");
        }
        Files.copy(in, folder.resolve(file));
    }
}
