package glia.text.tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The files of a tokenizer and its chat template in a folder in the Hugging Face layout.
public final class TokenizerFiles {
    /// Their names; a folder has some of them.
    public static final List<String> NAMES = List.of("tokenizer.json", "tokenizer_config.json",
            "special_tokens_map.json", "added_tokens.json", "vocab.json", "vocab.txt", "merges.txt", "tokenizer.model",
            "spiece.model", "tekken.json", "tokenizer.model.v3", "tiktoken.model", "chat_template.jinja",
            "chat_template.json");

    private TokenizerFiles() { }

    /// Copies those that a folder has to another, which has none of them.
    ///
    /// @throws IOException if one cannot be copied
    public static void copy(Path from, Path to) throws IOException {
        for (String name : NAMES) {
            if (Files.isRegularFile(from.resolve(name))) {
                Files.copy(from.resolve(name), to.resolve(name));
            }
        }
    }
}
