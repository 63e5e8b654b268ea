package glia.plan.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.MappingIterator;
import tools.jackson.databind.ObjectReader;
import tools.jackson.dataformat.csv.CsvMapper;
import tools.jackson.dataformat.csv.CsvSchema;

/// Tables in CSV files: UTF-8, commas, a header.
public final class Tables {
    private static final long MOST_BYTES = 64L << 20;
    private static final ObjectReader READER = CsvMapper.builder().build().readerForMapOf(String.class)
            .with(CsvSchema.emptySchema().withHeader());

    private Tables() { }

    /// Reads a table.
    ///
    /// @param columns columns that it must have
    /// @throws IOException if it cannot be read, or is no such table; the message says where
    public static List<Row> read(Path file, String... columns) throws IOException {
        if (Files.size(file) > MOST_BYTES) {
            throw new IOException(file + ": found " + Files.size(file) + " bytes, expected a table of at most "
                    + MOST_BYTES);
        }
        try (InputStream in = Files.newInputStream(file)) {
            return read(file.toString(), in, columns);
        }
    }

    /// Reads a table that comes with Glia.
    ///
    /// @param beside the class beside which it lies
    public static List<Row> resource(Class<?> beside, String name, String... columns) {
        try (InputStream in = beside.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the table " + name + " is missing");
            }
            return read(name, in, columns);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Row> read(String name, InputStream in, String... columns) throws IOException {
        List<Row> rows = new ArrayList<>();
        try (MappingIterator<Map<String, String>> values = READER.readValues(in)) {
            while (values.hasNextValue()) {
                rows.add(new Row(name, values.currentLocation().getLineNr(), values.nextValue()));
            }
        } catch (JacksonException e) {
            throw new IOException(name + ": expected a table in CSV with a header, found: " + e.getOriginalMessage(),
                    e);
        }
        for (String column : columns) {
            if (!rows.isEmpty() && !rows.getFirst().cells().containsKey(column)) {
                throw new IOException(name + ": has no column '" + column + "'; it has " + String.join(", ",
                        rows.getFirst().cells().keySet().stream().sorted().toList()));
            }
        }
        return List.copyOf(rows);
    }
}
