package glia.train.data;

import glia.io.CheckpointException;
import glia.io.hub.ContentHash;
import glia.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/// Texts as token ids, in a memory-mapped [TokenFile] that is written once:
///
/// ```java
/// try (TextData data = TextData.open(TextSource.of(Path.of("corpus.txt")), tokenizer, run.resolve("train.tokens"))) {
///     Documents.Split split = data.documents().split(0.1);
///     Batches batches = new RandomWindows(split.train(), 12, 64, seed);
/// }
/// ```
public final class TextData implements DataSource, AutoCloseable {
    private final TokenFile file;

    private TextData(TokenFile file) {
        this.file = file;
    }

    /// Opens the token file of a source. It is written if there is none, or if the content of the sources, the way they
    /// are read, or the tokenizer has changed since, or if it is damaged.
    ///
    /// @param cache the token file; its folder exists
    /// @throws CheckpointException if a source cannot be read, is not as described or holds no text, or if `cache` is a
    ///     file of another kind
    public static TextData open(TextSource source, Tokenizer tokenizer, Path cache) throws IOException {
        String tokenizerHash = tokenizer.fingerprint();
        String sourcesHash = hash(source);
        if (Files.exists(cache)) {
            requireTokenFile(cache);
            try {
                TokenFile file = TokenFile.open(cache);
                if (file.tokenizerHash().equals(tokenizerHash) && file.sourcesHash().equals(sourcesHash)) {
                    return new TextData(file);
                }
                file.close();
            } catch (CheckpointException damaged) {
                // It is written again.
            }
        }
        TokenFileWriter.write(cache, source, tokenizer, tokenizerHash, sourcesHash);
        return new TextData(TokenFile.open(cache));
    }

    /// Checks that a file that would be replaced is a token file.
    private static void requireTokenFile(Path cache) throws IOException {
        byte[] magic = TokenFile.MAGIC.getBytes(StandardCharsets.ISO_8859_1);
        if (Files.isDirectory(cache)) {
            throw new CheckpointException(cache, "", "is a folder, expected a token file or a new name");
        }
        try (var in = Files.newInputStream(cache)) {
            if (!Arrays.equals(in.readNBytes(magic.length), magic)) {
                throw new CheckpointException(cache, "", "exists, is no token file and was not overwritten; choose "
                        + "another name for the token file");
            }
        }
    }

    private static String hash(TextSource source) throws IOException {
        StringBuilder all = new StringBuilder("documents of two tokens or more\n");
        all.append(source.textKey()).append('\n').append(source.separator()).append('\n');
        for (Path path : source.files()) {
            all.append(TextSource.isJsonLines(path) ? "json " : "text ").append(ContentHash.sha256(path)).append('\n');
        }
        return ContentHash.sha256(all.toString().getBytes(StandardCharsets.UTF_8));
    }

    /// The documents.
    public TokenFile documents() {
        return file;
    }

    @Override
    public long numExamples() {
        return file.numDocuments();
    }

    @Override
    public long numTokens() {
        return file.size();
    }

    @Override
    public void close() {
        file.close();
    }
}
