package glia.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class ConfigTest {
    private static final Path ORIGIN = Path.of("config.json");

    @TempDir
    Path folder;

    private static Config parse(String json) throws CheckpointException {
        return Config.parse(ORIGIN, json);
    }

    private static void refused(Executable get, String message) {
        assertEquals(message, assertThrows(CheckpointException.class, get).getMessage());
    }

    @Test
    void aValueCanBeReplaced() throws CheckpointException {
        Config config = Config.parse(Path.of("config.json"), "{\"a\": {\"b\": 1, \"c\": null}}");
        Config changed = config.child("a").with("c", "x").with("b", List.of(1, 2));
        assertEquals("x", changed.text("c"));
        assertEquals(2, changed.integers("b").length);
        assertEquals(1, config.child("a").integer("b"));
        assertTrue(assertThrows(CheckpointException.class, () -> changed.integer("c")).getMessage().contains("a.c"));
    }

    @Test
    void valuesAreRead() throws Exception {
        Config c = parse("""
                {"t": "né", "n": -7, "r": 1e-5, "yes": true, "ns": [1, 2], "ts": ["a", ""], "rs": [1, 0.5, Infinity],
                 "nothing": null, "child": {"deep": {"n": 3}}, "big": 4294967296}""");
        assertEquals("né", c.text("t"));
        assertEquals(-7, c.integer("n"));
        assertEquals(1e-5, c.real("r"));
        assertEquals(-7.0, c.real("n"));
        assertEquals(4294967296.0, c.real("big"));
        assertTrue(c.flag("yes"));
        assertArrayEquals(new int[] {1, 2}, c.integers("ns"));
        assertArrayEquals(new String[] {"a", ""}, c.strings("ts"));
        assertArrayEquals(new double[] {1, 0.5, Double.POSITIVE_INFINITY}, c.reals("rs"));
        assertEquals(3, c.child("child").child("deep").positive("n"));
        assertTrue(c.isList("ns") && c.isObject("child") && !c.isList("t") && !c.isObject("absent"));
        assertEquals(Set.of("t", "n", "r", "yes", "ns", "ts", "rs", "child", "big"), c.keys());
    }

    @Test
    void defaultsAreForAbsentKeysOnly() throws Exception {
        Config c = parse("{\"nothing\": null, \"t\": \"x\", \"n\": 1}");
        assertFalse(c.has("nothing"));
        assertEquals("d", c.text("nothing", "d"));
        assertEquals(5, c.integer("absent", 5));
        assertEquals(5, c.positive("absent", 5));
        assertEquals(0.5, c.real("absent", 0.5));
        assertTrue(c.flag("absent", true));
        refused(() -> c.integer("t", 5), "config.json: key t: found \"x\", expected a whole number");
        refused(() -> c.text("n", "d"), "config.json: key n: found 1, expected a string");
        refused(() -> c.flag("n", true), "config.json: key n: found 1, expected true or false");
        refused(() -> c.real("t", 1), "config.json: key t: found \"x\", expected a number");
    }

    @Test
    void errorsNameKeyFoundAndExpected() throws Exception {
        Config c = parse("""
                {"child": {"deep": {"r": 5.0}}, "big": 4294967296, "huge": 123456789012345678901234567890,
                 "zero": 0, "mixed": [1, "a"], "long": "%s"}""".formatted("x".repeat(1000)));
        refused(() -> c.child("child").child("deep").integer("r"),
                "config.json: key child.deep.r: found 5.0, expected a whole number");
        refused(() -> c.child("child").child("deep").text("none"),
                "config.json: key child.deep.none: is missing, expected a string");
        refused(() -> c.integer("big"),
                "config.json: key big: found 4294967296, expected a whole number from -2147483648 to 2147483647");
        assertThrows(CheckpointException.class, () -> c.integer("huge"));
        refused(() -> c.positive("zero"), "config.json: key zero: found 0, expected a whole number of at least 1");
        refused(() -> c.integers("mixed"), "config.json: key mixed[1]: found \"a\", expected a whole number");
        refused(() -> c.strings("mixed"), "config.json: key mixed[0]: found 1, expected a string");
        refused(() -> c.reals("mixed"), "config.json: key mixed[1]: found \"a\", expected a number");
        refused(() -> c.integers("zero"), "config.json: key zero: found 0, expected a list of integers");
        refused(() -> c.child("mixed"), "config.json: key mixed: found a list of 2, expected an object");
        refused(() -> c.text("child"), "config.json: key child: found an object, expected a string");
        String message = assertThrows(CheckpointException.class, () -> c.flag("long")).getMessage();
        assertTrue(message.length() < 200, message);
        Fixtures.assertSays(c.child("child").error("x", "is odd"), "key child.x: is odd");
    }

    @Test
    void otherJsonThanObjectsIsRefused() {
        for (String json : List.of("", "[]", "1", "{", "{\"a\":1,}", "{\"a\":1}x", "{\"a\":1}{}", "{\"a\":1,\"a\":1}",
                "{\"a\":{\"b\":1,\"b\":2}}", "{'a':1}", "{\"a\":" + "[".repeat(1000) + "]".repeat(1000) + "}",
                "{\"a\":\"\u0001\"}")) {
            Fixtures.assertSays(assertThrows(CheckpointException.class, () -> parse(json), json), "config.json");
        }
    }

    @Test
    void filesAreRead() throws Exception {
        Path file = folder.resolve("config.json");
        refused(() -> Config.read(file), file + ": there is no such file");
        Files.write(file, new byte[] {'{', '"', (byte) 0xE9, '"', ':', '1', '}'});
        refused(() -> Config.read(file), file + ": is not UTF-8");
        Files.writeString(file, "{\"model_type\": \"llama\"}");
        assertEquals("llama", Config.read(file).text("model_type"));
        assertThrows(CheckpointException.class, () -> Config.read(folder));
    }

    @Test
    void configsOfJavaValues() throws Exception {
        Config c = Config.of(ORIGIN, Map.of("t", "x", "n", 3, "l", 4L, "f", 0.5f, "d", 0.25, "b", true, "ns",
                new int[] {1, 2}, "ts", List.of("a"), "m", Map.of("k", new float[] {1})));
        assertEquals("x", c.text("t"));
        assertEquals(3, c.integer("n"));
        assertEquals(4, c.integer("l"));
        assertEquals(0.5, c.real("f"));
        assertEquals(0.25, c.real("d"));
        assertTrue(c.flag("b"));
        assertArrayEquals(new int[] {1, 2}, c.integers("ns"));
        assertArrayEquals(new String[] {"a"}, c.strings("ts"));
        assertArrayEquals(new double[] {1}, c.child("m").reals("k"));
        assertThrows(IllegalArgumentException.class, () -> Config.of(ORIGIN, Map.of("o", new Object())));
    }

    @Test
    void pointersAndPagesAreReported(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("config.json"), "version https://git-lfs.github.com/spec/v1\n");
        Fixtures.assertSays(assertThrows(CheckpointException.class, () -> Config.read(file)), "git lfs pull");
        Files.writeString(file, "\uFEFF<!doctype HTML>");
        Fixtures.assertSays(assertThrows(CheckpointException.class, () -> Config.read(file)), "an HTML page");
    }
}
