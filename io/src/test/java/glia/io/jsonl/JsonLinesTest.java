package glia.io.jsonl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Objects of lines, arrays and Parquet files.
class JsonLinesTest {
    @TempDir
    private Path folder;

    private static List<JsonLine> read(Path file) throws IOException {
        List<JsonLine> all = new ArrayList<>();
        try (JsonLines lines = new JsonLines(file)) {
            for (JsonLine line = lines.next(); line != null; line = lines.next()) {
                all.add(line);
            }
            assertEquals(null, lines.next());
        }
        return all;
    }

    private Path file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    @Test
    void linesAndArraysHoldTheSameObjects() throws Exception {
        List<JsonLine> lines = read(file("a.jsonl", "{\"a\": 1}\n\n{\"a\": {\"b\": [\"é\"]}}\n"));
        List<JsonLine> array = read(file("a.json", "\uFEFF\n [\n  {\"a\": 1},\n  {\"a\": {\"b\": [\"é\"]}}\n]\n"));
        assertEquals(lines.stream().map(JsonLine::values).toList(), array.stream().map(JsonLine::values).toList());
        assertEquals("element 2", array.getLast().place().unit() + " " + array.getLast().place().line());
        assertEquals(List.of(), read(file("empty.json", "[]")));
    }

    /// Who goes on after errors comes to an end.
    @Test
    @Timeout(20)
    void everyFileEnds() throws Exception {
        for (Path file : List.of(folder, file("a.json", "[{\"a\": 1}] [7]"), file("b.json", "[7, {\"a\": 1"),
                file("c.jsonl", "7\n[\n{"))) {
            try (JsonLines lines = new JsonLines(file)) {
                for (boolean isEnd = false; !isEnd;) {
                    try {
                        isEnd = lines.next() == null;
                    } catch (CheckpointException e) {
                        assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"[{\"a\": 1}, 7] | element 2: found 7, expected a JSON object",
        "[{\"a\": 1}, {\"a\" 1}] | element 2, line 1, column", "[{\"a\": 1} | element 2, line",
        "[{\"a\": 1}] x | is not JSON"})
    void brokenArraysAreNamed(String text, String message) throws Exception {
        Path file = file("a.json", text);
        Exception e = assertThrows(CheckpointException.class, () -> read(file));
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }

    /// Three rows that pyarrow wrote, compressed with snappy.
    @Test
    void parquetRowsAreObjects() throws Exception {
        Path file = folder.resolve("chats.parquet");
        try (var in = JsonLinesTest.class.getResourceAsStream("chats.parquet")) {
            Files.copy(in, file);
        }
        List<JsonLine> rows = read(file);
        assertEquals(3, rows.size());
        Map<String, Object> second = rows.get(1).values();
        assertEquals(List.of(Map.of("role", "user", "content", "question 1"), Map.of("role", "assistant", "content",
                "größer")), second.get("messages"));
        assertEquals(0.5, second.get("score"));
        assertEquals(List.of("a"), second.get("tags"));
        assertTrue(rows.getFirst().values().containsKey("note") && rows.getFirst().values().get("note") == null);
        assertTrue(rows.getFirst().place().error("x").getMessage().endsWith("chats.parquet: row 1: x"));
        assertEquals(Level.WARNING, Logger.getLogger("dev.hardwood").getLevel(), "messages about the processor");
        Path broken = file("b.parquet", "PAR1 no");
        Exception e = assertThrows(CheckpointException.class, () -> read(broken));
        assertTrue(e.getMessage().contains("b.parquet: cannot be read as a Parquet file"), e.getMessage());
    }
}
