package glia.io.jsonl;

import dev.hardwood.InputFile;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.reader.RowReader;
import dev.hardwood.row.PqList;
import dev.hardwood.row.PqMap;
import dev.hardwood.row.StructAccessor;
import glia.io.CheckpointException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;

/// The rows of a Parquet file as objects: columns are keys, structs are objects, lists and maps too. Its classes are
/// loaded when the first such file is opened.
final class ParquetRows implements AutoCloseable {
    /// Kept, since a logger without a reference loses its level. Its messages about the processor are not for users.
    private static final Logger LOG = Logger.getLogger("dev.hardwood");

    static {
        LOG.setLevel(Level.WARNING);
    }

    private final Path file;
    private final ParquetFileReader reader;
    private final RowReader rows;
    private long row;
    private boolean isBroken;

    private ParquetRows(Path file, ParquetFileReader reader) {
        this.file = file;
        this.reader = reader;
        rows = reader.rowReader();
    }

    /// @throws CheckpointException if it is no Parquet file
    static ParquetRows open(Path file) throws CheckpointException {
        try {
            return new ParquetRows(file, ParquetFileReader.open(InputFile.of(file)));
        } catch (IOException | RuntimeException e) {
            throw broken(file, "", e);
        }
    }

    /// The next row, or null at the end.
    ///
    /// @throws CheckpointException if it cannot be read
    JsonLine next() throws CheckpointException {
        row++;
        TextPlace place = new TextPlace(file, row, "row");
        try {
            if (isBroken || !rows.hasNext()) {
                return null;
            }
            rows.next();
            return new JsonLine(place, object(rows));
        } catch (RuntimeException | LinkageError e) {
            isBroken = true;
            throw broken(file, "row " + row, e);
        }
    }

    private static CheckpointException broken(Path file, String where, Throwable e) {
        String reason = String.valueOf(e.getMessage() == null ? e : e.getMessage());
        return new CheckpointException(file, where, "cannot be read as a Parquet file: " + reason
                + "; compressions that are read are none, snappy and gzip", e);
    }

    private static Map<String, Object> object(StructAccessor struct) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (int i = 0; i < struct.getFieldCount(); i++) {
            values.put(struct.getFieldName(i), struct.isNull(i) ? null : value(struct.getValue(i)));
        }
        return values;
    }

    private static Object value(Object value) {
        return switch (value) {
            case null -> null;
            case StructAccessor struct -> object(struct);
            case PqList list -> list(list.values());
            case List<?> list -> list(list);
            case PqMap map -> {
                Map<String, Object> values = new LinkedHashMap<>();
                map.getEntries().forEach(e -> values.put(String.valueOf(value(e.getKey())), value(e.getValue())));
                yield values;
            }
            case byte[] bytes -> new String(bytes, StandardCharsets.UTF_8);
            case Float f -> f.doubleValue();
            case Integer _, Long _, Double _, Boolean _, String _ -> value;
            default -> value.toString();
        };
    }

    private static List<Object> list(List<?> list) {
        List<Object> values = new ArrayList<>();
        list.forEach(one -> values.add(value(one)));
        return values;
    }

    @Override
    public void close() throws IOException {
        rows.close();
        reader.close();
    }
}
