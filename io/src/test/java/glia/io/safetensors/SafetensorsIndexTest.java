package glia.io.safetensors;

import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.io.CheckpointException;
import glia.io.Fixtures;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsIndexTest {
    @TempDir
    Path parent;
    private Path folder;

    @BeforeEach
    void writeShards() throws Exception {
        folder = Files.createDirectory(parent.resolve("model"));
        shard(folder.resolve("one.safetensors"), "a");
        shard(folder.resolve("two.safetensors"), "b");
        shard(parent.resolve("outside.safetensors"), "c");
    }

    private static void shard(Path file, String name) throws Exception {
        Files.write(file, SafetensorsBytes.of("{" + SafetensorsBytes.entry(name, "U8", "[2]", 0, 2) + "}", 2));
    }

    private void refused(String index, String... says) throws Exception {
        Files.writeString(folder.resolve("model.safetensors.index.json"), index);
        CheckpointException e = assertThrows(CheckpointException.class, () -> SafetensorsCheckpoint.open(folder));
        Fixtures.assertSays(e, says);
    }

    @ParameterizedTest
    @ValueSource(strings = {"../outside.safetensors", "/tmp/outside.safetensors", "..\\\\outside.safetensors",
        "C:outside.safetensors", "sub/../../outside.safetensors", "./one.safetensors", "..safetensors",
        "one.safetensors\\u0000", "one\\n.safetensors", "one.bin", ""})
    void namesThatLeaveTheFolderAreRefused(String name) throws Exception {
        refused("{\"weight_map\":{\"c\":\"" + name + "\"}}", "tensor c", "file name", "without a folder");
    }

    @Test
    void shardsMustMatchTheIndex() throws Exception {
        refused("{\"weight_map\":{\"a\":\"one.safetensors\",\"x\":\"two.safetensors\"}}", "two.safetensors", "tensor x",
                "missing");
        refused("{\"weight_map\":{\"a\":\"two.safetensors\",\"b\":\"one.safetensors\"}}", "two.safetensors", "tensor a",
                "is in one.safetensors");
        refused("{\"weight_map\":{\"a\":\"one.safetensors\",\"b\":\"three.safetensors\"}}", "three.safetensors",
                "no such file");
        shard(folder.resolve("two.safetensors"), "a");
        refused("{\"weight_map\":{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}}", "two.safetensors", "tensor a",
                "twice", "one.safetensors");
    }

    @Test
    void invalidIndexesAreRefused() throws Exception {
        refused("{}", "weight_map", "missing");
        refused("{\"weight_map\":{}}", "weight_map", "empty");
        refused("{\"weight_map\":[]}", "weight_map", "an object");
        refused("{\"weight_map\":{\"a\":1}}", "weight_map.a", "a string");
        refused("{\"weight_map\":{\"a\":\"one.safetensors\",\"a\":\"one.safetensors\"}}", "twice");
        refused("{\"weight_map\":", "JSON");
    }
}
