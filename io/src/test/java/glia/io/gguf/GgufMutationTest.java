package glia.io.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.Fixtures;
import glia.io.Mutations;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/// Randomly damaged files are refused, or read consistently with their bytes.
class GgufMutationTest {
    private static final long MAX_ALLOCATED_BYTES = 2 << 20;
    private static final AtomicInteger NUM_READ = new AtomicInteger();
    private static Path folder;

    @BeforeContainer
    static void makeFolder() throws IOException {
        // Allocations of class loading are not counted below.
        GgufCheckpoint.open(Fixtures.path("kinds.gguf")).close();
        folder = Files.createTempDirectory("glia-gguf");
    }

    @AfterContainer
    static void removeFolder() throws IOException {
        Files.delete(folder);
        assertTrue(NUM_READ.get() > 50, "only " + NUM_READ + " files were read; the damage leaves nothing to check");
    }

    private static GgufBytes valid(Random random) {
        GgufBytes file = new GgufBytes(2 + random.nextInt(2), 3, 5).value("general.architecture", "llama")
                .value("n", random.nextInt()).value("tokens", List.of("a", "né", "", "word"))
                .value("scores", new float[] {1, 2, 3}).value("lists", new Object[] {new int[] {1}, new boolean[2]});
        return file.tensor("a.weight", DType.F32, 0, 3, 2).tensor("b.weight", DType.Q8_0, 32, 32, 2, 1)
                .tensor("c.weight", DType.F16, 128);
    }

    @Property(tries = 5000)
    void damagedFilesAreRefusedOrConsistent(@ForAll Random random) throws IOException {
        GgufBytes valid = valid(random);
        byte[] bytes = valid.withData(130);
        for (int i = random.nextInt(6) / 3; i >= 0; i--) {
            bytes = Mutations.damage(random, bytes, valid.size(), valid.fields);
        }
        Path file = Mutations.write(folder, ".gguf", bytes);
        long before = Mutations.allocatedBytes();
        try (GgufCheckpoint checkpoint = GgufCheckpoint.open(file)) {
            assertBounded(before, bytes);
            for (String key : checkpoint.metadata().keys()) {
                checkpoint.metadata().raw(key);
            }
            checkConsistent(checkpoint, bytes);
            NUM_READ.incrementAndGet();
        } catch (CheckpointException e) {
            assertBounded(before, bytes);
            Fixtures.assertSays(e, file.toString());
        } finally {
            Files.delete(file);
        }
    }

    private static void assertBounded(long before, byte[] bytes) {
        long allocated = Mutations.allocatedBytes() - before;
        assertTrue(allocated < MAX_ALLOCATED_BYTES, allocated + " bytes allocated for a file of " + bytes.length);
    }

    /// Compares with a second reader without checks.
    private static void checkConsistent(GgufCheckpoint checkpoint, byte[] bytes) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).position(8);
        long numTensors = in.getLong();
        long numValues = in.getLong();
        long alignment = 32;
        for (long i = 0; i < numValues; i++) {
            String key = string(in);
            int kind = in.getInt();
            int at = in.position();
            skip(in, kind);
            if (key.equals("general.alignment")) {
                alignment = in.getInt(at);
            }
        }
        assertEquals(numTensors, checkpoint.names().size());
        long[][] places = new long[(int) numTensors][];
        String[] names = new String[(int) numTensors];
        for (int i = 0; i < numTensors; i++) {
            names[i] = string(in);
            long[] shape = new long[in.getInt()];
            for (int d = shape.length - 1; d >= 0; d--) {
                shape[d] = in.getLong();
            }
            Tensor tensor = checkpoint.tensor(names[i]);
            assertArrayEquals(shape, tensor.shape());
            assertEquals(in.getInt(), GgufHeader.GgufTypes.number(tensor.dtype()));
            long elements = Arrays.stream(shape).reduce(1, Math::multiplyExact);
            places[i] = new long[] {in.getLong(), tensor.dtype().bytes(elements)};
        }
        long start = (in.position() + alignment - 1) / alignment * alignment;
        for (int i = 0; i < numTensors; i++) {
            int from = Math.toIntExact(start + places[i][0]);
            int to = Math.toIntExact(from + places[i][1]);
            assertTrue(from >= start && to <= bytes.length, names[i]);
            assertArrayEquals(Arrays.copyOfRange(bytes, from, to), Fixtures.bytes(checkpoint.tensor(names[i])));
            for (int j = 0; j < i; j++) {
                boolean apart = places[j][0] + places[j][1] <= places[i][0]
                        || places[i][0] + places[i][1] <= places[j][0];
                assertTrue(apart, names[i] + " overlaps " + names[j]);
            }
        }
    }

    private static String string(ByteBuffer in) {
        byte[] utf8 = new byte[(int) in.getLong()];
        in.get(utf8);
        return new String(utf8, StandardCharsets.UTF_8);
    }

    private static void skip(ByteBuffer in, int kind) {
        switch (kind) {
            case 0, 1, 7 -> in.get();
            case 2, 3 -> in.getShort();
            case 4, 5, 6 -> in.getInt();
            case 10, 11, 12 -> in.getLong();
            case 8 -> string(in);
            case 9 -> {
                int elements = in.getInt();
                for (long n = in.getLong(); n > 0; n--) {
                    skip(in, elements);
                }
            }
            default -> throw new AssertionError("kind " + kind);
        }
    }
}
