package glia.io.safetensors;

import static glia.io.safetensors.SafetensorsBytes.entry;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.Fixtures;
import glia.io.Mutations;
import glia.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Randomly damaged files are refused, or read consistently with their bytes.
class SafetensorsMutationTest {
    private static final long MAX_ALLOCATED_BYTES = 2 << 20;
    private static final Pattern NUMBER = Pattern.compile("-?\\d+");
    private static final Pattern ENTRY = Pattern.compile("\"[a-z_]+\":\\{[^{}]*}");
    private static final JsonMapper JSON = new JsonMapper();
    private static final AtomicInteger NUM_READ = new AtomicInteger();
    private static Path folder;

    @BeforeContainer
    static void makeFolder() throws IOException {
        // Allocations of class loading are not counted below.
        SafetensorsCheckpoint.open(Fixtures.path("types.safetensors")).close();
        folder = Files.createTempDirectory("glia-safetensors");
    }

    @AfterContainer
    static void removeFolder() throws IOException {
        Files.delete(folder);
        assertTrue(NUM_READ.get() > 50, "only " + NUM_READ + " files were read; the damage leaves nothing to check");
    }

    private static String valid() {
        return "{\"__metadata__\":{\"format\":\"pt\"}," + entry("a", "F32", "[2,3]", 0, 24) + ","
                + entry("b", "BF16", "[5]", 24, 34) + "," + entry("c", "F8_E4M3", "[3,0]", 34, 34) + ","
                + entry("d", "I64", "[]", 34, 42) + "}  ";
    }

    /// Replaces a number, or duplicates, moves or removes an entry.
    private static String damage(Random random, String header) {
        Pattern pattern = random.nextInt(3) == 0 ? ENTRY : NUMBER;
        List<MatchResult> places = pattern.matcher(header).results().toList();
        if (places.isEmpty()) {
            return header;
        }
        MatchResult place = places.get(random.nextInt(places.size()));
        MatchResult other = places.get(random.nextInt(places.size()));
        String text = switch (random.nextInt(4)) {
            case 0 -> other.group();
            case 1 -> pattern == ENTRY ? place.group() + "," + other.group() : place.group() + random.nextInt(10);
            case 2 -> pattern == ENTRY ? place.group() + "," + place.group().replaceFirst("\"", "\"x")
                    : Long.toString(Mutations.number(random, header.length()));
            default -> pattern == ENTRY ? "" : "[".repeat(random.nextInt(2000)) + place.group();
        };
        return header.substring(0, place.start()) + text + header.substring(place.end());
    }

    @Property(tries = 5000)
    void damagedFilesAreRefusedOrConsistent(@ForAll Random random) throws IOException {
        String header = valid();
        for (int i = random.nextInt(3); i > 0; i--) {
            header = damage(random, header);
        }
        byte[] bytes = SafetensorsBytes.of(header, 42);
        for (int i = random.nextInt(3); i > 0; i--) {
            bytes = Mutations.damage(random, bytes, header.length() + 8, List.of(0, 0, 0, header.length(), 9));
        }
        Path file = Mutations.write(folder, ".safetensors", bytes);
        long before = Mutations.allocatedBytes();
        try (SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.open(file)) {
            assertBounded(before, bytes);
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

    /// Compares with a second parser that checks little.
    private static void checkConsistent(SafetensorsCheckpoint checkpoint, byte[] bytes) throws IOException {
        int length = Math.toIntExact(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong());
        JsonNode header = JSON.readTree(new String(bytes, 8, length, StandardCharsets.UTF_8));
        Set<String> names = new HashSet<>(header.propertyNames());
        names.remove("__metadata__");
        assertEquals(names, checkpoint.names());
        boolean[] taken = new boolean[bytes.length];
        Arrays.fill(taken, 0, 8 + length, true);
        for (String name : names) {
            Tensor tensor = checkpoint.tensor(name);
            JsonNode entry = header.get(name);
            assertEquals(entry.get("dtype").stringValue(), tensor.dtype().name());
            assertEquals(entry.get("shape").toString(), Arrays.toString(tensor.shape()).replace(" ", ""));
            int from = 8 + length + entry.get("data_offsets").get(0).intValue();
            int to = 8 + length + entry.get("data_offsets").get(1).intValue();
            assertArrayEquals(Arrays.copyOfRange(bytes, from, to), Fixtures.bytes(tensor));
            for (int i = from; i < to; i++) {
                assertTrue(!taken[i], name + " overlaps another");
                taken[i] = true;
            }
        }
        for (boolean one : taken) {
            assertTrue(one, "bytes belong to no tensor");
        }
    }
}
