package glia.io.hub;

import glia.io.hub.HubException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The model that is shipped with Glia, so that there always is one: stories260K, a Llama of 260,000 parameters that
/// Andrej Karpathy trained on TinyStories.
///
/// @see <a href="https://huggingface.co/karpathy/tinyllamas">tinyllamas</a>
final class EmbeddedModel {
    static final String NAME = "stories260K";
    private static final List<String> FILES =
        List.of("NOTICE", "config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors");
    /// Goes up with the files, so that an older copy is not taken for them.
    private static final String FOLDER = NAME + "-1";

    private EmbeddedModel() { }

    /// The model's folder in Glia's cache, unpacked where it is not there yet.
    static Path unpack(GliaCache cache, Progress progress) throws HubException {
        return cache.make(GliaCache.Kind.EMBEDDED, FOLDER, progress, folder -> {
            for (String file : FILES) {
                try (InputStream in = EmbeddedModel.class.getResourceAsStream(NAME + "/" + file)) {
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
