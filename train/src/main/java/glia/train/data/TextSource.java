package glia.train.data;

import glia.io.CheckpointException;
import glia.io.FileErrors;
import glia.io.jsonl.JsonLine;
import glia.io.jsonl.JsonLines;
import glia.io.jsonl.StrictUtf8;
import glia.io.jsonl.TextPlace;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// Texts to train on: plain text files, whose content is one document each, and files of objects with a document each:
/// JSONL (`.jsonl`, `.ndjson`), JSON arrays (`.json`) and Parquet.
///
/// @param paths files, and folders of which all `.txt`, `.md`, `.jsonl`, `.ndjson` and `.parquet` files are read,
///     by name
/// @param textKey the key of the text in a line of JSONL
/// @param separator a line of plain text files that ends a document, such as `<|endoftext|>`; empty for none
public record TextSource(List<Path> paths, String textKey, String separator) {
    private static final Set<String> JSON_LINES = Set.of("jsonl", "ndjson", "json", "parquet");
    private static final Set<String> IN_FOLDERS = Set.of("txt", "md", "jsonl", "ndjson", "parquet");
    private static final Set<String> PACKED = Set.of("gz", "zst", "xz", "bz2", "zip", "7z", "tar");
    private static final int BLOCK_BYTES = 1 << 20;
    /// The longest document that is read as a whole.
    public static final int MOST_CHARACTERS = 100_000_000;

    /// Copies the list.
    public TextSource {
        paths = List.copyOf(paths);
    }

    /// Files and folders, with the key `text` and no separator.
    public static TextSource of(Path... paths) {
        return new TextSource(List.of(paths), "text", "");
    }

    /// All files, those of folders sorted by path. A file that is named twice is read once.
    ///
    /// @throws CheckpointException if there is none, one does not exist, or one has a format that is not read
    public List<Path> files() throws CheckpointException {
        Set<Path> files = new LinkedHashSet<>();
        for (Path path : paths) {
            if (Files.isDirectory(path)) {
                files.addAll(filesOf(path));
            } else if (!Files.exists(path)) {
                throw new CheckpointException(path, "", "there is no such file or folder");
            } else {
                requireKnown(path);
                files.add(path);
            }
        }
        if (files.isEmpty()) {
            throw new IllegalArgumentException("no training texts are given; name at least one file or folder");
        }
        return List.copyOf(files);
    }

    private static List<Path> filesOf(Path folder) throws CheckpointException {
        List<Path> found = new ArrayList<>();
        try (Stream<Path> all = Files.walk(folder)) {
            all.filter(f -> IN_FOLDERS.contains(ending(f)) && Files.isRegularFile(f)).sorted().forEach(found::add);
        } catch (IOException | UncheckedIOException e) {
            throw new CheckpointException(folder, "", "cannot be listed: " + e.getMessage(), e);
        }
        if (found.isEmpty()) {
            throw new CheckpointException(folder, "", "found no file in this folder whose name ends with .txt, .md, "
                    + ".jsonl, .ndjson or .parquet");
        }
        return found;
    }

    private static void requireKnown(Path file) throws CheckpointException {
        String ending = ending(file);
        if (PACKED.contains(ending)) {
            throw new CheckpointException(file, "", "is compressed; unpack it and give the file inside");
        }
        if (ending.equals("arrow")) {
            throw new CheckpointException(file, "", "is an arrow file, expected text, JSONL, a JSON array or Parquet; "
                    + "convert it, for example with Dataset.to_parquet of Hugging Face's datasets");
        }
    }

    private static String ending(Path file) {
        String name = file.getFileName().toString();
        return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    }

    /// Whether a file is read as objects: JSONL, a JSON array or Parquet.
    static boolean isJsonLines(Path file) {
        return JSON_LINES.contains(ending(file));
    }

    /// Reads all texts in pieces, for example to train a tokenizer: `source.forEachPiece(trainer::add)`.
    ///
    /// @throws CheckpointException if a file is not UTF-8 or a line is not as described
    public void forEachPiece(Consumer<String> consumer) throws IOException {
        read(TextPieces.MAX_CHARACTERS, new DocumentReader() {
            @Override
            public void piece(String text, TextPlace place) {
                consumer.accept(text);
            }

            @Override
            public void end() { }
        });
    }

    /// Takes a document.
    @FunctionalInterface
    public interface DocumentConsumer {
        void accept(String text) throws IOException;
    }

    /// Reads all documents, each as a whole.
    ///
    /// @throws CheckpointException if a file is not UTF-8, a line is not as described or a document has more than
    ///     [#MOST_CHARACTERS]
    public void forEachDocument(DocumentConsumer consumer) throws IOException {
        StringBuilder text = new StringBuilder();
        read(TextPieces.MAX_CHARACTERS, new DocumentReader() {
            @Override
            public void piece(String piece, TextPlace place) throws IOException {
                if (text.length() + piece.length() > MOST_CHARACTERS) {
                    throw place.error("found a document of more than " + MOST_CHARACTERS + " characters; name the line "
                            + "that ends a document of a plain text file, or split the file");
                }
                text.append(piece);
            }

            @Override
            public void end() throws IOException {
                consumer.accept(text.toString());
                text.setLength(0);
            }
        });
    }

    /// Reads all documents.
    void read(int maxCharacters, DocumentReader reader) throws IOException {
        TextPieces pieces = new TextPieces(reader, maxCharacters);
        for (Path file : files()) {
            if (isJsonLines(file)) {
                readJsonLines(file, pieces);
            } else {
                readPlain(file, pieces);
            }
        }
    }

    private void readJsonLines(Path file, TextPieces pieces) throws IOException {
        try (JsonLines lines = new JsonLines(file)) {
            for (JsonLine line = lines.next(); line != null; line = lines.next()) {
                if (!line.values().containsKey(textKey) && ChatJson.isChat(line)) {
                    throw line.place().error("found a chat, expected a text in the key \"" + textKey
                            + "\"; the recipes sft and lora train on chats");
                }
                pieces.add(line.text(textKey), line.place());
                pieces.end();
            }
        }
    }

    private void readPlain(Path file, TextPieces pieces) throws IOException {
        PlainDocuments documents = new PlainDocuments(pieces, separator);
        byte[] block = new byte[BLOCK_BYTES];
        try (InputStream in = Files.newInputStream(file)) {
            int kept = 0;
            long offset = 0;
            long line = 1;
            int read = in.readNBytes(block, 0, block.length);
            while (read > 0) {
                int filled = kept + read;
                boolean isLast = filled < block.length;
                int end = isLast ? filled : StrictUtf8.whole(block, filled);
                String text = StrictUtf8.decode(file, block, end, offset, line);
                documents.add(offset == 0 && text.startsWith("\uFEFF") ? text.substring(1) : text,
                        new TextPlace(file, line));
                line += text.chars().filter(c -> c == '\n').count();
                offset += end;
                kept = filled - end;
                System.arraycopy(block, end, block, 0, kept);
                read = in.readNBytes(block, kept, block.length - kept);
                if (read == 0 && kept > 0) {
                    StrictUtf8.decode(file, block, kept, offset, line);
                }
            }
        } catch (CheckpointException e) {
            throw e;
        } catch (IOException e) {
            throw new CheckpointException(file, "", "cannot be read: " + FileErrors.reason(e), e);
        }
        documents.end();
    }

    /// Splits plain text into documents at separator lines, where there are such.
    static final class PlainDocuments {
        private final TextPieces pieces;
        private final String separator;
        /// The beginning of a line that may be a separator.
        private final StringBuilder start = new StringBuilder();
        private TextPlace place;
        /// Whether the beginning of the current line was passed on.
        private boolean isInside;

        PlainDocuments(TextPieces pieces, String separator) {
            this.pieces = pieces;
            this.separator = separator;
        }

        void add(String text, TextPlace from) throws IOException {
            if (separator.isEmpty()) {
                pieces.add(text, from);
                return;
            }
            long line = from.line();
            for (int at = 0; at < text.length();) {
                int feed = text.indexOf('\n', at);
                int end = feed < 0 ? text.length() : feed + 1;
                if (isInside) {
                    pieces.add(text.substring(at, end), new TextPlace(from.file(), line));
                } else {
                    if (start.isEmpty()) {
                        place = new TextPlace(from.file(), line);
                    }
                    start.append(text, at, end);
                    // Up to two characters more than the separator: carriage return and line feed.
                    if (feed < 0 && start.length() > separator.length() + 2) {
                        pass();
                    }
                }
                if (feed >= 0) {
                    line++;
                    if (!isInside) {
                        endOfLine();
                    }
                    isInside = false;
                }
                at = end;
            }
        }

        private void pass() throws IOException {
            pieces.add(start.toString(), place);
            start.setLength(0);
            isInside = true;
        }

        private void endOfLine() throws IOException {
            if (start.toString().stripTrailing().equals(separator)) {
                start.setLength(0);
                pieces.end();
            } else {
                pass();
            }
        }

        /// Ends the file.
        void end() throws IOException {
            if (!separator.isEmpty() && !start.isEmpty()) {
                endOfLine();
            }
            isInside = false;
            pieces.end();
        }
    }

    /// Receives the documents of a source, each in one or more pieces.
    interface DocumentReader {
        /// A part of the current document.
        ///
        /// @param place where it begins
        void piece(String text, TextPlace place) throws IOException;

        /// The end of the current document.
        void end() throws IOException;
    }
}
