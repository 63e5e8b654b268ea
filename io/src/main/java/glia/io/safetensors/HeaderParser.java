package glia.io.safetensors;

import glia.io.CheckpointException;
import glia.io.file.TensorEntry;
import glia.io.json.JsonValues;
import glia.tensor.DType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/// Parses the JSON of a header as a stream: a header may list a million tensors.
final class HeaderParser {
    static final String METADATA = "__metadata__";
    private static final int MAX_RANK = 32;

    private final Path file;
    private final List<TensorEntry> entries = new ArrayList<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final Set<String> names = new HashSet<>();

    HeaderParser(Path file) {
        this.file = file;
    }

    List<TensorEntry> entries() {
        return entries;
    }

    Map<String, String> metadata() {
        return metadata;
    }

    void parse(String header) throws CheckpointException {
        try (JsonParser json = JsonValues.parser(header)) {
            expect(json.nextToken(), JsonToken.START_OBJECT, "header");
            for (String name = json.nextName(); name != null; name = json.nextName()) {
                if (!names.add(name)) {
                    throw new CheckpointException(file, TensorEntry.where(name), "is there twice in the header");
                }
                expect(json.nextToken(), JsonToken.START_OBJECT, name.equals(METADATA) ? METADATA : where(name));
                if (name.equals(METADATA)) {
                    metadata(json);
                } else {
                    entries.add(entry(json, name));
                }
            }
            expect(json.currentToken(), JsonToken.END_OBJECT, "header");
            if (json.nextToken() != null) {
                throw new CheckpointException(file, "header", "goes on after its object, expected its end");
            }
        } catch (JacksonException e) {
            String last = names.isEmpty() ? "header" : "header, at or after " + entries.size() + " tensors";
            throw new CheckpointException(file, last, "is not the JSON expected: " + e.getOriginalMessage(), e);
        }
    }

    private void metadata(JsonParser json) throws CheckpointException {
        for (String key = json.nextName(); key != null; key = json.nextName()) {
            expect(json.nextToken(), JsonToken.VALUE_STRING, METADATA + " " + key);
            if (metadata.put(key, json.getString()) != null) {
                throw new CheckpointException(file, METADATA + " " + key, "is there twice");
            }
        }
    }

    private TensorEntry entry(JsonParser json, String name) throws CheckpointException {
        String dtype = null;
        long[] shape = null;
        long[] offsets = null;
        for (String key = json.nextName(); key != null; key = json.nextName()) {
            boolean again = switch (key) {
                case "dtype" -> dtype != null;
                case "shape" -> shape != null;
                case "data_offsets" -> offsets != null;
                default -> throw new CheckpointException(file, where(name), "has an unknown field " + key
                        + ", expected dtype, shape and data_offsets");
            };
            if (again) {
                throw new CheckpointException(file, where(name), "has the field " + key + " twice");
            }
            switch (key) {
                case "dtype" -> {
                    expect(json.nextToken(), JsonToken.VALUE_STRING, where(name) + ", dtype");
                    dtype = json.getString();
                }
                case "shape" -> shape = integers(json, where(name) + ", shape");
                default -> offsets = integers(json, where(name) + ", data_offsets");
            }
        }
        if (dtype == null || shape == null || offsets == null) {
            throw new CheckpointException(file, where(name), "lacks " + (dtype == null ? "dtype" : shape == null
                    ? "shape" : "data_offsets"));
        }
        if (offsets.length != 2) {
            throw new CheckpointException(file, where(name), "found " + offsets.length + " data_offsets, expected 2");
        }
        return new TensorEntry(name, dtype(name, dtype), shape, offsets[0], offsets[1]);
    }

    private DType dtype(String name, String text) throws CheckpointException {
        DType dtype = SafetensorsWriter.SafetensorsTypes.of(text);
        if (dtype == null) {
            throw new CheckpointException(file, where(name), "found the type " + text + ", expected one of "
                    + SafetensorsWriter.SafetensorsTypes.names());
        }
        return dtype;
    }

    private long[] integers(JsonParser json, String where) throws CheckpointException {
        expect(json.nextToken(), JsonToken.START_ARRAY, where);
        long[] values = new long[4];
        int n = 0;
        while (json.nextToken() != JsonToken.END_ARRAY) {
            expect(json.currentToken(), JsonToken.VALUE_NUMBER_INT, where);
            if (n == MAX_RANK) {
                throw new CheckpointException(file, where, "found more than " + MAX_RANK + " numbers");
            }
            if (n == values.length) {
                values = Arrays.copyOf(values, 2 * n);
            }
            values[n++] = json.getLongValue();
        }
        return Arrays.copyOf(values, n);
    }

    private void expect(JsonToken found, JsonToken expected, String where) throws CheckpointException {
        if (found != expected) {
            throw new CheckpointException(file, where, "found " + words(found) + ", expected " + words(expected));
        }
    }

    private static String words(JsonToken token) {
        return switch (token) {
            case null -> "the end of the header";
            case START_OBJECT -> "an object";
            case END_OBJECT -> "the end of the object";
            case START_ARRAY -> "a list";
            case VALUE_STRING -> "a string";
            case VALUE_NUMBER_INT -> "a whole number";
            default -> token.toString();
        };
    }

    private static String where(String name) {
        return TensorEntry.where(name);
    }
}
