package glia.train.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.jsonl.TextPlace;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TextSourceTest {
    @TempDir
    private Path folder;

    private Path file(String name, String text) throws IOException {
        return Files.writeString(Files.createDirectories(folder).resolve(name), text);
    }

    private static List<String> documents(TextSource source, int maxCharacters) throws IOException {
        List<String> documents = new ArrayList<>();
        StringBuilder current = new StringBuilder();
        source.read(maxCharacters, new TextSource.DocumentReader() {
            @Override
            public void piece(String text, TextPlace place) {
                assertTrue(text.length() <= maxCharacters);
                current.append(text);
            }

            @Override
            public void end() {
                documents.add(current.toString());
                current.setLength(0);
            }
        });
        return documents;
    }

    private String message(TextSource source) {
        return assertThrows(CheckpointException.class, () -> documents(source, 100)).getMessage();
    }

    @Test
    void filesOfAFolderAreSortedAndLinesOfJsonAreDocuments() throws Exception {
        file("b.jsonl", "{\"text\": \"one\\n\"}\n\n{\"id\": 2, \"text\": \"two\"}\r\n");
        file("a.txt", "\uFEFFplain\ntext");
        file("c.bin", "left out");
        assertEquals(List.of("plain\ntext", "one\n", "two"), documents(TextSource.of(folder), 100));
        assertEquals(List.of("one\n", "two", "plain\ntext"),
                documents(TextSource.of(folder.resolve("b.jsonl"), folder), 100));
        assertEquals(List.of("left out"), documents(TextSource.of(folder.resolve("c.bin")), 100));
    }

    @Test
    void separatorLinesEndDocuments() throws Exception {
        Path file = file("a.txt", "one\n<e>\ntwo <e>\n<e> two\r\n<e>\r\n<e>\n<e");
        assertEquals(List.of("one\n", "two <e>\n<e> two\r\n", "", "<e"),
                documents(new TextSource(List.of(file), "text", "<e>"), 100));
        assertEquals(List.of("one\n", "two", ""), documents(new TextSource(List.of(
                file("b.txt", "one\n<e>\ntwo\n<e>").toAbsolutePath()), "text", "<e>"), 100).stream()
                .map(d -> d.equals("two\n") ? "two" : d).toList());
    }

    @ParameterizedTest
    @CsvSource({"7", "100", "5000"})
    void piecesOfLongDocumentsAreTheWhole(int maxCharacters) throws Exception {
        Random random = new Random(maxCharacters);
        StringBuilder text = new StringBuilder();
        while (text.length() < 30_000) {
            text.append(List.of("word", " ", "\n", "\n\n", "é", "🙂", "longer-word ", "\r\n").get(random.nextInt(8)));
        }
        assertEquals(List.of(text.toString()), documents(TextSource.of(file("a.txt", text.toString())), maxCharacters));
    }

    @Test
    void blocksOfAFileEndBetweenCharacters() throws Exception {
        String text = "x" + "é你🙂".repeat(400_000);
        assertEquals(List.of(text), documents(TextSource.of(file("a.txt", text)), 1000));
    }

    @Test
    void invalidUtf8IsNamedWithLineAndByte() throws Exception {
        Path file = folder.resolve("a.txt");
        Files.write(file, "one\ntwo caf\u00e9 x".getBytes(StandardCharsets.ISO_8859_1));
        String message = message(TextSource.of(file));
        assertTrue(message.contains("a.txt: line 2, byte 11: found the byte 0xE9"), message);
        assertTrue(message.contains("iconv"), message);
        byte[] long1 = ("é\n".repeat(600_000) + "?").getBytes(StandardCharsets.UTF_8);
        long1[long1.length - 1] = (byte) 0xC3;
        Files.write(file, long1);
        assertTrue(message(TextSource.of(file)).contains("line 600001, byte 1800000"), message(TextSource.of(file)));
        Files.write(file, "text".getBytes(StandardCharsets.UTF_16));
        assertTrue(message(TextSource.of(file)).contains("iconv -f UTF-16"), message(TextSource.of(file)));
        Path json = folder.resolve("a.jsonl");
        Files.write(json, "{\"text\": \"a\"}\n{\"text\": \"\u00e9\"}".getBytes(StandardCharsets.ISO_8859_1));
        assertTrue(message(TextSource.of(json)).contains("a.jsonl: line 2, byte 24"), message(TextSource.of(json)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{\"text\": \"a\"                   | line 2, column | is not JSON",
        "{\"text\": 5}                      | line 2: text: found 5 | expected a string",
        "{\"texts\": \"a\"}                 | line 2: found no key \"text\" | rename \"texts\" if it is meant",
        "{\"messages\": []}               | line 2: found a chat | recipes sft and lora",
        "[\"a\"]                            | line 2: found | one array of objects",
        "\"a\"                              | line 2: found \"a\" | expected a JSON object",
        "{\"text\": \"a\", \"text\": \"b\"} | line 2 | is there twice",
        "{\"text\": \"a\\ud800\"}           | line 2: text | unpaired surrogate",
        "{                                  | line 2: found | jq -c ."})
    void brokenLinesAreNamed(String line, String where, String problem) throws Exception {
        String message = message(TextSource.of(file("a.jsonl", "{\"text\": \"a\"}\n" + line + "\n")));
        assertTrue(message.contains("a.jsonl: " + where) && message.contains(problem), message);
    }

    @Test
    void filesThatAreNotReadAreNamed() throws Exception {
        assertTrue(message(TextSource.of(folder.resolve("x"))).contains("no such file"));
        assertTrue(message(TextSource.of(folder)).contains(".jsonl"));
        assertTrue(message(TextSource.of(file("a.txt.gz", "x"))).contains("unpack"));
        assertTrue(message(TextSource.of(file("a.arrow", "x"))).contains("to_parquet"));
        assertThrows(IllegalArgumentException.class, () -> TextSource.of().files());
    }
}
