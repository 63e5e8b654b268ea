package glia.io.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GgufMetadataTest {
    private static final Path ORIGIN = Path.of("some.gguf");

    private static GgufMetadata of(Object value) {
        return GgufMetadata.of(ORIGIN, Map.of("k", value));
    }

    @Test
    void integersOfEveryTypeAreRead() throws Exception {
        for (GgufKind kind : GgufKind.values()) {
            if (kind.isInteger()) {
                assertEquals(7, of(GgufValue.of(kind, 7)).integer("k"), kind.toString());
                assertEquals(7.0, of(GgufValue.of(kind, 7)).real("k"), kind.toString());
                assertArrayEquals(new int[] {1, 2}, of(GgufValue.list(kind, new long[] {1, 2})).integers("k"));
            }
        }
        assertEquals(4294967295L, of(GgufValue.of(GgufKind.UINT32, 4294967295L)).integer("k"));
        assertThrows(IllegalArgumentException.class, () -> GgufValue.of(GgufKind.UINT8, 256));
        assertThrows(IllegalArgumentException.class, () -> GgufValue.of(GgufKind.INT8, -129));
    }

    @Test
    void otherTypesAreRead() throws Exception {
        assertEquals("x", of("x").string("k"));
        assertEquals(1e-5f, of(1e-5f).real("k"));
        assertTrue(of(true).flag("k"));
        assertArrayEquals(new String[] {"a", "né", ""}, of(List.of("a", "né", "")).strings("k"));
        assertArrayEquals(new float[] {1, -2}, of(new float[] {1, -2}).floats("k"));
        assertArrayEquals(new boolean[] {true, false}, of(new boolean[] {true, false}).flags("k"));
        assertEquals(3L, of(3).raw("k"));
        assertArrayEquals(new String[] {"a"}, (String[]) of(new String[] {"a"}).raw("k"));
    }

    @Test
    void errorsNameKeyFoundAndExpected() {
        String text = assertThrows(CheckpointException.class, () -> of(5).strings("k")).getMessage();
        assertEquals("some.gguf: metadata key k: found UINT32, expected a list of strings", text);
        text = assertThrows(CheckpointException.class, () -> of(List.of("a", "b")).integer("k")).getMessage();
        assertEquals("some.gguf: metadata key k: found ARRAY of 2 STRING, expected a whole number", text);
        text = assertThrows(CheckpointException.class, () -> of(5).flag("other")).getMessage();
        assertEquals("some.gguf: metadata key other: is missing", text);
        assertThrows(CheckpointException.class, () -> of(1.5f).integer("k"));
        assertThrows(CheckpointException.class, () -> of(true).real("k"));
        assertThrows(CheckpointException.class, () -> of(GgufValue.of(GgufKind.UINT64, -1L)).integer("k"));
        assertThrows(CheckpointException.class, () -> of(new long[] {1L << 40}).integers("k"));
    }
}
