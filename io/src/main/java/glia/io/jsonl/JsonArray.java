package glia.io.jsonl;

import glia.io.CheckpointException;
import glia.io.DisplayText;
import glia.io.json.JsonErrors;
import glia.io.json.JsonValues;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/// The objects of a JSON array.
final class JsonArray {
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
        parser = JsonValues.parser(utf8.length > 0 && utf8[0] == BOM ? Arrays.copyOfRange(utf8, BOM_BYTES, utf8.length)
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
                throw place.error("found " + JsonLine.shown(value) + ", expected a JSON object, such as " + example);
            }
            Map<String, Object> values = new LinkedHashMap<>();
            map.forEach((key, one) -> values.put((String) key, one));
            return new JsonLine(place, values);
        } catch (JacksonException e) {
            String where = "element " + element + (e.getLocation() == null ? "" : ", line "
                    + e.getLocation().getLineNr() + ", column " + e.getLocation().getColumnNr());
            parser.close();
            throw new CheckpointException(file, where, "is not JSON: " + DisplayText.escape(JsonErrors.reason(e)), e);
        }
    }
}
