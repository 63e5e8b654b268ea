package glia.io.jsonl;

import glia.io.CheckpointException;
import glia.io.DisplayText;
import glia.io.FileErrors;
import glia.io.json.JsonTree.JsonErrors;
import glia.io.json.JsonValues;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/// Reads the objects of a data file in UTF-8: of JSONL an object in each line, of a JSON file with an array its
/// elements, of a Parquet file its rows. Blank lines are skipped.
public final class JsonLines implements AutoCloseable {
    private static final String TEXT = "{\"text\": \"…\"}";
    /// The longest line.
    private static final int MAX_BYTES = 1 << 28;

    /// The longest JSON array.
    private static final int MAX_ARRAY = 1 << 30;

    private final Path file;
    /// An object that errors show.
    private final String example;
    private final InputStream in;
    /// Elements of an array or rows of a table; empty of lines.
    private Optional<JsonArray> array = Optional.empty();
    private final Optional<ParquetRows> rows;
    private byte[] bytes = new byte[1 << 12];
    private long line;
    private long offset;
    private boolean isBroken;

    /// Opens a file.
    ///
    /// @throws CheckpointException if there is no such file or it cannot be read
    public JsonLines(Path file) throws CheckpointException {
        this(file, TEXT);
    }

    /// Opens a file.
    ///
    /// @param example an object of the kind that is expected, which errors show
    /// @throws CheckpointException if there is no such file or it cannot be read
    public JsonLines(Path file, String example) throws CheckpointException {
        this.file = file;
        this.example = example;
        in = new BufferedInputStream(open(file), 1 << 17);
        rows = isParquet(file) ? Optional.of(ParquetRows.open(file)) : Optional.empty();
    }

    /// Whether a file is read as a Parquet file, by its name.
    public static boolean isParquet(Path file) {
        return file.getFileName().toString().toLowerCase(Locale.ROOT).endsWith(".parquet");
    }

    /// Reads a stream, which is closed with this.
    ///
    /// @param file that errors name
    public JsonLines(Path file, InputStream stream) {
        this.file = file;
        example = TEXT;
        in = new BufferedInputStream(stream, 1 << 17);
        rows = Optional.empty();
    }

    private static InputStream open(Path file) throws CheckpointException {
        try {
            return Files.newInputStream(file);
        } catch (NoSuchFileException e) {
            throw new CheckpointException(file, "", "there is no such file", e);
        } catch (IOException e) {
            throw new CheckpointException(file, "", "cannot be read: " + FileErrors.reason(e), e);
        }
    }

    /// The next object, or null at the end of the file. After an error the next call goes on with the line after it, or
    /// gives null if the file cannot be read any further.
    ///
    /// @throws CheckpointException if the line is not UTF-8, or holds anything but one JSON object
    public JsonLine next() throws CheckpointException {
        if (rows.isPresent()) {
            return rows.get().next();
        }
        if (line == 0 && offset == 0 && array.isEmpty() && !isBroken) {
            // Stays so where the beginning cannot be read.
            isBroken = true;
            array = beginsArray() ? Optional.of(new JsonArray(file, whole(), example)) : Optional.empty();
            isBroken = false;
        }
        if (array.isPresent()) {
            return array.get().next();
        }
        while (true) {
            int length = readLine();
            if (length < 0) {
                return null;
            }
            line++;
            long start = offset;
            offset += length + 1;
            String text = StrictUtf8.decode(file, bytes, length, start, line);
            String json = line == 1 && text.startsWith("\uFEFF") ? text.substring(1) : text;
            if (!json.isBlank()) {
                return parse(json);
            }
        }
    }

    /// Whether the first character that is not blank begins an array.
    private boolean beginsArray() throws CheckpointException {
        try {
            in.mark(1 << 16);
            int b = in.read();
            for (int i = 1; i < 1 << 15 && (b == 0xEF || b == 0xBB || b == 0xBF || Character.isWhitespace(b)); i++) {
                b = in.read();
            }
            in.reset();
            return b == '[';
        } catch (IOException e) {
            throw new CheckpointException(file, "", "cannot be read: " + FileErrors.reason(e), e);
        }
    }

    private byte[] whole() throws CheckpointException {
        try {
            byte[] all = in.readNBytes(MAX_ARRAY);
            if (all.length == MAX_ARRAY) {
                throw new CheckpointException(file, "", "is a JSON array of more than " + MAX_ARRAY + " bytes; convert "
                        + "it to JSONL, which is read line by line, with: jq -c '.[]' FILE > NEW.jsonl");
            }
            return all;
        } catch (CheckpointException e) {
            throw e;
        } catch (IOException e) {
            throw new CheckpointException(file, "", "cannot be read: " + FileErrors.reason(e), e);
        }
    }

    private JsonLine parse(String json) throws CheckpointException {
        TextPlace place = new TextPlace(file, line);
        String strip = json.strip();
        if (strip.equals("{") || strip.startsWith("[")) {
            throw place.error("found " + JsonLine.shown(strip) + ", expected a whole JSON object in each line (JSONL), "
                    + "or one array of objects; convert the file with: jq -c . FILE > NEW.jsonl");
        }
        Object value;
        try {
            value = JsonValues.parse(json);
        } catch (JacksonException e) {
            throw new CheckpointException(file, "line " + line + (e.getLocation() == null ? "" : ", column "
                    + e.getLocation().getColumnNr()), "is not JSON: "
                    + DisplayText.escape(JsonErrors.reason(e))
                    + "; expected one object, such as " + example, e);
        }
        if (!(value instanceof Map<?, ?> map)) {
            throw place.error("found " + JsonLine.shown(value) + ", expected a JSON object, such as " + example);
        }
        Map<String, Object> values = new LinkedHashMap<>();
        map.forEach((key, one) -> values.put((String) key, one));
        return new JsonLine(place, values);
    }

    /// Reads a line without its line feed; -1 at the end of the file.
    private int readLine() throws CheckpointException {
        int length = 0;
        if (isBroken) {
            return -1;
        }
        try {
            for (int b = in.read(); b != '\n'; b = in.read()) {
                if (b < 0) {
                    return length == 0 ? -1 : length;
                }
                if (length == MAX_BYTES) {
                    skipLine(length + 1);
                    throw new TextPlace(file, line).error("found a line of more than " + MAX_BYTES
                            + " bytes; split the text into documents");
                }
                if (length == bytes.length) {
                    bytes = Arrays.copyOf(bytes, (int) Math.min(MAX_BYTES, 2L * length));
                }
                bytes[length++] = (byte) b;
            }
        } catch (CheckpointException e) {
            throw e;
        } catch (IOException e) {
            isBroken = true;
            throw new CheckpointException(file, "byte " + offset, "cannot be read: " + FileErrors.reason(e), e);
        }
        return length;
    }

    private void skipLine(int read) throws IOException {
        long length = read;
        int b = in.read();
        while (b >= 0 && b != '\n') {
            length++;
            b = in.read();
        }
        line++;
        offset += length + 1;
    }

    @Override
    public void close() throws IOException {
        in.close();
        if (rows.isPresent()) {
            rows.get().close();
        }
    }

    /// The objects of a JSON array.
    static final class JsonArray {
        private static final int BOM_BYTES = 3;
        private static final byte BOM = (byte) 0xEF;

        private final Path file;
        private final String example;
        private final JsonParser parser;
        private long element;

        /// @param utf8 the whole text
        JsonArray(Path file, byte[] utf8, String example) {
            this.file = file;
            this.example = example;
            parser = JsonValues.parser(utf8.length > 0 && utf8[0] == BOM ? Arrays.copyOfRange(utf8, BOM_BYTES,
                    utf8.length)
                    : utf8);
        }

        /// The next object, or null at the end.
        ///
        /// @throws CheckpointException if the text is not JSON, or the element is no object
        JsonLine next() throws CheckpointException {
            try {
                if (element == 0) {
                    parser.nextToken();
                }
                if (parser.isClosed()) {
                    return null;
                }
                element++;
                TextPlace place = new TextPlace(file, element, "element");
                if (parser.nextToken() == JsonToken.END_ARRAY) {
                    boolean hasMore = parser.nextToken() != null;
                    parser.close();
                    if (hasMore) {
                        throw new CheckpointException(file, "", "has text after the end of the array");
                    }
                    return null;
                }
                Object value = JsonValues.read(parser);
                if (!(value instanceof Map<?, ?> map)) {
                    throw place.error("found " + JsonLine.shown(value) + ", expected a JSON object, such as "
                            + example);
                }
                Map<String, Object> values = new LinkedHashMap<>();
                map.forEach((key, one) -> values.put((String) key, one));
                return new JsonLine(place, values);
            } catch (JacksonException e) {
                String where = "element " + element + (e.getLocation() == null ? "" : ", line "
                        + e.getLocation().getLineNr() + ", column " + e.getLocation().getColumnNr());
                parser.close();
                throw new CheckpointException(file, where, "is not JSON: " + DisplayText.escape(JsonErrors.reason(e)),
                        e);
            }
        }
    }
}
