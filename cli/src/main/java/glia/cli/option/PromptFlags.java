package glia.cli.option;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.io.FileErrors;
import glia.io.file.HomeFolder;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/// Texts that prompts are about, and the KV caches of prompts on disk.
public final class PromptFlags {
    private static final String NONE = "none";
    private static final long USUAL = 16L << 30;

    /// Texts before a prompt.
    public static final Option<String> FILE = Option.text("FILE", "text that the prompt is about, in UTF-8; may be "
            + "given several times. Its KV cache is kept on disk, so the next question to it starts at once", "--file")
            .repeated();

    /// The bound of KV caches on disk.
    public static final Option<Long> PROMPT_CACHE = Option.parsed("SIZE", List.of(NONE), PromptFlags::size,
            "keep the KV caches of prompts of 256 tokens or more on disk for later starts, at most SIZE of them, such "
                    + "as 8g, or none (default: 16g with --file, else none)", "--prompt-cache").in("Computation");

    private PromptFlags() { }

    private static long size(String word) {
        return word.equals(NONE) ? 0 : ComputeOptions.bytes(word);
    }

    /// The most bytes of KV caches on disk; 0 to keep none.
    static long cacheBytes(Arguments arguments) {
        return arguments.get(PROMPT_CACHE).orElse(arguments.has(FILE) ? USUAL : 0L);
    }

    /// The texts of the files, with a blank line between two; empty if there are none.
    ///
    /// @throws IOException if one cannot be read or is no text
    public static String text(Arguments arguments) throws IOException {
        List<String> texts = new ArrayList<>();
        for (String file : arguments.all(FILE)) {
            try {
                texts.add(Files.readString(HomeFolder.path(file)).strip());
            } catch (CharacterCodingException e) {
                throw new IOException(file + ": is not a text in UTF-8", e);
            } catch (IOException e) {
                throw new IOException(file + ": cannot be read: " + FileErrors.reason(e), e);
            }
        }
        return texts.stream().filter(text -> !text.isEmpty()).collect(Collectors.joining("\n\n"));
    }
}
